"""The manual on the terminal: the list of ops, the page of each, and what programs are given."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal, final

import pytest
from pydantic import Field

from archspec.main import main
from archspec.manual import UnknownTopicError, findings, shipped
from archspec.manual import json as for_programs
from archspec.manual.docstring import Displayed, Paragraph, Points
from archspec.manual.page import Page, page
from archspec.manual.terminal import contents, explained, listing
from archspec.op import Example, Family, Op
from archspec.ops import OPS
from archspec.setting import Count, Flag, OptionalCount
from archspec.shape import Element, Shape
from archspec.size import Size

SHIPPED: Final = shipped()
each_op = pytest.mark.parametrize("op", SHIPPED.values(), ids=lambda op: op.name)


@final
class Fold(Op):
    """Folds a sheet: `y = x[0] + x[1]`.

    Two lines of prose that
    belong together, and:
    - a first point
      over two lines
    - a second point

    Then, displayed:

        z = y
          + 1

    Shapes: `[a, b] -> [b]`, and where there is more of it, a text that is so long that it goes on in the next line of
    the docstring.
    Source: the art of paper; nobody in particular.

    What stands behind the source.
    """

    name = "fold"
    family = Family.RESHAPING
    accepts = frozenset({Element.FLOAT, Element.INT})

    sides: Count = Field(description="how many sides there are")
    width: OptionalCount = Field(None, description="width of the sheet, in positions")
    kind: Literal["valley", "mountain"] = Field("valley", description="which way the fold goes")
    bias: Flag = Field(True, description="whether a trained number is added")

    def infer(self, x: Shape, other: Shape | None = None) -> Shape:
        return x.with_sizes(x[1:])

    def weights(self, x: Shape, other: Shape | None = None) -> Mapping[str, Shape]:
        return {"bias": Shape.of(x[1])} if self.bias else {}

    def macs(self, x: Shape, other: Shape | None = None) -> Size:
        return 12_345

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(sides=2, bias=False), [2, 3]),
            Example.of(cls(sides=2, kind="mountain"), [2, 3], [4]),
            Example.of(cls(sides=2, bias=False), [2, 3]),
        )


FOLD: Final = """\
fold (reshaping)

    fold(sides, width=..., kind=valley, bias=true)

Folds a sheet:

    y = x[0] + x[1]

Two lines of prose that belong together, and:

- a first point over two lines
- a second point

Then, displayed:

    z = y
      + 1

What stands behind the source.

Shapes
  `[a, b] -> [b]`, and where there is more of it, a text
  that is so long that it goes on in the next line of the
  docstring.

Inputs
  x      float or int
  other  float or int (may be left out)

Settings
  sides  how many sides there are
         a whole number of at least 1; required
  width  width of the sheet, in positions
         a whole number of at least 1; may be left out
  kind   which way the fold goes
         `valley` or `mountain`; default `valley`
  bias   whether a trained number is added
         `true` or `false`; default `true`
  `sides` may be given without its name.

Weights of `(x, other) -> fold(2, kind=mountain)` for
`[2, 3]` and `[4]`
  bias  [3]
  3 parameters and 12,345 multiply-adds

Examples
  fold(2, bias=false)
      [2, 3] -> [3]
  (x, other) -> fold(2, kind=mountain)
      [2, 3], [4] -> [3]

Source
  The art of paper; nobody in particular.
