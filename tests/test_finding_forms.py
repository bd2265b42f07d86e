"""Findings for programs that are not ours: SARIF, the commands of GitHub Actions, and one finding a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

import archspec
from archspec import Diagnostic, Related, Report, Severity, Source
from archspec.explanation import explanation
from archspec.findings import CATALOG
from archspec.render import concise, github, sarif
from archspec.render import json as json_form
from tests.test_checks import CHECKS, Check
from tests.test_render import Hint, Note, report, span

SCHEMA: Final = json.loads((Path(__file__).with_name("sarif.schema.json")).read_text())
VALIDATOR: Final = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
"""What we write of SARIF, which is less than it has: the schema of OASIS itself is in `Log`."""

EVIL: Final = "100 %\r\na: b, ::error file=x::y"
"""What would end a command, or begin another, if it stood there as it is."""


class Warned(Note):
    """The same as a warning."""

    code = "X003"
    name = "warned"
    severity = Severity.WARNING


def in_documents() -> Iterator[Check]:
    """The specs of the documents that need nothing beside them."""
    for check in CHECKS:
        if check.info in ("arch", "yaml") and not check.files and len(check.body) < 5_000:
            yield check


def found_in(check: Check) -> Report:
    return archspec.loads(check.body, syntax=check.info, name=f"spec.{check.info}").check()


def run_of(findings: Report) -> dict[str, Any]:
    text = sarif.render(findings)
    Log.model_validate_json(text, strict=True)
    log = json.loads(text)
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


# ---------------------------------------------------------------------------------------------------------------- SARIF


def test_the_schema_refuses_what_is_wrong() -> None:
    log = json.loads(sarif.render(report(Note(span("here", "here")))))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not VALIDATOR.is_valid(log)
    VALIDATOR.check_schema(SCHEMA)
    with pytest.raises(ValidationError, match="startLine"):
        Log.model_validate_json(json.dumps(log), strict=True)


def test_a_run_that_finds_nothing_says_that_it_ran() -> None:
    run = run_of(Report())
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]
    assert run["tool"]["driver"]["name"] == "archspec"


def test_sarif_and_json_tell_the_same_of_every_spec_of_the_documents() -> None:
    for check in in_documents():
        findings = found_in(check)
        run, others = run_of(findings), json.loads(json_form.render(findings))
        rules = run["tool"]["driver"]["rules"]
        for result, other in zip(run["results"], others, strict=True):
            # A file without text has no region, and begins where it ends.
            region = result["locations"][0]["physicalLocation"].get("region", {})
            names = ("startLine", "startColumn", "endLine", "endColumn")
            place = [other[name] for name in ("line", "column", "end_line", "end_column")]
            assert [region.get(name, 1) for name in names] == place
            assert result["ruleId"] == rules[result["ruleIndex"]]["id"] == other["code"]
            assert result["message"]["text"].startswith(other["message"])
            assert other["help"] in result["message"]["text"]
            related = [each["message"]["text"] for each in result.get("relatedLocations", []) if "message" in each]
            assert related == [each["message"] for each in other["related"] if each["message"]]


def test_levels_are_those_of_the_severities() -> None:
    source = Source("a", "abc")
    places = [source.span(number, number + 1) for number in range(3)]
    run = run_of(report(Note(places[0]), Warned(places[1]), Hint(places[2])))
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note"]


def test_columns_are_characters_as_the_run_declares() -> None:
    run = run_of(report(Note(span("\U0001f600 here", "here"))))
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startColumn"] == 3


def test_a_file_that_cannot_be_read_has_a_place_without_lines() -> None:
    run = run_of(report(Note(Source("a folder/größe #1.arch", "").whole())))
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a%20folder/gr%C3%B6%C3%9Fe%20%231.arch"}}


def test_files_with_absolute_names_have_absolute_addresses(tmp_path: Path) -> None:
    run = run_of(report(Note(Source(str(tmp_path / "a b.arch"), "").whole())))
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"file:///.*/a%20b\.arch", uri)


@pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: f"{kind.code} {kind.name}")
def test_a_kind_is_described_by_its_manual(kind: type[Diagnostic]) -> None:
    said = explanation(kind)
    assert said.summary.endswith(".")
    assert said.wrong
    assert said.right
    assert "\n" not in said.summary
    without_layout = re.sub(r"\s+", "", kind.__doc__ or "")
    assert re.sub(r"\s+", "", said.whole) == without_layout


def test_a_proposed_change_cures_what_it_is_proposed_for() -> None:
    proposed = 0
    for check in in_documents():
        for result in run_of(found_in(check))["results"]:
            region = result["locations"][0]["physicalLocation"].get("region", {})
            place = region.get("startLine"), region.get("startColumn")
            for fix in result.get("fixes", []):
                (change,) = fix["artifactChanges"]
                cured = archspec.loads(changed(check.body, change["replacements"]), syntax=check.info).check()
                assert (result["ruleId"], place) not in {(each.code, each.span.first()) for each in cured}, check.id
                proposed += 1
    assert proposed > 10


def test_a_word_that_was_meant_is_proposed() -> None:
    named = 0
    for check in in_documents():
        for finding in found_in(check):
            meant = re.fullmatch(r"did you mean `(\w+)`\?", finding.help())
            if meant is not None and re.fullmatch(r"\w+", finding.span.text):
                assert [edit.text for fix in finding.fixes() for edit in fix.edits] == [meant[1]], check.id
                named += 1
    assert named > 30


def changed(text: str, replacements: list[dict[str, Any]]) -> str:
    """A text after the changes that a result proposes, made from its end to its beginning."""
    starts = [0, *(place + 1 for place, each in enumerate(text) if each == "\n")]
    edits = []
    for each in replacements:
        region = each["deletedRegion"]
        start, end = (starts[region[f"{side}Line"] - 1] + region[f"{side}Column"] - 1 for side in ("start", "end"))
        edits.append((start, end, each.get("insertedContent", {"text": ""})["text"]))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


# --------------------------------------------------------------------------------------------------------------- GitHub


def commands(findings: Report, workspace: Path | None = None) -> list[dict[str, str]]:
    """What a runner reads from our commands."""
    found = []
    for line in github.render(findings, workspace).splitlines():
        match = re.fullmatch(r"::(?P<command>\w+) (?P<properties>.*?)::(?P<message>.*)", line)
        assert match is not None, line
        properties = dict(each.split("=", 1) for each in match["properties"].split(","))
        read = {name: unescaped(value) for name, value in properties.items()}
        found.append({"command": match["command"], "message": unescaped(match["message"]), **read})
    return found


def unescaped(text: str) -> str:
    return re.sub("%(..)", lambda each: chr(int(each[1], 16)), text)


def test_a_finding_is_a_command_with_all_that_is_said_of_it() -> None:
    source = Source("spec.arch", "one two\nthree\n")
    others = (Related(source.span(8, 13), "and there"),)
    finding = Note(source.span(4, 7), said="a message", here="is here", cure="do this", others=others)
    assert commands(report(finding)) == [
        {
            "command": "error",
            "file": "spec.arch",
            "line": "1",
            "col": "5",
            "endLine": "1",
            "endColumn": "8",
            "title": "archspec X001: note",
            "message": "spec.arch:1:5: a message\nhere: is here\nspec.arch:2:1: and there\nhelp: do this",
        }
    ]


def test_severities_have_commands_of_their_own() -> None:
    source = Source("a", "abc")
    places = [source.span(number, number + 1) for number in range(3)]
    found = commands(report(Note(places[0]), Warned(places[1]), Hint(places[2])))
    assert [each["command"] for each in found] == ["error", "warning", "notice"]


def test_a_place_that_goes_over_several_lines_has_no_columns() -> None:
    (found,) = commands(report(Note(span("a: b\nc: d\n", "b\nc: d"))))
    assert (found["line"], found["endLine"]) == ("1", "2")
    assert not {"col", "endColumn"} & found.keys()


def test_nothing_in_a_spec_can_become_a_command() -> None:
    finding = Note(span("x", "x", f"{EVIL}.arch"), said=EVIL, here=EVIL, cure=EVIL)
    (found,) = commands(report(finding))
    assert found["file"] == f"{EVIL}.arch"
    assert found["message"].count(EVIL) == 4


def test_files_are_named_from_the_workspace(tmp_path: Path) -> None:
    folder = tmp_path / "part" / "specs"
    folder.mkdir(parents=True)
    (folder / "a.arch").write_text("x")
    for name, here in (("specs/a.arch", tmp_path / "part"), (str(folder / "a.arch"), tmp_path)):
        with chdir(here):
            (found,) = commands(report(Note(span("x", "x", name))), tmp_path)
        assert found["file"] == "part/specs/a.arch"
    (found,) = commands(report(Note(span("x", "x", "<stdin>"))), tmp_path)
    assert found["file"] == "<stdin>"


# -------------------------------------------------------------------------------------------------------------- concise


def test_a_finding_is_a_line_that_begins_with_its_place() -> None:
    source = Source("spec.arch", "one two\n")
    finding = Note(source.span(4, 7), said="a message", here="is here", cure="do this\nor that")
    assert concise.render(report(finding)) == "spec.arch:1:5: error[X001]: a message: is here; do this; or that\n"
    assert concise.render(report(Hint(source.span(0, 0)))) == "spec.arch:1:1: advice[X002]: a message\n"
    assert concise.render(Report()) == ""


def test_every_finding_of_the_documents_is_one_line() -> None:
    for check in in_documents():
        findings = found_in(check)
        lines = concise.render(findings).splitlines()
        places = [f"{each.span!r}: {each.severity}[{each.code}]: " for each in findings]
        assert [line.startswith(place) for line, place in zip(lines, places, strict=True)] == [True] * len(places)


def test_several_files_are_summed_up() -> None:
    assert concise.render(Report(), files=3) == "3 files checked, nothing is wrong\n"
    finding = Note(span("x", "x"))
    assert concise.render(report(finding), files=3).splitlines()[1] == "3 files checked, 1 error in 1 file"
