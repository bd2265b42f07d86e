"""Files of weights on the command line, without torch, and in other forms."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import archspec
from archspec.main import main
from tests import stored
from tests.small_net import NET, net
from tests.stored import sharded, tensors_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.arch").write_text(NET.replace("RENAMES", ""))
    stored.write(tmp_path / "right.safetensors", tensors_of(net()))
    stored.write(tmp_path / "wrong.safetensors", tensors_of(net(width=6)))
    return tmp_path


def test_source_is_written_where_the_weights_fit_and_not_where_they_do_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compile", str(folder / "net.arch"), "-o", str(folder / "net.py"), "--weights"]
    assert main([*arguments, str(folder / "wrong.safetensors")]) == 1
    assert "error[A506]" in capsys.readouterr().err
    assert not (folder / "net.py").exists()
    assert main([*arguments, str(folder / "right.safetensors")]) == 0
    assert capsys.readouterr().err == ""
    assert main([*arguments, str(folder / "wrong.safetensors"), "--set", "width=6"]) == 0


def test_a_check_compares_with_a_file_of_weights(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", str(folder / "net.arch"), "--format", "json", "--weights"]
    assert main([*arguments, str(folder / "right.safetensors")]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main([*arguments, str(folder / "wrong.safetensors")]) == 1
    assert {each["code"] for each in json.loads(capsys.readouterr().out)} == {"A506"}


def test_both_take_an_index_or_its_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = folder / "inner"
    inner.mkdir()
    names = list(tensors_of(net()))
    path = sharded(inner, tensors_of(net()), {name: f"{number % 2}.safetensors" for number, name in enumerate(names)})
    for weights in (path, inner):
        for command in (["check"], ["compile", "-o", str(folder / "net.py")]):
            assert main([*command, str(folder / "net.arch"), "--weights", str(weights)]) == 0
    (inner / "1.safetensors").unlink()
    capsys.readouterr()
    assert main(["compile", "-o", str(folder / "net.py"), str(folder / "net.arch"), "--weights", str(inner)]) == 1
    assert "error[A511]: `1.safetensors` is missing" in capsys.readouterr().err


def test_neither_needs_torch(folder: Path) -> None:
    from tests.test_laziness import command, imported

    packages = imported(command("check", str(folder / "net.arch"), "--weights", str(folder / "right.safetensors")))
    assert not packages & {"torch", "safetensors", "numpy"}
    out = str(folder / "net.py")
    code = command("compile", str(folder / "net.arch"), "-o", out, "--weights", str(folder / "right.safetensors"))
    assert not imported(code) & {"torch", "safetensors", "numpy"}


def test_without_the_library_loading_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.backend import MissingLibraryError

    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingLibraryError, match=re.escape("pip install 'archspec-nn[torch]'")):
        archspec.load(folder / "net.arch").load_weights(folder / "right.safetensors")


def test_a_model_of_onnx_has_the_weights_of_the_file(folder: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(1)
    module = net().compile().eval()
    module.norm.running_mean.normal_()
    save_file(module.state_dict(), folder / "net.safetensors")
    arguments = ["compile", str(folder / "net.arch"), "-o", str(folder / "net.onnx")]
    assert main([*arguments, "--weights", str(folder / "net.safetensors")]) == 0
    session = onnxruntime.InferenceSession((folder / "net.onnx").read_bytes())
    numbers = torch.randn(5, 4)
    (found,) = session.run(None, {"x": numbers.numpy()})
    assert torch.allclose(torch.from_numpy(found), module(numbers), atol=1e-5)
    first = (folder / "net.onnx").read_bytes()
    assert main(arguments) == 0
    assert (folder / "net.onnx").read_bytes() != first
