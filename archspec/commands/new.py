"""`archspec new`: starts a spec of the user's own, from one that is shipped or from a template that explains itself."""

from __future__ import annotations

import argparse
import re
from itertools import groupby, zip_longest
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from archspec.catalog.graph import UnusedBlock
from archspec.commands.command import CLEAN, Command, UsageError
from archspec.commands.writing import put, width
from archspec.compiler import Outside, read_instead, rewritten, split_variant
from archspec.diagnostics import Report
from archspec.model import SpecError
from archspec.source import Source
from archspec.syntax.read import SUFFIXES, parse, read_file
from archspec.syntax.tree import Fields, Items, Scalar

if TYPE_CHECKING:
    from archspec.rewrite.beginning import Beginning  # Only who begins a spec waits for it.

TEXT: Final = ".arch"


def run(options: argparse.Namespace) -> int:
    if options.list:
        _list()
        return CLEAN
    if options.name is None:
        raise UsageError("name the new spec, such as `archspec new tiny.arch`, or ask for `--list`")
    path = Path(options.name)
    first, variant = _first(options.begin, path.suffix)
    path = path if path.suffix else path.with_suffix(first.suffix)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"`{path}` ends neither in `.arch` nor in `.yaml`")
    if path.exists():
        raise UsageError(f"`{path}` is there already, and is kept as it is; choose another name")
    name = _model_name(path.stem)
    for each, data in _begun(first, variant, path, name).items():
        put(each, data)
    print(
        f"{path}: the model {name}, which begins as {options.begin or 'a template'}; `archspec check {path}` checks it"
    )
    return CLEAN


def _first(wanted: str | None, suffix: str) -> tuple[Path, str | None]:
    """The file that the new spec begins as, and which of its variants."""
    from archspec import shipped

    if wanted is None:
        return Path(shipped.__file__).parent / "templates" / f"blank{suffix if suffix in SUFFIXES else TEXT}", None
    file, variant = split_variant(wanted)
    if Path(file).suffix.lower() in SUFFIXES:
        return Path(file), variant
    try:
        return shipped.found(wanted)
    except shipped.UnknownSpecError as error:
        raise UsageError(str(error)) from None


def _model_name(stem: str) -> str:
    """The name of a model in a file: `tiny_net.arch` is that of `TinyNet`."""
    name = "".join(word[:1].upper() + word[1:] for word in re.split(r"[_\W]+", stem))
    if re.fullmatch(r"[^\W\d]\w*", name) is None:
        raise UsageError(f"`{stem}` gives no name for a model, which begins with a letter; choose another")
    return name


def _begun(first: Path, variant: str | None, path: Path, name: str) -> dict[Path, bytes]:
    """The new files: what the spec uses comes before it."""
    from archspec.rewrite.beginning import Beginning

    report = Report()
    source = read_file(first, report)
    tree = None if source is None else parse(source, None, report)
    if source is None or tree is None:
        raise SpecError(report)
    if tree.entry("model") is None:
        raise UsageError(f'`{first}` has no model, only blocks; a spec can use them: `use "{first.name}"`')
    variants = tree.get("variants")
    known = [each.key.text for each in variants.entries] if isinstance(variants, Fields) else []
    if variant is not None and variant not in known:
        has = f"its variants are {', '.join(known)}" if known else "it has no variants"
        raise UsageError(f"`{first}` has no variant `{variant}`; {has}")
    text = rewritten(source, None, SUFFIXES[path.suffix.lower()], report, Beginning(name, variant))
    if text is not None and variant is not None:
        text = without_idle(source, path, Beginning(name, variant), text)
    if text is None:
        raise SpecError(report)
    return {**_used(tree, first.parent, path.parent, {}), path: text.encode()}


def without_idle(source: Source, path: Path, copy: Beginning, text: str) -> str | None:
    """The text of a copy without the blocks, and the permissions for advice, that only other variants needed."""
    # It is checked as if it lay beside the first, whose files it uses.
    beside = str(Path(source.name).with_suffix(path.suffix))

    def found_in(text: str) -> Report:
        return read_instead(beside, text, Outside()).check()

    while idle := {each.block for each in found_in(text) if isinstance(each, UnusedBlock)} - copy.idle:
        copy = replace(copy, idle=copy.idle | idle)
        without = rewritten(source, None, SUFFIXES[path.suffix.lower()], Report(), copy)
        if without is None:
            return None
        text = without
    from archspec.fixing import fixed

    return fixed(text, found_in)[0]


def _used(tree: Fields, folder: Path, into: Path, found: dict[Path, bytes]) -> dict[Path, bytes]:
    """The files that a spec uses, and those that they use, beside the new one as they were beside the first."""
    use = tree.get("use")
    for each in use.items if isinstance(use, Items) else (use,):
        if not isinstance(each, Scalar) or Path(each.text).suffix.lower() not in SUFFIXES:
            continue  # It is a part of a library.
        old, new = folder / each.text, into / each.text
        report = Report()
        source = read_file(old, report)
        used = None if source is None else parse(source, None, report)
        if used is None:
            raise SpecError(report)
        data = old.read_bytes()
        if new.exists() and new.read_bytes() != data:
            raise UsageError(f"`{new}` is there already, and differs from the one that the new spec would use")
        if not new.exists() and new not in found:
            if not new.parent.is_dir():
                raise UsageError(f"the new spec would use `{new}`, and there is no folder `{new.parent}`")
            found[new] = data
            _used(used, old.parent, new.parent, found)
    return found


def _list() -> None:
    from archspec.shipped import shipped

    known = list(shipped())
    left = max((len(each.name) for each in known), default=0) + 4
    for folder, specs in groupby(known, key=lambda each: each.family):
        print(folder)
        for each in specs:
            lines = wrap(each.purpose, width() - left) + wrap(", ".join(each.variants), width() - left)
            for name, line in zip_longest([each.name], lines, fillvalue=""):
                print(f"  {name:<{left - 4}}  {line}".rstrip())


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="the new file, such as tiny.arch or tiny.yaml")
    parser.add_argument(
        "--from",
        dest="begin",
        metavar="SPEC",
        help="what it begins as: a shipped spec or variant by its name, or a file (default: a template with comments)",
    )
    parser.add_argument("--list", action="store_true", help="list the specs that are shipped")


COMMAND: Final = Command(
    "new",
    "start a spec, from one that is shipped or from a template",
    add_options,
    run,
    examples=(("new tiny.arch --from resnet50", "a spec of your own that begins as a known one"),),
)