"""


# --------------------------------------------------------------------------------------------------------- one op


def test_the_page_of_an_op() -> None:
    assert explained("fold", {"fold": Fold}, width=60) + "\n" == FOLD


def test_the_parts_of_a_docstring() -> None:
    found = page(Fold)
    assert (found.summary, found.equation, found.title) == ("Folds a sheet:", "y = x[0] + x[1]", "Folds a sheet")
    assert found.parts == (
        Paragraph("Two lines of prose that belong together, and:"),
        Points(("a first point over two lines", "a second point")),
        Paragraph("Then, displayed:"),
        Displayed(("z = y", "  + 1")),
        Paragraph("What stands behind the source."),
    )
    assert found.source == "The art of paper; nobody in particular."


@pytest.mark.parametrize(
    ("sentence", "title", "equation"),
    [
        ("The rectifier: `y = max(0, x)`.", "The rectifier", "y = max(0, x)"),
        ("A rectifier: `y = x` where `x > 0`, else 0.", "A rectifier", ""),
        ("A convolution over space.", "A convolution over space", ""),
        ("`y = tanh(x)`.", "`y = tanh(x)`", ""),
        ("The sum, `y = a + b`.", "The sum", ""),
        ("Adds noise. It is drawn anew each time.", "Adds noise", ""),
    ],
)
def test_the_title_is_what_comes_before_the_equation(sentence: str, title: str, equation: str) -> None:
    documented: type[Op] = type("Documented", (Fold,), {"__doc__": sentence})
    found = page(documented)
    assert (found.title, found.equation) == (title, equation)


def test_inputs_say_what_elements_they_may_have() -> None:
    found = {name: {one.name: one.elements for one in page(SHIPPED[name]).inputs} for name in ("embedding", "concat")}
    assert found == {"embedding": {"x": (Element.INT,)}, "concat": {"xs": tuple(Element)}}


def test_a_mask_that_comes_sooner_is_called_so() -> None:
    found = page(SHIPPED["attention"])
    assert {one.name: one.elements for one in found.inputs} == {
        **dict.fromkeys(("query", "key", "value"), (Element.FLOAT,)),
        "mask": (Element.BOOL,),
    }
    masked = [use for use in found.examples if use.inputs[-1].element is Element.BOOL]
    assert {len(use.inputs) for use in masked} == {2, 3, 4}
    assert all(use.names[-1] == "mask" and "mask" not in use.names[:-1] for use in masked)


@each_op
def test_the_page_of_each_op_says_all_that_a_user_needs(op: type[Op]) -> None:
    text = explained(op.name, width=100)
    sections = [line for line in text.splitlines() if line and line[0].isupper() and line.isalpha()]
    assert sections == [
        *["Shapes", *(["Inputs"] if op.examples() else []), *(["Settings"] if op.settings() else [])],
        *[*(["Examples"] if op.examples() else []), "Source"],
    ]
    for setting in page(op).settings:
        assert f"  {setting.name} " in text


@each_op
@pytest.mark.parametrize("width", [60, 100])
def test_lines_are_as_long_as_the_terminal_is_wide(op: type[Op], width: int) -> None:
    # What cannot be divided may be longer: a word, and what is displayed.
    displayed = {f"    {line}" for part in page(op).parts if isinstance(part, Displayed) for line in part.lines}
    displayed.add(f"    {page(op).equation}")
    for line in explained(op.name, width=width).splitlines():
        assert len(line) <= width or line in displayed or len(line.split()) <= 2, line


# ------------------------------------------------------------------------------------------- how ops are written about


@each_op
def test_a_title_is_short_and_starts_like_a_sentence(op: type[Op]) -> None:
    found = page(op)
    assert 0 < len(found.title) <= 110
    assert found.title[0].isupper() or found.title[0] == "`"
    assert found.summary.endswith((".", ":"))
    assert found.shapes
    assert found.source.endswith(".")


@each_op
def test_descriptions_of_settings_are_no_sentences(op: type[Op]) -> None:
    for setting in page(op).settings:
        assert not setting.description.endswith("."), setting
        assert not re.match(r"[A-Z][a-z]", setting.description), setting


# ------------------------------------------------------------------------------------------------------- all ops


def test_all_ops_are_listed_by_family() -> None:
    lines = listing(SHIPPED).splitlines()
    families = [line for line in lines if re.fullmatch("[a-z]+", line)]
    assert families == [family for family in Family if any(op.family is family for op in SHIPPED.values())]
    assert {line.split()[0] for line in lines if re.match("  [a-z]", line)} == {*OPS, "scan"}


@pytest.mark.parametrize("width", [80, 100])
def test_a_list_is_aligned_and_not_too_wide(width: int) -> None:
    lines = [line for line in listing(SHIPPED, width=width).splitlines() if line.startswith("  ")]
    assert max(map(len, lines)) <= width
    room = max(map(len, SHIPPED)) + 4
    assert all(line[room - 2 : room] == "  " and line[room] != " " for line in lines)


def test_one_family_is_listed_alone() -> None:
    text = listing(SHIPPED, "Pooling")
    assert text.startswith("pooling\n  maxpool ")
    assert "conv" not in text.partition("\n\n")[0]


@pytest.mark.parametrize(
    ("family", "cure"),
    [
        ("norm", "did you mean `normalisation`?"),
        ("normalization", "did you mean `normalisation`?"),
        ("zzz", "there are `convolution`, `pooling`"),
    ],
)
def test_an_unknown_family_is_told_with_a_cure(family: str, cure: str) -> None:
    with pytest.raises(UnknownTopicError, match=f"no family of ops called `{family}`") as raised:
        listing(SHIPPED, family)
    assert cure in str(raised.value)


def test_ops_of_a_package_are_listed_and_explained_beside_ours() -> None:
    ops: Mapping[str, type[Op]] = {**OPS, "fold": Fold}
    assert re.search(r"^  fold +Folds a sheet$", listing(ops, "reshaping"), re.MULTILINE)
    assert explained("fold", ops).startswith("fold (reshaping)")
    assert "fold" in contents(ops)
    assert any(each["name"] == "fold" for each in json.loads(for_programs.listing(ops)))


def test_contents_have_every_op_and_every_finding() -> None:
    text = contents(width=100)
    assert [name for name in SHIPPED if not re.search(rf"\b{name}\b", text)] == []
    assert [kind.code for kind in findings() if kind.code not in text] == []
    assert max(map(len, text.splitlines())) <= 100


@final
class Bare(Op):
    name = "bare"
    family = Family.LINEAR

    size: int = 3

    def infer(self, x: Shape) -> Shape:
        return x

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


def test_an_op_of_which_little_is_said_has_a_page_too() -> None:
    ops: Mapping[str, type[Op]] = {"bare": Bare}
    assert explained("bare", ops).split("\n") == [
        *("bare (linear)", "", "    bare(size=3)", "", "Settings", "  size", "        default `3`"),
        *("  `size` may be given without its name.",),
    ]
    assert listing(ops).startswith("linear\n  bare\n")
    assert json.loads(for_programs.listing(ops))[0]["settings"][0]["accepts"] == ""


# --------------------------------------------------------------------------------------------------- for programs


def test_programs_are_given_all_of_an_op() -> None:
    (found,) = json.loads(for_programs.listing({"fold": Fold}))
    assert found.pop("settings")[:3] == [
        {
            "name": "sides",
            "accepts": "a whole number of at least 1",
            "words": [],
            "required": True,
            "default": None,
            "description": "how many sides there are",
        },
        {
            "name": "width",
            "accepts": "a whole number of at least 1",
            "words": [],
            "required": False,
            "default": None,
            "description": "width of the sheet, in positions",
        },
        {
            "name": "kind",
            "accepts": "`valley` or `mountain`",
            "words": ["valley", "mountain"],
            "required": False,
            "default": "valley",
            "description": "which way the fold goes",
        },
    ]
    assert found.pop("examples")[1] == {
        "spec": "(x, other) -> fold(2, kind=mountain)",
        "inputs": ["[2, 3]", "[4]"],
        "outputs": ["[3]"],
        "weights": {"bias": "[3]"},
        "buffers": {},
        "macs": 12_345,
    }
    assert found.pop("doc").startswith("Folds a sheet: `y = x[0] + x[1]`.\n\nTwo lines of prose that\nbelong together")
    assert found == {
        "name": "fold",
        "family": "reshaping",
        "title": "Folds a sheet",
        "use": "fold(sides, width=..., kind=valley, bias=true)",
        "equation": "y = x[0] + x[1]",
        "shapes": [" ".join(page(Fold).shapes)],
        "inputs": [
            {"name": "x", "elements": ["float", "int"], "optional": False, "repeats": False},
            {"name": "other", "elements": ["float", "int"], "optional": True, "repeats": False},
        ],
        "least_inputs": 1,
        "most_inputs": 2,
        "without_names": ["sides"],
        "source": "The art of paper; nobody in particular.",
    }


def test_programs_are_given_every_op() -> None:
    found: list[dict[str, Any]] = json.loads(for_programs.listing(SHIPPED))
    assert {each["name"] for each in found} == set(SHIPPED)
    for each in found:
        assert {one["name"] for one in each["settings"]} == set(SHIPPED[each["name"]].settings())


# ------------------------------------------------------------------------------------------------------- commands


def test_the_command_lists_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "linear"]) == 0
    assert capsys.readouterr().out.startswith("linear\n  linear ")


def test_the_command_gives_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "--format", "json", "convolution"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"conv", "conv_transpose"} <= {each["name"] for each in found}
    assert {each["family"] for each in found} == {"convolution"}


def test_the_command_tells_of_an_unknown_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "poolin"]) == 2
    assert "did you mean `pooling`?" in capsys.readouterr().err


@pytest.mark.parametrize(("columns", "most"), [("64", 64), ("300", 100), ("5", 40)])
def test_pages_are_as_wide_as_the_terminal_within_bounds(
    columns: str, most: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["explain", "dropout"]) == 0
    widest = max(map(len, capsys.readouterr().out.splitlines()))
    assert most - 12 <= widest <= most


@pytest.mark.parametrize("topic", ["pooling", "scan", "conv"])
def test_explain_knows_ops_and_families(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", topic]) == 0
    assert capsys.readouterr().out.startswith(topic)


@pytest.mark.parametrize(("topic", "meant"), [("Conv", "conv"), ("poling", "pooling"), ("unknown_op", "unknown-op")])
def test_explain_of_an_unknown_topic_names_the_one_meant(
    topic: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", topic]) == 2
    assert f"did you mean `{meant}`?" in capsys.readouterr().err


def test_a_page_is_made_of_its_op_alone() -> None:
    assert isinstance(page(Fold), Page)
    assert page(Fold) == page(Fold)
