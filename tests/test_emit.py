"""The source that is written: how it reads, and that formatters, linters and type checkers find nothing in it."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

import archspec
from archspec_torch.emit import emit
from archspec_torch.layout import wrapped
from tests.kinds import tagger

ROOT: Final = Path(__file__).parent.parent
SEED: Final = 20250

STRICTLY: Final = (f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={ROOT / '.mypy_cache'}")
"""How mypy looks at our own code, and so more strictly than `--strict` alone. To learn what torch is takes it half a
minute; by these settings it knows, where it has looked at our code before."""


def source(text: str, name: str = "model.arch") -> str:
    return archspec.loads(text, name=name).source()


def documented(doc: str, name: str = "model.yaml") -> archspec.Model:
    """A small model whose documentation is any text at all."""
    escaped = "".join(f"\\U{ord(character):08x}" for character in doc)
    text = f'{{model: Small, doc: "{escaped}", inputs: {{x: [B, 2]}}, layers: [linear: 2]}}'
    return archspec.loads(text, syntax="yaml", name=name)


def test_a_model_reads_as_an_engineer_would_write_it() -> None:
    written = source(
        '''
        """
        Sorts pictures.
        """
        model Sorter(classes = 10) {
            input picture: [B, 3, 8, 8]
            body = {
                conv(4, kernel=3, padding=1) -> relu
            }
            head = {
                flatten
                scores = linear(classes)
            }
        }
        '''
    )
    header, blank, *lines = written.split('"""\n', 1)[1].split("\n")
    assert written.startswith('"""Sorter in PyTorch.\n\nWritten by archspec-nn ')
    assert "\nDepends on torch alone. " in written
    assert (header, blank) == ("", "from collections import OrderedDict")
    assert (
        "\n".join(lines)
        == '''
from torch import Tensor, nn


class Sorter(nn.Module):
    """Sorts pictures.

    Shapes: picture [B, 3, 8, 8] -> [B, classes].
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 4, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Sequential(
            OrderedDict(
                {
                    "0": nn.Flatten(),
                    "scores": nn.Linear(256, classes),
                }
            )
        )

    def reset_parameters(self) -> None:
        """Starts all weights anew, as those of a new model start."""
        for layer in self.modules():
            reset = getattr(layer, "reset_parameters", None)
            if reset is not None and layer is not self:
                reset()

    def forward(self, picture: Tensor) -> Tensor:
        x: Tensor = self.body(picture)  # [B, 4, 8, 8]
        x = self.head(x)  # [B, classes]
        return x
'''
    )


def test_the_same_spec_gives_the_same_source() -> None:
    # In processes with other hashes, too: nothing may depend on the order of a set.
    code = "import archspec; print(archspec.load('specs/alexnet.yaml').source(), end='')"
    written = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert written[0] == written[1] == archspec.load(ROOT / "specs" / "alexnet.yaml").source()


def test_source_says_where_it_comes_from_but_not_on_which_machine() -> None:
    text = "model M { input x: [B, 2]\n relu }"
    assert "from model.arch (sha256 " in source(text, "some/folder/model.arch")
    assert source(text, "some/folder/model.arch") == source(text, "C:\\other\\model.arch")
    assert "folder" not in source(text, "some/folder/model.arch")


# ---------------------------------------------------------------------------------------------------- docstrings

DOCS: Final = [
    "plain",
    "It has \"quotes\" and 'quotes'.",
    '"It starts with one',
    'it ends with one"',
    '"""',
    'ends early """ + __import__("os").abort() + """',
    "''' and \"\"\" and ''''''",
    '\\""" escaped already',
    "a backslash \\",
    "\\",
    '\\"',
    "two \\\\ and four \\\\\\\\",
    "\\alpha and \\nabla, \\x41, \\u0041, \\N{BULLET} and \\N{nothing of that name}",
    '\\N{BULLET} """',
    "x" * 300,
    "many words " * 40,
    "",
    " \n \n",
    "first\n\n    indented\n        more\n\nlast",
    "first\n    all others\n    are indented",
    "ends with a colon:\n",
    "naïve Größe 大きさ 🙂",
    "\u202e right to left \u2066 and \u200b nothing",
    "a\x00b\x07c\x1bd\x7fe",
    "a\rb\x0bc\x0cd\x1ce\x85f\u2028g\u2029h",
    "a\tb",
    "no-break\u00a0space \u3000 and others\n\u00a0first\nlast\u3000",
    "# type: ignore\n# ruff: noqa\n# fmt: off\n# mypy: ignore-errors",
    "{braces} %s {0!r}",
    "class Small:\n    OrderedDict(F.pad)",
    ">>> 1 + 1\n2",
]


