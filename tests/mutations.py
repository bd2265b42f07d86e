"""The ways in which a spec is changed, as a mistake would change it.

Each changes plain values in place, and says what it did; it says `None` where there is nothing for it to change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Final, TypeAlias

from archspec.op import Op
from archspec.ops import OPS
from archspec.setting import accepted_words
from tests.plain_specs import Plain, lines, names_of, ops_of, parts, places, settings_of, with_op, word_of

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
