"""Mutants: correct specs in which a thing or two are changed, as a mistake would change them.

What is changed is the Tree, and what is written of it is a text; so nearly every mutant can be read, and what is wrong
with it is wrong with the network. The specs are those of `specs/`, with each of their variants, and the right ones of
`checks/`. The blocks of the library that they use are written into them, so that these are changed too. What they
expect of themselves is left out, since a number that is pinned is wrong after nearly every change. They are smaller
than they were: widths are divided by eight, and of what is repeated there is less.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias, final

from archspec import Report
from archspec.op import Op
from archspec.ops import OPS
from archspec.rewrite import written
from archspec.setting import accepted_words
from archspec.source import Source
from archspec.syntax.fault import Fault
from archspec.syntax.read import parse
from archspec.syntax.tree import HOLDING, LINES, NO_OPS, Fields, Items, Scalar, Tree
from tests.random_specs import tree
from tests.test_checks import CHECKS

ROOT: Final = Path(__file__).parent.parent

Plain: TypeAlias = Any
"""A tree as Python has it: texts, lists and dictionaries; a scalar stays one where it is quoted."""


@final
@dataclass(frozen=True)
class Base:
    """A right spec, of which mutants are made."""

    name: str
    plain: Plain

    @property
    def text(self) -> str:
        return written(_fields(self.plain), "arch")


@final
@dataclass(frozen=True)
class Mutant:
    """A spec that differs from a right one."""

    number: int
    base: str
    changes: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"mutant {self.number} of {self.base}: {', '.join(self.changes)}\n\n{self.text}"


def mutants(first: int, count: int) -> Iterator[Mutant]:
    """The mutants of these numbers, each of which is always the same one."""
    known = bases()
    for number in range(first, first + count):
        draw = Random(number)  # noqa: S311  # Nothing is secret here.
        while True:
            base = known[draw.randrange(len(known))]
            found = _mutant(number, base, draw)
            if found is not None:
                yield found
                break


def _mutant(number: int, base: Base, draw: Random) -> Mutant | None:
    plain = deepcopy(base.plain)
    changes = []
    for _ in range(draw.choice((1, 1, 1, 2))):
        kind = draw.choice(KINDS)
        change = draw.choice(kind)
        told = change(plain, draw)
        if told is None:
            return None
        changes.append(f"{change.__name__} ({told})")
    try:
        text = written(_fields(plain), "arch")
    except Fault:
        return None  # Not all trees can be written in lines.
    return None if text == base.text else Mutant(number, base.name, tuple(changes), text)


def _fields(plain: Plain) -> Fields:
    found = tree(plain)
    assert isinstance(found, Fields)
    return found


# ------------------------------------------------------------------------------------------------------- the specs


def plain_of(found: Tree) -> Plain:
    match found:
        case Scalar(text, is_quoted=is_quoted):
            return found if is_quoted else text
        case Items(items):
            return [plain_of(each) for each in items]
        case Fields(entries):
            return {entry.key.text: plain_of(entry.value) for entry in entries}
    raise AssertionError("a right spec has no holes")


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
        if check.expected == "clean\n" and not check.files and not options:
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


# -------------------------------------------------------------------------------------------------- places in a spec


def parts(plain: Plain) -> tuple[dict[str, Plain], ...]:
    """The model, and its blocks and cells."""
    return (plain, *plain.get("blocks", {}).values(), *plain.get("cells", {}).values())


def lines(plain: Plain) -> Iterator[list[Plain]]:
    """The lists of layers of a spec: lines in braces, and steps joined by arrows."""
    for group in parts(plain):
        for key in LINES:
            yield from _lists(group.get(key))


def _lists(layers: Plain) -> Iterator[list[Plain]]:
    if not isinstance(layers, list):
        return
    yield layers
    for each in layers:
        if isinstance(each, list):
            yield from _lists(each)
        elif isinstance(each, dict):
            for key, inner in each.items():
                if key in (*HOLDING, "from"):
                    yield from _lists(inner)


def places(plain: Plain) -> list[tuple[list[Plain], int]]:
    """Where a layer stands: the list, and its place in that."""
    return [(found, index) for found in lines(plain) for index in range(len(found))]


def word_of(layer: Plain) -> str | None:
    """The op of a layer, or the block that it uses; `None` where it is no use of one."""
    if isinstance(layer, str):
        return layer
    if isinstance(layer, dict):
        return next((key for key in layer if key not in NO_OPS), None)
    return None


def ops_of(plain: Plain) -> list[tuple[list[Plain], int, str]]:
    """The layers whose op is one of ours."""
    found = ((steps, index, word_of(steps[index])) for steps, index in places(plain))
    return [(steps, index, word) for steps, index, word in found if word is not None and word in OPS]


def settings_of(layer: Plain, word: str) -> dict[str, Plain]:
    """What is written for the settings of a layer, by name or place."""
    given = layer.get(word, {}) if isinstance(layer, dict) else {}
    return dict(given) if isinstance(given, dict) else {"1": given}


def with_op(layer: Plain, word: str, given: Mapping[str, Plain], new: str | None = None) -> Plain:
    """A layer with other settings, or another op."""
    beside = {key: each for key, each in layer.items() if key != word} if isinstance(layer, dict) else {}
    return {new or word: dict(given), **beside}


def names_of(plain: Plain) -> list[str]:
    """What values are called anywhere in a spec."""
    found = []
    for group in parts(plain):
        found += [*group.get("inputs", {}), *group.get("state", {})]
    for steps, index in places(plain):
        if isinstance(steps[index], dict) and "name" in steps[index]:
            name = steps[index]["name"]
            found += [name] if isinstance(name, str) else name
    return [each for each in found if isinstance(each, str) and each != "_"]


# -------------------------------------------------------------------------------------------------------- settings


def _another(value: Plain, draw: Random) -> Plain:
    """Something like what a setting is given."""
    if isinstance(value, list):
        if not value:
            return ["1"]
        place = draw.randrange(len(value))
        return draw.choice(
            (
                [*value[:place], _another(value[place], draw), *value[place + 1 :]],
                value[:-1],
                [*value, value[-1]],
                value[::-1],
                value[0],
            )
        )
    if not isinstance(value, str):
        return value
    if value in ("true", "false"):
        return "false" if value == "true" else "true"
    if re.fullmatch(r"-?\d[\d_]*", value):
        n = int(value)
        number = draw.choice((n + 1, n - 1, 2 * n, n // 2, n + 2, 3 * n, 0, -n))
        return draw.choice((str(number), str(number), str(number), [str(n), str(n)], [str(n), str(number)]))
    if re.fullmatch(r"[\w.]+e?-?\d*", value):
        return draw.choice((f"2 * {value}", f"{value} + 1", f"{value} // 2", "1", "3"))
    return draw.choice((f"2 * ({value})", f"({value}) + 1", f"({value}) // 2"))


def nudge_a_setting(plain: Plain, draw: Random) -> str | None:
    given = [(each, settings_of(each[0][each[1]], each[2])) for each in ops_of(plain)]
    given = [(each, settings) for each, settings in given if settings]
    if not given:
        return None
    (steps, index, word), settings = draw.choice(given)
    key = draw.choice(sorted(settings))
    before = settings[key]
    words = accepted_words(OPS[word].settings()[key]) if key in OPS[word].settings() else ()
    if words and draw.random() < 0.3:
        settings[key] = draw.choice(words)
    else:
        settings[key] = _another(before, draw)
    steps[index] = with_op(steps[index], word, settings)
    return f"{word}: {key} {before} -> {settings[key]}"


VALUES: Final = ("0", "1", "2", "3", "4", "5", "-1", "-2", "0.5", "true", "false", ["1", "2"], ["2", "2"], ["0", "1"])
LIKELY: Final[Mapping[str, Sequence[Plain]]] = {
    "padding": ("same", "valid", "1", "2", "3", ["1", "2"], ["1", "0"]),
    "kernel": ("1", "2", "3", "5", ["1", "3"]),
    "stride": ("2", "3", ["1", "2"]),
    "dilation": ("2", "3", ["2", "1"]),
    "groups": ("2", "3", "4"),
    "axis": ("-1", "0", "1", "2", "3"),
    "axes": ("-1", "0", "1", ["1", "2"], ["-1", "-2"], ["0", "1"]),
    "heads": ("1", "2", "3", "4"),
}


def add_a_setting(plain: Plain, draw: Random) -> str | None:
    known = ops_of(plain)
    if not known:
        return None
    steps, index, word = draw.choice(known)
    settings = settings_of(steps[index], word)
    positional = OPS[word].positional()
    taken = {positional[int(key) - 1] if key.isdecimal() and int(key) <= len(positional) else key for key in settings}
    free = [name for name in OPS[word].settings() if name not in taken]
    if not free:
        return None
    key = draw.choice(free)
    words = accepted_words(OPS[word].settings()[key])
    settings[key] = draw.choice(LIKELY.get(key) or (*words, *VALUES[:6]) if words else LIKELY.get(key, VALUES))
    steps[index] = with_op(steps[index], word, settings)
    return f"{word}: {key} = {settings[key]}"


def leave_out_a_setting(plain: Plain, draw: Random) -> str | None:
    known = [each for each in ops_of(plain) if settings_of(each[0][each[1]], each[2])]
    if not known:
        return None
    steps, index, word = draw.choice(known)
    settings = settings_of(steps[index], word)
    key = draw.choice(sorted(settings))
    del settings[key]
    steps[index] = with_op(steps[index], word, settings)
    return f"{word}: {key}"


# ----------------------------------------------------------------------------------------------------------- order


def swap_neighbours(plain: Plain, draw: Random) -> str | None:
    found = [each for each in lines(plain) if len(each) > 1]
    if not found:
        return None
    steps = draw.choice(found)
    place = draw.randrange(len(steps) - 1)
    steps[place], steps[place + 1] = steps[place + 1], steps[place]
    return f"{word_of(steps[place])} and {word_of(steps[place + 1])}"


def drop_a_layer(plain: Plain, draw: Random) -> str | None:
    steps, index = draw.choice(places(plain))
    gone = steps.pop(index)
    return str(word_of(gone))


def repeat_a_layer(plain: Plain, draw: Random) -> str | None:
    steps, index = draw.choice(places(plain))
    again = deepcopy(steps[index])
    if isinstance(again, dict) and word_of(again):
        again.pop("name", None)
    steps.insert(index + 1, again)
    return str(word_of(again))


def move_a_layer(plain: Plain, draw: Random) -> str | None:
    steps, index = draw.choice(places(plain))
    moved = deepcopy(steps[index])
    if isinstance(moved, dict):
        moved.pop("name", None)
    others, other = draw.choice(places(plain))
    others.insert(other, moved)
    return str(word_of(moved))


PUT_IN: Final[Sequence[Plain]] = (
    *("relu", "flatten", "batchnorm", "layernorm", "softmax", "global_avgpool", "sigmoid", "identity", "argmax"),
    *({"maxpool": "2"}, {"avgpool": "3"}, {"unsqueeze": "1"}, {"squeeze": "1"}, {"linear": "8"}, {"conv": {"1": "8"}}),
    *({"conv": {"1": "4", "kernel": "1"}}, {"conv": {"1": "6", "kernel": "3", "padding": "same"}}, {"split": "2"}),
    *({"transpose": {"1": "1", "2": "2"}}, {"permute": ["0", "2", "1"]}, {"select": {"axis": "1", "index": "0"}}),
    *({"flatten": {"start": "2"}}, {"mean": {"axes": "1"}}, {"lstm": "6"}, {"pad": "1"}, {"slice": {"axis": "1"}}),
    *({"upsample": "2"}, {"global_maxpool": {}}, {"groupnorm": "2"}, {"attention": "2"}, {"unflatten": {"axis": "1"}}),
    *({"cumsum": {"axis": "1"}}, {"channel_shuffle": "2"}, {"pixel_shuffle": "2"}, {"roll": {"shifts": "1"}}),
    *({"tile": ["1", "2"]}, {"softmax": {"axis": "2"}}, {"embedding": {"1": "9", "2": "4"}}, {"conv_transpose": "4"}),
    *({"gru": "5"}, {"learned_positions": "9"}, "sinusoidal_positions", {"adaptive_avgpool": "2"}, {"glu": {}}),
    *({"unfold": "2"}, {"interpolate": "2"}, {"crop": "1"}, {"resize": ["4", "4"]}, {"instancenorm": {}}, "exp"),
)


def put_in_a_layer(plain: Plain, draw: Random) -> str | None:
    steps, index = draw.choice(places(plain))
    new = deepcopy(draw.choice(PUT_IN))
    if word_of(new) not in OPS:
        return None
    steps.insert(index, new)
    return str(new)


# ----------------------------------------------------------------------------------------------------------- sizes


def change_a_size(plain: Plain, draw: Random) -> str | None:
    inputs = plain.get("inputs")
    if not inputs:
        return None
    name = draw.choice(sorted(inputs))
    shape = inputs[name]["shape"] if isinstance(inputs[name], dict) else inputs[name]
    if not isinstance(shape, list) or not shape:
        return None
    others = [each for line in inputs.values() for each in (line["shape"] if isinstance(line, dict) else line)]
    index, before = draw.randrange(len(shape)), str(shape)
    match draw.choice(("nudge", "nudge", "number", "open", "as another", "drop", "add", "swap")):
        case "nudge":
            changed = _another(shape[index], draw)
            shape[index] = changed if isinstance(changed, str) else changed[-1]
        case "number":
            shape[index] = str(draw.randint(0, 9))
        case "open":
            shape[index] = draw.choice(("K", "L", "2 * K", "K + 1", "8 * K"))
        case "as another":
            shape[index] = draw.choice(others)
        case "drop":
            del shape[index]
        case "add":
            shape.insert(index, draw.choice(("1", "2", "5", "K")))
        case _:
            other = draw.randrange(len(shape))
            shape[index], shape[other] = shape[other], shape[index]
    return f"{name}: {before} -> {shape}"


def change_what_a_block_takes(plain: Plain, draw: Random) -> str | None:
    """Other axes in an input line of a block or cell, or of a state."""
    found = [
        (name, group[key])
        for group in parts(plain)[1:]
        for key in ("inputs", "state")
        for name in group.get(key, {})
        if isinstance(group[key][name], list) and group[key][name]
    ]
    if not found:
        return None
    name, lines_of = draw.choice(found)
    shape = lines_of[name]
    index = draw.randrange(len(shape))
    match draw.choice(("nudge", "drop", "add", "swap")):
        case "nudge":
            changed = _another(shape[index], draw)
            shape[index] = changed if isinstance(changed, str) else changed[-1]
        case "drop":
            del shape[index]
        case "add":
            shape.insert(index, draw.choice(("1", "N", "...")))
        case _:
            other = draw.randrange(len(shape))
            shape[index], shape[other] = shape[other], shape[index]
    return f"{name}: {shape}"


def change_a_repeat(plain: Plain, draw: Random) -> str | None:
    """Other passes of a repeat, or another condition of a choice."""
    found = [
        (layer, key)
        for steps, index in places(plain)
        if isinstance(layer := steps[index], dict)
        for key in ("repeat", "in", "if")
        if key in layer
    ]
    if not found:
        return None
    layer, key = draw.choice(found)
    if key == "if":
        layer["if"] = draw.choice((f"not ({layer['if']})", "true", "false"))
    else:
        layer[key] = _another(layer[key], draw)
    return f"{key} {layer[key]}"


def change_an_element(plain: Plain, draw: Random) -> str | None:
    inputs = plain.get("inputs")
    if not inputs:
        return None
    name = str(draw.choice(sorted(inputs)))
    line = inputs[name]
    shape = line["shape"] if isinstance(line, dict) else line
    inputs[name] = {"shape": shape, "element": draw.choice(("float", "int", "bool"))}
    return name


def change_a_parameter(plain: Plain, draw: Random) -> str | None:
    groups = [each for each in parts(plain) if each.get("params")]
    if not groups:
        return None
    params = draw.choice(groups)["params"]
    name = draw.choice(sorted(params))
    if isinstance(params[name], dict):
        if "default" not in params[name]:
            return None
        params[name]["default"] = _another(params[name]["default"], draw)
    elif params[name]:
        params[name] = _another(params[name], draw)
    return f"{name} = {params[name]}"


def change_what_a_block_is_given(plain: Plain, draw: Random) -> str | None:
    blocks = {**plain.get("blocks", {}), **plain.get("params", {})}
    found = [(steps, index, word_of(steps[index])) for steps, index in places(plain)]
    found = [each for each in found if each[2] in blocks and settings_of(each[0][each[1]], str(each[2]))]
    if not found:
        return None
    steps, index, word = draw.choice(found)
    settings = settings_of(steps[index], str(word))
    key = draw.choice(sorted(settings))
    settings[key] = _another(settings[key], draw)
    steps[index] = with_op(steps[index], str(word), settings)
    return f"{word}: {key} = {settings[key]}"


# ----------------------------------------------------------------------------------------------------------- links


def take_another_value(plain: Plain, draw: Random) -> str | None:
    names = [*names_of(plain), "_"]
    steps, index = draw.choice(places(plain))
    layer = steps[index]
    if isinstance(layer, dict) and isinstance(layer.get("from"), list) and draw.random() < 0.7:
        sources = layer["from"]
        place = draw.randrange(len(sources))
        match draw.choice(("other", "other", "drop", "swap", "more")):
            case "other":
                sources[place] = draw.choice(names)
            case "drop":
                del sources[place]
            case "more":
                sources.append(draw.choice(names))
            case _:
                sources.reverse()
        return f"{word_of(layer)} from {sources}"
    name = draw.choice(names)
    if isinstance(layer, list):
        layer.insert(0, name)
    else:
        steps[index] = [name, layer]
    return f"{name} -> {word_of(layer)}"


def take_another_value_in_a_formula(plain: Plain, draw: Random) -> str | None:
    found = [
        steps[index] for steps, index in places(plain) if isinstance(steps[index], dict) and "value" in steps[index]
    ]
    if not found:
        return None
    layer = draw.choice(found)
    words = [*re.finditer(r"\b[^\W\d]\w*\b|[-+*/]", layer["value"])]
    if not words:
        return None
    word = draw.choice(words)
    new = draw.choice("+-*/") if word[0] in "+-*/" else draw.choice(names_of(plain) or ["x"])
    layer["value"] = f"{layer['value'][: word.start()]}{new}{layer['value'][word.end() :]}"
    return str(layer["value"])


def drop_a_branch(plain: Plain, draw: Random) -> str | None:
    found = [(steps[index], key) for steps, index in places(plain) if isinstance(steps[index], dict)
             for key in ("branches", "shortcut", "residual") if steps[index].get(key)]  # fmt: skip
    if not found:
        return None
    layer, key = draw.choice(found)
    if key == "shortcut":
        del layer["shortcut"]
    else:
        layer[key].pop(draw.randrange(len(layer[key])))
    return f"{key} of {word_of(layer)}"


def add_a_branch(plain: Plain, draw: Random) -> str | None:
    found = [steps[index] for steps, index in places(plain) if isinstance(steps[index], dict)
             and ("branches" in steps[index] or "residual" in steps[index])]  # fmt: skip
    new = deepcopy(draw.choice(PUT_IN))
    if not found or word_of(new) not in OPS:
        return None
    layer = draw.choice(found)
    layer.setdefault("branches" if "branches" in layer else "shortcut", []).append(new)
    return str(new)


def put_in_a_residual(plain: Plain, draw: Random) -> str | None:
    steps, index = draw.choice(places(plain))
    layer = steps[index]
    op = draw.choice(("residual", "residual", "concat", "add", "mul", "stack"))
    if op == "residual":
        steps[index] = {"residual": [layer]}
    else:
        given = {"axis": draw.choice(("0", "1", "2", "-1"))} if op in ("concat", "stack") else {}
        steps[index] = {op: given, "branches": ["_", layer]}
    return f"{op} of {word_of(layer)}"


def unwrap_a_residual(plain: Plain, draw: Random) -> str | None:
    found = [(steps, index) for steps, index in places(plain) if isinstance(steps[index], dict)
             and "residual" in steps[index]]  # fmt: skip
    if not found:
        return None
    steps, index = draw.choice(found)
    steps[index : index + 1] = steps[index]["residual"]
    return "its shortcut is gone"


# ------------------------------------------------------------------------------------------------------------- ops


def _is_alike(one: type[Op], other: type[Op]) -> bool:
    """Whether two ops are for the same, and can take as many values as each other."""
    least, most = other.arity()
    return one.family is other.family and one.arity()[0] <= (most or least) and least <= (one.arity()[1] or least)


def exchange_an_op(plain: Plain, draw: Random) -> str | None:
    known = ops_of(plain)
    if not known:
        return None
    steps, index, word = draw.choice(known)
    alike = [name for name in OPS if _is_alike(OPS[name], OPS[word]) and name not in (word, "arithmetic")]
    if not alike:
        return None
    new = draw.choice(alike)
    settings = settings_of(steps[index], word)
    kept = {key: each for key, each in settings.items() if key in OPS[new].settings()}
    if "1" in settings and OPS[new].positional() and (len(OPS[new].positional()) == 1 or draw.random() < 0.8):
        kept = {"1": settings["1"], **kept}
    for key in OPS[new].positional()[len([each for each in kept if each.isdecimal()]) :]:
        if OPS[new].settings()[key].is_required() and key not in kept:
            kept[key] = draw.choice(LIKELY.get(key, ("1", "2", "3", "4")))
    steps[index] = with_op(steps[index], word, kept, new)
    return f"{word} -> {new}"


# --------------------------------------------------------------------------------------------------------- sharing


def use_a_layer_again(plain: Plain, draw: Random) -> str | None:
    known = [each for each in lines(plain) if each]
    steps = draw.choice(known)
    named = [index for index, each in enumerate(steps) if isinstance(each, dict) and isinstance(each.get("name"), str)]
    if named and draw.random() < 0.5:
        index = draw.choice(named)
        name = steps[index]["name"]
    else:
        index, name = draw.randrange(len(steps)), "shared"
        if word_of(steps[index]) not in OPS:
            return None
        word = str(word_of(steps[index]))
        steps[index] = {**with_op(steps[index], word, settings_of(steps[index], word)), "name": name}
    place = draw.randint(index + 1, len(steps))
    steps.insert(place, ["_", name])
    return f"{word_of(steps[index])} as {name}"


def share_a_weight(plain: Plain, draw: Random) -> str | None:
    steps = draw.choice([each for each in lines(plain) if each])
    known = [index for index, each in enumerate(steps) if word_of(each) in OPS]
    weighted = [index for index in known if word_of(steps[index]) in WITH_WEIGHT]
    if len(weighted) < 2:
        return None
    one, other = sorted(draw.sample(weighted, 2))
    word = str(word_of(steps[one]))
    if not (isinstance(steps[one], dict) and isinstance(steps[one].get("name"), str)):
        steps[one] = {**with_op(steps[one], word, settings_of(steps[one], word)), "name": "shared"}
    name, word = steps[one]["name"], str(word_of(steps[other]))
    steps[other] = with_op(steps[other], word, {**settings_of(steps[other], word), "weight": f"{name}.weight"})
    return f"{word_of(steps[one])} and {word}"


WITH_WEIGHT: Final = ("conv", "linear", "embedding", "batchnorm", "layernorm", "conv_transpose", "groupnorm")

Change: TypeAlias = Callable[[Plain, Random], str | None]

KINDS: Final[Sequence[Sequence[Change]]] = (
    (nudge_a_setting,),
    (nudge_a_setting, add_a_setting, leave_out_a_setting),
    (add_a_setting,),
    (swap_neighbours, drop_a_layer, repeat_a_layer, move_a_layer, change_a_repeat),
    (put_in_a_layer,),
    (change_a_size, change_a_size, change_an_element, change_what_a_block_takes),
    (change_a_parameter, change_what_a_block_is_given),
    (take_another_value, take_another_value_in_a_formula),
    (drop_a_branch, add_a_branch, put_in_a_residual, unwrap_a_residual),
    (exchange_an_op,),
    (use_a_layer_again, share_a_weight),
)
"""The ways in which a spec is changed; each of these is as likely as any other."""


def chunks(first: int, count: int, size: int) -> Iterator[tuple[Mutant, ...]]:
    """The mutants of these numbers in groups."""
    found = mutants(first, count)
    while group := tuple(islice(found, size)):
        yield group
