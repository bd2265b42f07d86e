"""Specs with mistakes, and what archspec says of them: the documents in `checks/`, `docs/errors.md`, and the manuals.

A document has a heading for each mistake, and below it fenced blocks in pairs: a spec, and the text that `archspec
check` prints of it, or the word `clean`. The info string of a spec names its syntax, and may say more:

- `escaped`: the block has escapes, as a text in Python has, for what cannot be written down otherwise;
- `name=FILE`: the name of the file; `read=FILE`: the file that is asked for, when it is another one;
- `set=NAME=VALUE`, `size=NAME=NUMBER`: a parameter or a size is set from outside; `root=FOLDER`: the root folder;
- `times=N`: the block is written so many times in a row.
- `select=WORDS`, `ignore=WORDS`: which advice is given;
- `weights=FILE`: the model is compared with this file of weights.

A block with `file=FILE` is a file that lies beside the specs of its heading; nothing is said of it. With `copies=N` it
is N such files: in the name and the content of each, `<n>` is its number and `<n+1>` the next one. A file of weights
has a line for each tensor: its name, type and shape, and perhaps a byte that all of its numbers are made of.

`python tests/test_checks.py --write` brings the documents up to date; read the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

import pytest

from archspec import Diagnostic, Source, loads
from archspec.build import Settings
from archspec.compiler import Outside, read_path, rewritten
from archspec.diagnostics import Report
from archspec.findings import CATALOG
from archspec.overriding import text_override
from archspec.render.text import render
from tests import stored

ERRORS: Final = Path(__file__).parent.parent / "docs" / "errors.md"
DOCUMENTS: Final = [*sorted((Path(__file__).parent / "checks").glob("*.md")), ERRORS]
BLOCK: Final = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)
OTHER: Final = {"arch": "yaml", "yaml": "arch"}
CODE: Final = re.compile(r"^(?:error|warning|advice)\[(\w+)\]", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """A spec in a document, and what is said of it there."""

    path: Path
    heading: str
    files: Mapping[str, str]
    info: str
    body: str
    expected: str
    place: slice

    @property
    def id(self) -> str:
        return f"{self.path.stem}:{self.heading}:{self.info}"


def checks(path: Path) -> Iterator[Check]:
    text = path.read_text()
    blocks = list(BLOCK.finditer(text))
    beside: dict[str, dict[str, str]] = {}
    for block in tuple(blocks):
        options = options_of(block["info"])
        if (file := options.get("file")) is not None:
            here = beside.setdefault(heading_of(block, text), {})
            for number in range(1, int(options.get("copies", 1)) + 1):
                here[numbered(file, number)] = numbered(block["body"], number)
            blocks.remove(block)
    for spec, said in zip(blocks[::2], blocks[1::2], strict=True):
        assert said["info"] == "text", f"{path.name}: a spec is followed by what is said of it, not by {said['info']}"
        heading = heading_of(spec, text)
        files = beside.get(heading, {})
        yield Check(path, heading, files, spec["info"], spec["body"], said["body"], slice(*said.span("body")))


def numbered(text: str, number: int) -> str:
    return text.replace("<n>", str(number)).replace("<n+1>", str(number + 1))


def heading_of(block: re.Match[str], text: str) -> str:
    found: list[str] = HEADING.findall(BLOCK.sub("", text[: block.start()]))
    return found[-1]


def options_of(info: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(info)[1:] if "=" in word)


def unescaped(text: bytes) -> bytes:
    return re.sub(
        rb"\\(x..|.)", lambda each: {b"t": b"\t", b"r": b"\r"}.get(each[1]) or bytes.fromhex(each[1][1:].decode()), text
    )


def said(info: str, body: str, folder: Path, files: Mapping[str, str] | None = None) -> str:
    """What archspec says of a spec, as it stands in a document."""
    syntax, *words = shlex.split(info)
    options = options_of(info)
    for file, content in (files or {}).items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        if file.endswith(".safetensors"):
            write_weights(folder / file, content)
        elif file.endswith(".pt"):
            (folder / file).write_bytes(b"PK\x03\x04" + content.encode())
        else:
            (folder / file).write_text(content)
    name = options.get("name", f"spec.{syntax}")
    text = body * int(options.get("times", 1))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(unescaped(text.encode()) if "escaped" in words else text.encode())
    parameters = (text_override(options["set"]),) if "set" in options else ()
    sizes = (text_override(options["size"], "--size"),) if "size" in options else ()
    root = Path(options["root"]) if "root" in options else None
    with chdir(folder):
        model = read_path(options.get("read", name), Outside(Settings(parameters, sizes), root), Report())
        select, ignore = (options[word].split(",") if word in options else () for word in ("select", "ignore"))
        checked = model.check(select=select, ignore=ignore)
        report = model.check_weights(options["weights"]) if "weights" in options else checked
    return render(report) or "clean\n"


def write_weights(path: Path, content: str) -> None:
    """A file of weights, of what a document says of it; as it stands there, if that is nothing of the kind."""
    found = [_TENSOR.fullmatch(line) for line in content.splitlines()]
    tensors = {each["name"]: (each["kind"], json.loads(each["shape"])) for each in found if each is not None}
    if len(tensors) < len(found):
        path.write_text(content)
        return
    numbers = {
        each["name"]: bytes([int(each["byte"])]) * prod(json.loads(each["shape"])) * stored.BYTES[each["kind"]]
        for each in found
        if each is not None and each["byte"]
    }
    stored.write(path, tensors, numbers)


_TENSOR: Final = re.compile(r"(?P<name>\S+) (?P<kind>\w+) (?P<shape>\[[\d, ]*\])( (?P<byte>\d+))?")


CHECKS: Final = [check for path in DOCUMENTS for check in checks(path)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_mistake(check: Check, tmp_path: Path) -> None:
    assert said(check.info, check.body, tmp_path, check.files) == check.expected


def test_every_kind_of_finding_is_in_a_document() -> None:
    found = {code for check in CHECKS for code in CODE.findall(check.expected)}
    assert not [kind.code for kind in CATALOG if kind.code not in found]


def test_there_are_at_least_150_mistakes_and_each_syntax_tells_of_them_alike() -> None:
    alike, unlike = 0, []
    for check in CHECKS:
        if check.info not in OTHER or check.files or check.expected == "clean\n":
            continue
        source = Source(f"spec.{check.info}", check.body)
        text = rewritten(source, check.info, OTHER[check.info], Report())
        if text is not None:
            here, there = loads(check.body, syntax=check.info), loads(text, syntax=OTHER[check.info])
            if Counter(each.code for each in here.check()) == Counter(each.code for each in there.check()):
                alike += 1
            else:
                unlike.append(check.id)
    assert alike >= 150
    # Of `inputs: {}` there is nothing to write in the text form.
    assert unlike == ["flow:A model without inputs:yaml"]


def test_codes_and_names_are_unique_and_in_order() -> None:
    codes = [kind.code for kind in CATALOG]
    names = [kind.name for kind in CATALOG]
    assert codes == sorted(set(codes))
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"A[0-5]\d\d", code) for code in codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


def manual(kind: type[Diagnostic]) -> tuple[str, str]:
    """What stands under `Wrong:` and under `Right:` in the manual of a finding."""
    text = re.sub("^    ", "", kind.__doc__ or "", flags=re.MULTILINE)
    _, _, examples = text.partition("\nWrong:")
    wrong, _, right = examples.partition("\nRight:")
    return wrong.strip(), right.strip()


every_kind = pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: f"{kind.code} {kind.name}")


@every_kind
def test_the_manual_has_a_wrong_and_a_right_example(kind: type[Diagnostic]) -> None:
    assert all(manual(kind))


@every_kind
def test_the_wrong_example_is_wrong_in_this_way_alone(kind: type[Diagnostic], tmp_path: Path) -> None:
    wrong, _ = manual(kind)
    for block in BLOCK.finditer(wrong):
        assert set(CODE.findall(said(block["info"], block["body"], tmp_path))) == {kind.code}


@every_kind
def test_the_right_example_is_right(kind: type[Diagnostic], tmp_path: Path) -> None:
    _, right = manual(kind)
    for block in BLOCK.finditer(right):
        assert said(block["info"], block["body"], tmp_path) == "clean\n"


def write() -> None:
    """Replace what the documents say by what is said now."""
    for path in DOCUMENTS:
        text = path.read_text()
        for check in reversed(list(checks(path))):
            with tempfile.TemporaryDirectory() as folder:
                now = said(check.info, check.body, Path(folder), check.files)
            if now != check.expected:
                print(f"{os.path.relpath(path)}: {check.heading}")
                text = text[: check.place.start] + now + text[check.place.stop :]
        path.write_text(text)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python tests/test_checks.py --write")
    write()
