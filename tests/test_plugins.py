"""What others add: an installed package with an op, its lowering and a library of blocks, and a file with an op."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Final

import pytest
import torch

import archspec
from archspec import Family, Op, Shape
from archspec.main import main
from archspec.plugins import OPS_GROUP, PluginError, _Installed, _op, ops_in
from archspec_maxout.ops import Maxout
from archspec_torch.sources import offer, supports
from tests.laws import obeys_all_laws

ROOT: Final = Path(__file__).parents[1]
PLUGIN: Final = ROOT / "tests" / "plugin"
GUIDE: Final = ROOT / "docs" / "extending.md"

NET: Final = """\
use maxout.units

model Net {
    input x: [B, 8]

    first = maxout(6, pieces=3)
    MaxoutUnit(5, rate=0.0)
    y = 2 * maxout(_, features=4)
    y -> linear(3)
}
"""

SNAKE: Final = '''\
"""An activation of our own."""

from typing import final

from pydantic import Field

from archspec import Example, Family, Op, Shape
from archspec.setting import PositiveNumber
from archspec_torch.call import Call, Given, Operation
from archspec_torch.inline import Inline
from archspec_torch.lower import lower


@final
class Snake(Op):
    """Adds a wave to its input: `y = x + sin(frequency * x)^2 / frequency`.

    Shapes: `[...] -> [...]`.
    Source: Ziyin, Hartwig and Ueda, "Neural networks fail to learn periodic functions", 2020.
    """

    name = "snake"
    family = Family.ACTIVATION

    frequency: PositiveNumber = Field(1.0, description="of the wave, in radians for each unit of the input")

    def infer(self, x: Shape) -> Shape:
        return x

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(frequency=2.0), [2, 8]),)


@lower.register
def _(op: Snake, x: Shape) -> Inline:
    wave = Call.of("torch.sin", Operation("*", (op.frequency, Given(0))))
    square = Operation("**", (wave, 2))
    return Inline(Operation("+", (Given(0), Operation("/", (square, op.frequency)))))
'''

USES_SNAKE: Final = """\
model Waves {
    input x: [B, 8]

    linear(4) -> snake(frequency=3.0)
}
"""


@pytest.fixture
def snake(tmp_path: Path) -> Path:
    path = tmp_path / "my_ops.py"
    path.write_text(SNAKE)
    (tmp_path / "waves.arch").write_text(USES_SNAKE)
    return path


# ------------------------------------------------------------------------------------------------- an installed package


@pytest.mark.parametrize("example", Maxout.examples(), ids=lambda example: str(example.op))
def test_the_op_of_a_package_obeys_the_laws_of_ours(example: archspec.Example) -> None:
    obeys_all_laws(example.op, *example.inputs)


def test_a_spec_uses_the_op_and_the_blocks_of_a_package() -> None:
    model = archspec.loads(NET)
    assert not list(model.check(ignore=["A4"]))
    assert {node.op.name for node in model.graph.nodes} == {"maxout", "dropout", "arithmetic", "linear"}
    assert model.graph.parameters == (8 + 1) * 18 + (6 + 1) * 10 + (5 + 1) * 8 + (4 + 1) * 3
    module = model.compile()
    x = torch.randn(7, 8)
    weights = module.state_dict()
    found = (x @ weights["first.linear.weight"].T + weights["first.linear.bias"]).reshape(7, 6, 3).amax(2)
    torch.testing.assert_close(module.first(x), found)
    assert module(x).shape == (7, 3)


def test_its_module_is_written_out_with_the_model_which_then_needs_the_package_no_more() -> None:
    source = archspec.loads(NET).source()
    assert source.count("class Maxout(nn.Module):") == 1
    assert "archspec_maxout" not in source


def test_a_package_is_drawn_and_summed_up_like_all_else(tmp_path: Path) -> None:
    model = archspec.loads(NET)
    model.draw(tmp_path / "net.svg")
    assert "maxout" in (tmp_path / "net.svg").read_text()
    assert "maxout(6, pieces=3)" in str(model.summary())


def test_words_that_are_nearly_its_own_are_understood() -> None:
    text = NET.replace("first = maxout(", "first = maxuot(").replace("use maxout.units", "use maxout.unit")
    found = {each.code: each.help() for each in archspec.loads(text).check()}
    assert found["A032"] == "did you mean `maxout.units`?"
    (finding,) = archspec.loads("model M { input x: [B, 8]\n maxuot(3) }").check()
    assert finding.help() == "did you mean `maxout`?"


def test_mistakes_in_its_settings_are_found_like_in_ours() -> None:
    (finding,) = archspec.loads("model M { input x: [B, 8]\n maxout(3, piece=2) }").check()
    assert (finding.code, finding.help()) == ("A105", "did you mean `pieces`?")


def test_a_spec_may_have_a_block_of_its_name() -> None:
    text = "block maxout(n) { linear(n) }\nmodel M { input x: [B, 8]\n maxout(3) }"
    assert [node.op.name for node in archspec.loads(text).graph.nodes] == ["linear"]
    text = "model M { input x: [B, 8]\n maxout = linear(8)\n maxout -> relu -> maxout }"
    assert [node.op.name for node in archspec.loads(text).graph.nodes] == ["linear", "relu", "linear"]


def test_what_is_not_used_is_not_imported() -> None:
    specs = ("specs/alexnet.yaml", "specs/vision/resnet.arch")
    script = (
        f"import archspec, sys\nfor each in {specs!r}:\n    assert not list(archspec.load(each).check())\n"
        "assert 'archspec_maxout' not in sys.modules\n"
        f"archspec.loads({NET!r}).check()\nassert 'archspec_maxout.ops' in sys.modules\n"
        "assert 'archspec_maxout.pytorch' not in sys.modules\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def offered(value: str, name: str = "maxout") -> EntryPoint:
    return EntryPoint(name, value, OPS_GROUP)


@pytest.mark.parametrize(
    ("value", "name", "problem"),
    [
        ("archspec_maxout.gone:Maxout", "maxout", "cannot be loaded: ModuleNotFoundError"),
        ("archspec_maxout.ops:Gone", "maxout", "cannot be loaded: AttributeError"),
        ("archspec_maxout.ops:Shape", "maxout", "is no subclass of `archspec.Op`"),
        ("archspec_maxout.ops:Maxout", "minout", "calls itself `maxout`, and not `minout` as its entry point does"),
        ("archspec.op:Op", "op", "has no `name`"),
    ],
)
def test_a_package_with_a_mistake_is_named(value: str, name: str, problem: str) -> None:
    with pytest.raises(PluginError, match=re.escape(problem)) as error:
        _op(offered(value, name))
    assert value in str(error.value)


def test_two_packages_with_the_same_op_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = (offered("one.ops:Maxout"), offered("two.ops:Maxout"))
    monkeypatch.setattr("archspec.plugins._entries", lambda group: entries)
    with pytest.raises(PluginError, match=r"`one.ops:Maxout` and `two.ops:Maxout` offer a `maxout` each"):
        _Installed(OPS_GROUP, _op)["maxout"]


def test_a_module_that_has_the_name_of_another_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec_torch.sources._OFFERED", [])
    path = tmp_path / "modules.py"
    path.write_text("class Attention:\n    pass\n")
    try:
        offer(path)
        with pytest.raises(PluginError, match="has a `Attention`, as another file has"):
            supports()
    finally:
        monkeypatch.undo()
        supports.cache_clear()


# -------------------------------------------------------------------------------------------------- a file of our own


@pytest.mark.parametrize("command", ["check", "summary", "compile", "draw"])
def test_every_command_takes_a_file_with_ops(command: str, snake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(snake.with_name("waves.arch"))
    output = ["-o", str(snake.with_name("waves.svg"))] if command == "draw" else []
    assert main([command, spec, *output]) == 1
    assert main([command, spec, "--plugin", str(snake), *output]) == 0
    printed = capsys.readouterr()
    assert "nothing is called `snake`" in printed.out + printed.err or "`snake`" in printed.out + printed.err
    if command == "compile":
        assert "x = x + torch.sin(3.0 * x) ** 2 / 3.0  # [B, 4]" in printed.out


def test_ops_are_given_in_python_too(snake: Path) -> None:
    ops = ops_in(snake).values()
    module = archspec.load(snake.with_name("waves.arch"), ops=ops).compile()
    x = torch.randn(5, 8)
    y = module.linear1(x)
    torch.testing.assert_close(module(x), y + torch.sin(3 * y) ** 2 / 3)
    assert archspec.loads(USES_SNAKE, ops=ops).check().is_clean
    assert not archspec.loads(USES_SNAKE).check().is_clean


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "does not exist"),
        ("x = 1\n", "has no op: a class that inherits from `archspec.Op`"),
        ("import archspec\nx = 1 +\n", "line 2: SyntaxError: invalid syntax"),
        ("import archspec\n\nx = gone\n", "line 3: NameError: name 'gone' is not defined"),
        (SNAKE.replace('"snake"', '"relu"'), "calls itself `relu`, as an op does that is shipped"),
        (SNAKE.replace('"snake"', '"a snake"'), "calls itself `a snake`, which no spec can write"),
        (SNAKE.replace('    name = "snake"\n', ""), "has no `name`"),
    ],
)
def test_a_file_with_a_mistake_is_told_of_in_one_line(
    text: str | None, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my_ops.py"
    if text is not None:
        path.write_text(text)
    (tmp_path / "waves.arch").write_text(USES_SNAKE)
    assert main(["check", str(tmp_path / "waves.arch"), "--plugin", str(path)]) == 2
    printed = capsys.readouterr().err
    assert problem in printed
    assert printed.count("\n") == 1
    assert str(path) in printed


def test_two_files_with_the_same_op_are_told_of(snake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = snake.with_name("their_ops.py")
    other.write_text(SNAKE)
    status = main(["check", str(snake.with_name("waves.arch")), "--plugin", str(snake), "--plugin", str(other)])
    assert status == 2
    assert f"`{other}` has an op `snake`, as another plugin has" in capsys.readouterr().err


def test_a_spec_cannot_name_a_file_of_python(snake: Path) -> None:
    spec = snake.with_name("waves.arch")
    marker = snake.with_name("was-run")
    snake.write_text(f"open({str(marker)!r}, 'w').close()\n{SNAKE}")
    for line in ('use "my_ops.py"', "use my_ops", "use archspec_maxout.ops"):
        spec.write_text(f"{line}\n{USES_SNAKE}")
        codes = {each.code for each in archspec.load(spec).check()}
        assert "A030" in codes, line
    assert not marker.exists()


def test_an_op_that_is_abstract_is_none() -> None:
    class Half(Op):
        name = "half"
        family = Family.LINEAR

        def infer(self, x: Shape) -> Shape:
            return x

    with pytest.raises(PluginError, match="`Half` lacks `examples`"):
        archspec.loads(USES_SNAKE, ops=[Half])  # type: ignore[type-abstract]  # That is what is wrong with it.


# ------------------------------------------------------------------------------------------------------------ the guide


def blocks(language: str) -> Iterator[str]:
    for found in re.finditer(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL):
        yield found[1]


def test_the_guide_shows_the_package_as_it_is() -> None:
    shown = set(blocks("python")) | set(blocks("toml")) | set(blocks("arch"))
    names = ("pyproject.toml", "archspec_maxout/ops.py", "archspec_maxout/pytorch.py", "archspec_maxout/modules.py")
    for name in (*names, "archspec_maxout/blocks/units.arch"):
        assert (PLUGIN / name).read_text() in shown, name
    assert SNAKE in shown


def test_the_specs_in_the_guide_are_right(snake: Path) -> None:
    specs = [each for each in blocks("arch") if "model " in each]
    assert specs
    for each in specs:
        assert not list(archspec.loads(each, ops=ops_in(snake).values()).check()), each


def test_findings_of_specs_with_plugins_are_written_as_json_too(
    snake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = snake.with_name("waves.arch")
    spec.write_text(USES_SNAKE.replace("frequency", "frequenci"))
    assert main(["check", str(spec), "--plugin", str(snake), "--format", "json"]) == 1
    assert [each["code"] for each in json.loads(capsys.readouterr().out)] == ["A105"]


def test_the_manual_has_them_too(snake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "maxout"]) == 0
    assert "Goodfellow" in capsys.readouterr().out
    assert main(["explain", "snake"]) == 2
    assert main(["explain", "snake", "--plugin", str(snake)]) == 0
    assert "Ziyin" in capsys.readouterr().out
    assert main(["ops", "--plugin", str(snake)]) == 0
    listed = capsys.readouterr().out
    assert "  maxout " in listed
    assert "  snake " in listed
