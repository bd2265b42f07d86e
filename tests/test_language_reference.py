"""The language reference tells the truth: its examples are right, and it leaves nothing of the language out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

import archspec
from archspec.definition import Block, Cell, Declared, Demand, Input
from archspec.expression import COMPARISONS, FUNCTIONS
from archspec.initialiser import INITIALISERS
from archspec.manual import findings
from archspec.parameter import Kind
from archspec.part import Part, Reads
from archspec.render.text import render
from archspec.shape import Element
from archspec.spec import Library, Spec, Variant
from archspec.syntax.tables import GRAMMAR, text_of
from archspec.syntax.tree import NO_OPS, Fields
from docs import language
from tests.test_checks import BLOCK, options_of
from tests.trees import tree_of

ROOT: Final = Path(__file__).parent.parent
TEXT: Final = language.DOCUMENT.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Example:
    """A spec in both syntaxes, and the files that lie beside it."""

    heading: str
    files: tuple[tuple[str, str], ...]
    arch: str
    yaml: str


def examples() -> Iterator[Example]:
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        blocks = [(match["info"], match["body"]) for match in BLOCK.finditer(section)]
        files = tuple((options_of(info)["file"], body) for info, body in blocks if "file=" in info)
        specs = [(info, body) for info, body in blocks if info in ("arch", "yaml")]
        for (first, arch), (second, yaml) in zip(specs[::2], specs[1::2], strict=True):
            assert (first, second) == ("arch", "yaml")
            yield Example(section.partition("\n")[0], files, arch, yaml)


EXAMPLES: Final = list(examples())
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.heading)


def test_it_is_up_to_date() -> None:
    assert language.up_to_date(TEXT) == TEXT, "python docs/language.py --write"


@each_example
@pytest.mark.parametrize("syntax", ["arch", "yaml"])
def test_an_example_is_right(example: Example, syntax: str, tmp_path: Path) -> None:
    for file, body in (*example.files, (f"spec.{syntax}", getattr(example, syntax))):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(body)
    with chdir(tmp_path):
        assert render(archspec.load(f"spec.{syntax}").check()) == ""


@each_example
def test_both_syntaxes_say_the_same(example: Example) -> None:
    yaml = tree_of(example.yaml, "yaml")
    without_version = Fields(tuple(each for each in yaml.entries if each.key.text != "archspec"), yaml.span)
    assert without_version == tree_of(example.arch, "arch")


def test_every_section_has_an_example() -> None:
    sections = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    without = [each for each in sections if each not in {example.heading for example in EXAMPLES}]
    assert without == ["Limits", "The standard library", "The grammar"]


def test_the_contents_are_the_sections() -> None:
    listed = re.findall(r"^\d+\. \[(.*)\]\(#(.*)\)$", TEXT, re.MULTILINE)
    assert [title for title, _ in listed] == re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    assert all(anchor == anchor_of(title) for title, anchor in listed)


def anchor_of(title: str) -> str:
    """What a heading is called in a link, as GitHub does it."""
    return re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")


def test_every_link_leads_somewhere() -> None:
    anchors = {anchor_of(title) for title in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)}
    for target in re.findall(r"\]\((?!http)([^)\s]+)\)", TEXT):
        file, _, anchor = target.partition("#")
        assert (language.DOCUMENT.parent / file).exists()
        assert not anchor or anchor in anchors


def words_of(syntax: str) -> set[str]:
    return {word for example in EXAMPLES for word in re.findall(r"\w+", getattr(example, syntax))}


def test_every_word_of_the_grammar_is_in_an_example() -> None:
    rules = re.sub(r"//.*", "", text_of(GRAMMAR))
    assert set(re.findall(r'"([a-z]+)"', rules)) <= words_of("arch")


def test_every_operator_is_explained() -> None:
    operators = (*COMPARISONS, "+", "-", "*", "/", "//", "%", "**", "->", "...", "_")
    assert [each for each in operators if f"`{each}`" not in TEXT] == []


def test_every_key_of_yaml_is_in_an_example() -> None:
    kinds: tuple[type[Part], ...] = (Spec, Library, Variant, Block, Cell, Input, Declared, Demand)
    keys = {
        name
        for kind in kinds
        for name, field in kind.model_fields.items()
        if any(isinstance(each, Reads) for each in field.metadata)
    }
    found = set(re.findall(r"(?:^|[{,\s-])(\w+):(?=\s)", "\n".join(example.yaml for example in EXAMPLES)))
    assert {*keys, *NO_OPS} - found == set()


@pytest.mark.parametrize(
    "names",
    [tuple(Kind), tuple(Element), tuple(FUNCTIONS), tuple(INITIALISERS)],
    ids=["types", "elements", "functions", "initialisers"],
)
def test_every_name_that_the_language_has_is_explained(names: tuple[str, ...]) -> None:
    assert [name for name in names if f"`{name}`" not in TEXT] == []


def test_every_function_is_in_an_example() -> None:
    assert [name for name in FUNCTIONS if not re.search(rf"\b{name}\(", "".join(each.arch for each in EXAMPLES))] == []


OF_OTHERS: Final = {
    *("build.possible.MOST_AXES", "build.possible.MOST_CASES", "build.limits.MOST_GUESSES"),
    *("passes.expect.MOST_CASES", "expression.LONGEST_IN_MESSAGE", "syntax.tables.LONGEST"),
    *("build.trial.MOST_TRIED", "cures.MOST_FINDINGS", "cures.MOST_TOLD", "cures.MOST_TRIALS", "fixing.MOST_ROUNDS"),
    *("passes.advice.reading.LONGEST", "passes.condition.LONGEST", "passes.condition.MOST_SHOWN"),
    *("passes.condition.MOST_SIZES", "passes.condition.MOST_TRIED", "sight.MOST_PARTS", "syntax.recovery.MOST_LINES"),
    *("syntax.recovery.MOST_READ", "translation.LONGEST_CALL", "watching.MOST_LOOKS"),
    *("drawing.LARGEST", "passes.cost.MOST_PEAKS", "shards.MOST_BROKEN"),
}
"""What bounds messages and what is tried for them, and how much is concluded where something is hidden or open: no
limits of a spec."""


def test_every_limit_is_listed() -> None:
    found = set()
    for path in (ROOT / "archspec").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT / "archspec").with_suffix("").parts)
        if module.partition(".")[0] in ("render", "rewrite", "difference", "summary"):
            continue  # They bound what is shown of a spec.
        for name in re.findall(
            r"^((?:MOST|LARGEST|LONGEST|DEEPEST|HIGHEST)(?:_\w+)?)(?:: Final)? =", path.read_text(), re.M
        ):
            found.add(f"{module}.{name}")
    assert {constant for _, constant, _ in language.LIMITS} == found - OF_OTHERS


def test_every_finding_of_a_limit_exists() -> None:
    codes = {code for _, _, listed in language.LIMITS for code in re.findall(r"A\d+", listed)}
    assert codes
    assert codes <= {kind.code for kind in findings()}


def test_every_block_of_the_library_is_listed() -> None:
    names = re.findall(
        r"^(?:block|cell) (\w+)", "".join(each.read_text() for each in language.STANDARD.glob("*.arch")), re.M
    )
    assert names
    assert [name for name in names if f"#### {name}\n" not in TEXT] == []
