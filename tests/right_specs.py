"""Right specs that are small: of those in `specs/` each variant, and those of `checks/`.

Widths are divided by eight, and of what is repeated there is less. The blocks of the library that they use are written
into them. What they expect of themselves is left out, since a number that is pinned is wrong after nearly every change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, final

from archspec import Report
from archspec.rewrite import written
from archspec.source import Source
from archspec.syntax.fault import Fault
from archspec.syntax.read import parse
from archspec.syntax.tree import LINES, Fields, Scalar
from tests.plain_specs import Plain, fields_of, parts, plain_of
from tests.test_checks import CHECKS

ROOT: Final = Path(__file__).parent.parent


@final
@dataclass(frozen=True)
class Base:
    """A right spec, of which mutants are made."""

    name: str
    plain: Plain

    @property
    def text(self) -> str:
        return written(fields_of(self.plain), "arch")


@cache
def bases() -> tuple[Base, ...]:
    """The right specs, each variant one of them."""
    found = []
    for path in sorted((ROOT / "specs").rglob("*.*")):
        plain = plain_of(_read(str(path), path.read_text(), path.suffix[1:]))
        name = str(path.relative_to(ROOT / "specs"))
        variants = plain.pop("variants", {})
        for variant in variants or (None,):
            own = smaller(with_settings(plain, variants[variant].get("set", {}) if variant else {}), path.parent)
            found.append(Base(name if variant is None else f"{name}:{variant}", adjusted(own, name)))
    for check in CHECKS:
        syntax, *options = check.info.split()
        if check.expected == "clean\n" and not check.files and not options and check.id not in LEFT_OUT:
            plain = plain_of(_read("<check>", check.body, syntax))
            if "model" in plain and not set(plain) & {"use", "rename"} and len(check.body) < LONGEST_CHECK:
                plain.pop("variants", None)
                found.append(Base(check.id, without_expectations(plain)))
    return tuple(each for each in found if _has_text(each))


def _has_text(base: Base) -> bool:
    """Whether there are words for a spec in the text form: YAML may say things that nobody would."""
    try:
        return bool(base.text)
    except Fault:
        return False


LEFT_OUT: Final = (
    # Its kernel needs an axis that is longer than all that are tried.
    "advice:Positions at the end that are padding, few, or of unknown number:arch",
    # An output is called `double`, as a method of every `nn.Module` is: the target tells of it.
    "outputs:Several outputs, of models and of blocks:yaml",
)
"""Right specs of which it is known why they do not run here."""

LONGEST_CHECK: Final = 4_000
"""What is longer is long in order to be slow."""


def _read(name: str, text: str, syntax: str) -> Fields:
    report = Report()
    found = parse(Source(name, text), syntax, report)
    assert found is not None, name
    assert not report.has_errors, name
    return found


def with_settings(plain: Plain, given: Mapping[str, Plain] | Plain) -> Plain:
    """A spec with the settings of a variant as the defaults of its parameters."""
    plain = deepcopy(plain)
    params = plain.get("params", {})
    for key, value in given.items():
        name = list(params)[int(key) - 1] if key.isdecimal() else key
        if isinstance(params[name], dict):
            params[name]["default"] = value
        else:
            params[name] = value
    return plain


def smaller(plain: Plain, folder: Path) -> Plain:
    """A spec whose layers have an eighth of their width, whose repeats are fewer, and which looks at smaller images."""
    plain = without_expectations(_with_library(plain, folder))
    for group in parts(plain):
        if "params" in group:
            group["params"] = {name: _less_of(name, each) for name, each in group["params"].items()}
        for key in group.keys() & set(LINES):
            group[key] = _narrower(group[key])
    for name, shape in plain.get("inputs", {}).items():
        if isinstance(shape, list):
            plain["inputs"][name] = [{"224": "64"}.get(size, size) for size in shape]
    return plain


WIDE: Final = 64
"""Numbers from this one on are widths, and may be less."""


def _less_of(name: str, default: Plain) -> Plain:
    if isinstance(default, dict):
        return {key: _less_of(name, each) if key == "default" else each for key, each in default.items()}
    if name in ("depth", "depths", "hops") and default:
        few = [str(min(int(each), 2)) for each in ([default] if isinstance(default, str) else default)]
        return few[0] if isinstance(default, str) else few
    return _narrower(default)


def _narrower(plain: Plain) -> Plain:
    match plain:
        case str() if re.fullmatch(r"\d[\d_]*", plain) and int(plain) >= WIDE:
            return str(int(plain) // 8)
        case list():
            return [_narrower(each) for each in plain]
        case dict():
            return {key: _narrower(each) for key, each in plain.items()}
    return plain


def adjusted(plain: Plain, name: str) -> Plain:
    """A spec with the numbers for which it is right when it is smaller."""
    match name:
        case "sequence/rnnsearch.arch":
            plain["params"]["hidden"] = "128"
        case "vision/alexnet_two_streams.arch":
            plain["params"]["side"] = "67"
        case "vision/bn_inception.arch":
            unused = {"Plain": ["Excited", "SE"], "Excited": ["Plain"]}[plain["params"]["wrap"]["default"]]
            plain["blocks"] = {name: block for name, block in plain["blocks"].items() if name not in unused}
        case "vision/inception_resnet.arch":
            plain["inputs"]["image"] = ["B", "3", "75", "75"]
        case "vision/nin.yaml":
            plain["inputs"]["image"] = ["B", "1", "112", "112"]
        case "vision/resnet.arch":
            plain["blocks"].get("Bottleneck", {"params": {}})["params"]["base"] = "64"
            plain["blocks"].pop("SE", None)  # It is spoken of, and not used.
        case "vision/resnet_cifar.arch":
            # What only other variants use is no part of this one.
            unit = plain["params"]["unit"]["default"]
            known = {"PlainBlock", "BasicBlock", "ZeroPadding", "Projection", "Bottleneck", "SE"}
            used = {each for each in known if each in unit} | ({"Projection"} if unit == "BasicBlock" else set())
            plain["blocks"] = {name: block for name, block in plain["blocks"].items() if name in used}
            if unit not in ("BasicBlock", "PlainBlock"):
                plain["blocks"]["BasicBlock"]["params"]["skip"]["default"] = "ZeroPadding"
        case "vision/resnext.arch":
            del plain["blocks"]["SE"]
            plain["blocks"]["Bottleneck"]["params"]["base"] = "64"
            plain["params"] |= {"groups": "4", "width": "32"}
        case "vision/se_placements.arch":
            plain["params"]["reduction"]["default"] = "4"
        case "vision/seresnet.arch":
            plain["blocks"]["Bottleneck"]["params"]["base"] = "64"
            default = plain["params"]["unit"]["default"]
            plain["params"]["unit"]["default"] = {
                "Bottleneck(reduction=16)": "Bottleneck(reduction=4)",
                "Bottleneck(reduction=16, groups=32, base=4)": "Bottleneck(reduction=4, groups=4, base=32)",
            }[default]
    return plain


def without_expectations(plain: Plain) -> Plain:
    plain = deepcopy(plain)
    for group in parts(plain):
        group.pop("expect", None)
    return plain


def _with_library(plain: Plain, folder: Path) -> Plain:
    """A spec of a folder with the blocks of the library, and of other files, that it uses as blocks of its own."""
    plain = deepcopy(plain)
    if (used := plain.pop("use", None)) is None:
        return plain
    known: dict[str, Plain] = {}
    for each in used:
        known |= _library(each, folder)
    blocks = plain.setdefault("blocks", {})
    while True:
        spoken = set(re.findall(r"\w+", repr([plain.get("layers"), plain.get("params"), blocks])))
        missing = [name for name in known if name in spoken and name not in blocks]
        if not missing:
            return plain
        blocks |= {name: known[name] for name in missing}


def _library(name: str | Scalar, folder: Path) -> dict[str, Plain]:
    if isinstance(name, Scalar):
        path = folder / name.text
    else:
        path = ROOT / "archspec" / Path(*name.split(".")).with_suffix(".arch")
    plain = plain_of(_read(str(path), path.read_text(), "arch"))
    found: dict[str, Plain] = {}
    for each in plain.get("use", []):
        found |= _library(each, path.parent)
    found |= plain["blocks"]
    return found
