"""The manual of the findings in `docs/findings`, and the ten mistakes: up to date, complete, and with no dead link."""

from __future__ import annotations

import re
from typing import Final

import pytest

from archspec import Diagnostic
from archspec.explanation import CODE, explanation
from archspec.manual import findings
from archspec.manual.terminal import explained
from docs import explanations as reference
from tests.test_checks import ERRORS

FINDINGS: Final = findings()
each_kind = pytest.mark.parametrize("kind", FINDINGS, ids=lambda kind: f"{kind.code} {kind.name}")


def page(kind: type[Diagnostic]) -> str:
    return (reference.FOLDER / f"{kind.code}.md").read_text(encoding="utf-8")


def test_it_is_up_to_date() -> None:
    assert reference.PAGES.outdated() == [], f"run `{reference.PAGES.command}`"


def test_it_is_the_same_each_time_it_is_written() -> None:
    assert reference.documents() == reference.documents()


@each_kind
def test_what_is_printed_of_a_wrong_example_is_this_finding_alone(kind: type[Diagnostic]) -> None:
    printed = [body for info, body in CODE.findall(page(kind)) if info == "console"]
    assert [set(re.findall(r"^\w+\[(\w+)\]: ", body, re.MULTILINE)) for body in printed] == [{kind.code}] * len(printed)
    assert len(printed) >= len(CODE.findall(explanation(kind).wrong))


def test_nearly_all_pages_show_what_is_printed() -> None:
    # What is left out needs a file of megabytes, one that is no text, or a fault of another program.
    silent = [kind.code for kind in FINDINGS if "```console" not in page(kind)]
    assert len(silent) <= 10, silent


@each_kind
def test_the_index_has_it_under_its_hundred(kind: type[Diagnostic]) -> None:
    text = (reference.FOLDER / reference.INDEX).read_text(encoding="utf-8")
    _, _, section = text.partition(f"\n## {kind.code[:2]}xx: ")
    section, _, _ = section.partition("\n## ")
    assert f"| [{kind.code}]({kind.code}.md) | `{kind.name}` | {kind.severity} |" in section


def test_every_link_leads_somewhere() -> None:
    for path in (*reference.FOLDER.glob("*.md"), ERRORS):
        links = re.findall(r"\]\((?!http)([^)\s#]+)\)", CODE.sub("", path.read_text(encoding="utf-8")))
        assert links
        assert [link for link in links if not (path.parent / link).exists()] == []


@each_kind
@pytest.mark.parametrize("width", [60, 100])
def test_on_a_terminal_lines_are_as_long_as_it_is_wide(kind: type[Diagnostic], width: int) -> None:
    text = explained(kind.code, width=width)
    assert text.startswith(f"{kind.code}: {kind.name}\n\n")
    for line in text.splitlines():
        # Examples are not divided, and neither are words.
        assert len(line) <= width or line.startswith("    ") or " " not in re.sub("`[^`]*`", "", line).strip(), line
    said = explanation(kind).whole
    assert re.sub(r"\s", "", re.sub(r"^```.*$", "", said, flags=re.MULTILINE)) == re.sub(
        r"\s", "", text.partition("\n")[2]
    )


def test_there_are_ten_mistakes_each_with_what_others_say() -> None:
    _, *sections = re.split(r"^## ", ERRORS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(sections) == 10
    others = r"SkriptND|MAX|jaxtyping|Keras|torch|ONNX|YOLO|neural-dsl|BertConfig"
    for section in sections:
        blocks = list(CODE.finditer(section))
        assert [block["info"] for block in blocks] in (["arch", "text"], ["yaml", "text"])
        assert re.search(others, section[blocks[-1].end() :])