@pytest.mark.parametrize("doc", DOCS, ids=range(len(DOCS)))
def test_a_text_of_any_kind_is_the_docstring_and_nothing_else(doc: str) -> None:
    model = documented(doc)
    tree = ast.parse(model.source().encode())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert [type(node) for node in tree.body] == [ast.Expr, ast.ImportFrom, ast.ClassDef]
    expected = "\n".join(line.rstrip() for line in model.graph.doc.split("\n")).strip() or "Small."
    found = ast.get_docstring(classes[0]) or ""
    # Lines that are too long are broken, which changes nothing but blanks, and no other lines are.
    assert found == wrapped(f"{expected}\n\nShapes: x [B, 2] -> [B, 2].", "    ")
    assert found.split() == [*expected.split(), "Shapes:", "x", "[B,", "2]", "->", "[B,", "2]."]
    if all(len(line) <= 84 for line in expected.split("\n")):
        assert found.startswith(f"{expected}\n\n")
    plain = documented("plain").source().encode()
    assert ast.dump(ast.parse(plain).body[-1]).count("Constant") == ast.dump(classes[0]).count("Constant")


@pytest.mark.parametrize("doc", [r"the \alpha of \nabla", r"ends with \ ".strip()])
def test_a_docstring_with_backslashes_reads_as_it_was_written(doc: str) -> None:
    assert f'    r"""{doc}\n' in documented(doc).source()


def test_what_cannot_be_seen_is_written_so_that_it_can() -> None:
    written = documented("\u202e back\x00slash \\").source()
    assert '"""\\u202e back\\x00slash \\\\\n' in written
    assert written.isascii()


