"""A compiled model is copied, kept and loaded as one written by hand."""

from __future__ import annotations

import copy
import io
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.tool_cases import agree, every_case, fresh, given, read, written


@every_case
def test_a_copy_computes_the_same_and_has_weights_of_its_own(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected = module(*inputs)
    twin = copy.deepcopy(module)
    agree(twin(*inputs), expected)
    with torch.no_grad():
        for each in twin.parameters():
            each.zero_()
    agree(module(*inputs), expected)
    # What is one weight in the model is one in the copy.
    assert len(list(twin.parameters())) == len(list(module.parameters()))


@every_case
def test_weights_and_models_are_kept(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected = module(*inputs)
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    twin = read(name).compile().eval()
    twin.load_state_dict(torch.load(file, weights_only=True))
    agree(twin(*inputs), expected)
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    agree(torch.load(file, weights_only=False)(*inputs), expected)


def test_a_model_that_was_kept_needs_its_source_and_nothing_else(tmp_path: Path) -> None:
    name = "transformer"
    module = getattr(written(name, tmp_path), "Transformer")().eval()  # noqa: B009  # It is in no stub.
    module.load_state_dict(fresh(name).state_dict())
    inputs = given(name)
    torch.save((module, inputs, module(*inputs)), tmp_path / "model.pt")
    code = """
import sys, torch
module, inputs, expected = torch.load("model.pt", weights_only=False)
torch.testing.assert_close(module(*inputs), expected)
assert not [each for each in sys.modules if each.startswith("archspec")]
"""
    script = tmp_path / "run.py"
    script.write_text(code)
    run = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@every_case
@pytest.mark.parametrize("assign", [False, True])
def test_a_model_is_made_without_memory_and_gets_its_weights_later(name: str, assign: bool) -> None:
    module, inputs = fresh(name), given(name)
    with torch.device("meta"):
        twin = read(name).compile().eval()
    assert all(each.is_meta for each in twin.state_dict().values())
    if not assign:
        twin.to_empty(device="cpu")
    twin.load_state_dict(module.state_dict(), assign=assign)
    agree(twin(*inputs), module(*inputs))