NAMES: Final = [
    'a"""b.yaml',
    "a\\",
    '"',
    "line\nbreak\r\n.yaml",
    "\u202eyaml.elif\x1b[31m",
    "\udcff.yaml",
    "",
    '""" + abort() + """',
    "# noqa",
    "\\N{BULLET}",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_name_of_a_file_cannot_break_the_source(name: str) -> None:
    tree = ast.parse(documented("plain", name).source().encode())
    assert [type(node) for node in tree.body] == [ast.Expr, ast.ImportFrom, ast.ClassDef]
    manual = ast.get_docstring(tree) or ""
    assert [len(part.split("\n")) for part in manual.split("\n\n")] == [1, 2]
    shown = " ".join(name.rpartition("\\")[2].split()) or "a text"
    assert f" from {shown} (sha256 " in manual


# ------------------------------------------------------------------------------------- what other tools say of it


def hostile_docs() -> list[str]:
    """Texts made of everything that means something in a docstring."""
    chooser = random.Random(SEED)  # noqa: S311
    pieces = ['"', '"""', "'", "\\", "\n", " ", "    ", "\t", "a", "word", "\u00a0", "\u3000", "\x0c", "大", "#", ":"]
    return ["".join(chooser.choices(pieces, k=chooser.randrange(1, 14))) for _ in range(150)]


def named_layers(lengths: range) -> str:
    """A model whose names have all these lengths, so that lines end at each column around the limit."""
    lines = []
    for length in lengths:
        for letter, layer in zip(
            "abcde", ("relu", "linear(4)", "dropout(0.25)", "elu(alpha=0.123456)", "linear(4, bias=false)"), strict=True
        ):
            lines.append(f"{letter * length} = {layer}")
    return "\n".join(lines)


def nested(depth: int, inner: str) -> str:
    return f"{'g = {' * depth} {inner} {'}' * depth}"


LARGE: Final = 2**62

WIDE: Final = [
    f"model M {{ input x: [B, {LARGE}, 8, 8]\n conv({LARGE}, kernel=[1, 1], stride=[{LARGE}, {LARGE - 1}]) }}",
    f"model M {{ input x: [B, 3, 8, 8, 8]\n adaptive_avgpool([{LARGE}, {LARGE - 1}, {LARGE - 2}]) }}",
    f"model M {{ input x: [B, 3, 8, 8, 8]\n n = {{ adaptive_maxpool([{LARGE}, {LARGE - 1}, {LARGE - 2}]) }} }}",
    f"model M {{ input x: [B, 3, 8, 8, 8]\n conv(4, kernel=1, padding=[[{LARGE}, 1], [{LARGE}, 2], [3, {LARGE}]]) }}",
    'model M { input x: [B, 3, 8]\n conv(4, kernel=3, padding=[[1, 0]], padding_mode="replicate", stride=2) }',
    "model M { input x: [B, 3, 8, 8]\n conv(4, kernel=3, padding=[[1, 0], 2], bias=false) -> conv(3, kernel=1) }",
    "model M { input x: [B, 3, 8]\n local_response_norm(3, alpha=1e22, beta=1e-7, k=123456789.25) }",
    "model M { input x: [B, 3]\n leaky_relu(-1e300) -> elu(1e16) -> softmax(axis=-1) -> gelu(approximate=tanh) }",
]


def models() -> dict[str, str]:
    """Sources of all forms that there are."""
    head = "input x: [B, 4]"
    texts = {f"wide{number}": text for number, text in enumerate(WIDE)}
    for start in range(40, 100, 10):
        lines = named_layers(range(start, start + 10))
        texts[f"flat{start}"] = f"model M {{ {head}\n {lines} }}"
        texts[f"grouped{start}"] = f"model M {{ {head}\n {nested(1, lines)} }}"
        texts[f"deep{start}"] = f"model M {{ {head}\n {nested(start // 10, lines)} }}"
    for length in chain(range(50, 64), range(66, 80), range(94, 96)):
        # `x` is taken, and free; the names of the model and its input reach every column around the limit, too.
        texts[f"input{length}"] = f"model M {{ input {'i' * length}: [B, 4]\n {'f' * max(90 - length, 1)} = relu }}"
        texts[f"model{length}"] = f"model {'M' * length} {{ {head}\n linear(4) }}"
    for depth in (1, 17, 18, 19, 20, 60):
        texts[f"nested{depth}"] = f"model M {{ {head}\n {nested(depth, 'linear(4, bias=false) -> relu')} }}"
    texts["sequence"] = """model M { input x: [B, 5, 4]
        learned_positions(9) -> sinusoidal_positions -> attention(heads=2, causal=true) }"""
    texts["sizes"] = f"model M {{ input x: [{'B' * 40}, 4]\n {named_layers(range(1, 30))} }}"
    texts["words"] = "model nn_ { input nn: [B, 4]\n match = relu\n case = relu\n super = relu\n F = relu }"
    texts["options"] = (
        f"model M(unused_word = tanh, rates = [0.5, 1e16]) {{ {head}\n dropout(rates[0]) -> gelu(unused_word) }}"
    )
    texts["tensor"] = "model M { input print: [B, 4] int\n flatten -> flatten }"
    written = {name: source(text) for name, text in texts.items()}
    for letter in ("大", "x\u0323"):
        # A letter of two columns, and one of one column that is two characters, which YAML alone can hold.
        layers = ", ".join(f"{{linear: 4, name: {letter * length}}}" for length in range(20, 70))
        model = archspec.loads(f"{{model: M, inputs: {{x: [B, 4]}}, layers: [{layers}]}}", syntax="yaml")
        written[f"script{ord(letter[0])}"] = model.source()
    for number, doc in enumerate((*DOCS, *hostile_docs())):
        written[f"doc{number}"] = documented(doc).source()
    for number, name in enumerate(NAMES):
        written[f"file{number}"] = documented("plain", name).source()
    written["cells"] = emit(tagger())
    for file in ("alexnet.arch", "lenet.yaml"):
        written[file.partition(".")[0]] = archspec.load(ROOT / "specs" / file).source()
    return written


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them as files."""
    folder = tmp_path_factory.mktemp("written")
    for name, text in models().items():
        (folder / f"{name}.py").write_bytes(text.encode())
    return folder


def said(tool: str, *arguments: str, folder: Path) -> str:
    """What a tool says of the files in a folder, if it has anything to say."""
    result = subprocess.run(
        [sys.executable, "-m", tool, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return (result.stdout + result.stderr) if result.returncode else ""


def test_a_formatter_finds_nothing_to_change(folder: Path) -> None:
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=folder)


def test_a_linter_finds_nothing(folder: Path) -> None:
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=folder)


def test_a_type_checker_finds_nothing(folder: Path) -> None:
    # The sources of a kind are alike to it, and it takes its time.
    names = [
        "alexnet",
        "lenet",
        "wide0",
        "wide4",
        "wide5",
        "wide6",
        "grouped40",
        "nested17",
        "words",
        "input50",
        "tensor",
        "sequence",
    ]
    files = [f"{name}.py" for name in names]
    assert not said("mypy", *STRICTLY, *files, folder=folder)


def test_the_tools_do_look(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import os\nx = {1 : 2}\ndef f(x): return x\n")
    assert "reformatted" in said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=tmp_path)
    assert "F401" in said("ruff", "check", "--isolated", "--no-cache", ".", folder=tmp_path)
    assert "no-untyped-def" in said("mypy", *STRICTLY, ".", folder=tmp_path)
