"""Trees of specs at random, which use all that the language has."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from archspec.source import Source
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree

NOWHERE = Source("nowhere", "").whole()


def scalar(text: str, *, is_quoted: bool = False) -> Scalar:
    return Scalar(text, NOWHERE, is_quoted)


def items(*trees: Tree) -> Items:
    return Items(trees, NOWHERE)


def fields(named: dict[str, Tree]) -> Fields:
    return Fields(tuple(Entry(scalar(key), value) for key, value in named.items()), NOWHERE)


def tree(plain: Any) -> Tree:
    """A tree of strings, lists and dictionaries."""
    match plain:
        case str():
            return scalar(plain)
        case list():
            return items(*map(tree, plain))
        case dict():
            return fields({key: tree(value) for key, value in plain.items()})
    known: Tree = plain
    return known


# ------------------------------------------------------------------------------------------------- words and values

# Words that open a construct elsewhere, and words that YAML takes for something else, are names like any other.
NAMES = (
    *("a", "b1", "fc_2", "größe", "画像", "x", "_", "conv1", "a_name_that_is_rather_long_for_what_it_names"),
    *("state", "input", "output", "next", "init", "expect", "repeat", "residual", "shortcut", "use", "block", "model"),
    *("no", "yes", "on", "null", "y", "n"),
)
names = st.sampled_from(NAMES)
values = st.sampled_from(("x", "h", "memory", "gate", "no", "größe"))
ops = st.sampled_from(("conv", "linear", "relu", "Bottleneck", "add", "concat", "softmax", "no"))

odd = st.lists(
    st.sampled_from([*"ab C:#'\"\\{}[](),-|>&*!%@`?=~é界😀", "\t", ": ", " #", "->", "null", "\u2028", "\u00a0"]),
    max_size=8,
).map("".join)
texts = odd.map(lambda text: scalar(text, is_quoted=True))
lines = st.one_of(odd.filter(str.strip), st.sampled_from(["null", "1.5", "A layer.", "Figure 2: kernels", "- a", "a:"]))
docs = st.one_of(
    lines,
    st.lists(st.one_of(lines, st.just("")), min_size=2, max_size=4).map(lambda parts: "\n".join(["x", *parts, "z"])),
).map(lambda text: scalar(text, is_quoted=True))

numbers = st.sampled_from(("0", "7", "1_000", "1.5", ".5", "1e-5", "64", "2K", "1.5M"))
inner_texts = st.sampled_from(('"same"', '"a: b"', '"a # b"', '"it\'s"', '"\\"q\\""', '", ]"'))
atoms = st.one_of(
    numbers,
    values,
    values,
    inner_texts,
    st.sampled_from(("true", "embed.weight", "transformer.wte.weight", "16 GiB", "0.5 MB")),
)


def _expressions(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(("+", "-", "*", "/", "//", "%", "**", "==", "!=", "<=", "<", "and", "or"))
    return st.one_of(
        st.tuples(parts, operators, parts).map(lambda each: f"({each[0]}) {each[1]} ({each[2]})"),
        st.tuples(atoms, st.sampled_from(("+", "*", "//")), atoms).map(" ".join),
        parts.map(lambda part: f"-({part})"),
        parts.map(lambda part: f"not ({part})"),
        st.tuples(values, parts).map(lambda each: f"{each[0]}[{each[1]}]"),
        st.tuples(values, parts, parts).map(lambda each: f"{each[0]}({each[1]}, k={each[2]})"),
        st.lists(parts, max_size=3).map(lambda each: f"[{', '.join(each)}][0]"),
    )


expressions = st.one_of(atoms, st.recursive(atoms, _expressions, max_leaves=5))
"""Expressions as they are written canonically."""

scalars = st.one_of(expressions.map(scalar), texts)
settings = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4).map(lambda each: items(*each)), max_leaves=4)
formulas = st.sampled_from(
    ("a * x", "-x", "x + 1", "2 * tanh(c) + h", "(a + b) * c", "x ** -2", "softmax(x, axis=1) / 2", "1 - (x - y)")
)
shapes = st.lists(st.one_of(expressions, st.just("..."), st.sampled_from("BCHW")), max_size=4).map(tree)


@st.composite
def arguments(draw: st.DrawFn) -> Tree:
    """The settings of an op: none, one without a name, or several."""
    plain = draw(st.lists(settings, max_size=2))
    named = draw(st.dictionaries(names, settings, max_size=3))
    if len(plain) == 1 and not named:
        return plain[0]
    return fields({**{str(index): each for index, each in enumerate(plain, start=1)}, **named})


# ----------------------------------------------------------------------------------------------------------- layers

words = st.one_of(ops, values).map(scalar)


@st.composite
def calls(draw: st.DrawFn) -> Tree:
    """An op with settings, as it may stand anywhere in a chain."""
    given = draw(arguments())
    word = draw(ops)
    return scalar(word) if given == fields({}) else fields({word: given})


simple = st.one_of(words, calls())


def _bodies(layers: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.lists(layers, max_size=3).map(lambda each: items(*each))


@st.composite
def _steps(draw: st.DrawFn, layers: st.SearchStrategy[Tree]) -> Tree:
    """A step that holds layers."""
    bodies = _bodies(layers)
    kind = draw(st.sampled_from(("branches", "layers", "residual", "repeat", "for", "if")))
    match kind:
        case "branches":
            return fields({draw(ops): draw(arguments()), "branches": draw(bodies)})
        case "layers":
            return fields({"layers": draw(bodies)})
        case "residual":
            sides = {"residual": draw(bodies)}
            return fields(sides | ({"shortcut": draw(bodies)} if draw(st.booleans()) else {}))
        case "repeat":
            return fields({"repeat": draw(expressions.map(scalar)), "layers": draw(bodies)})
        case "for":
            loop = items(*(scalar(each) for each in draw(st.lists(values, min_size=1, max_size=2))))
            return fields({"for": loop, "in": draw(settings), "layers": draw(bodies)})
    sides = {"if": draw(expressions.map(scalar)), "then": draw(bodies)}
    otherwise = draw(st.sampled_from((0, 1, 2)))
    if otherwise == 1:
        sides["else"] = draw(bodies)
    if otherwise == 2:
        sides["else"] = items(fields({"if": scalar("a"), "then": draw(bodies), "else": draw(bodies)}))
    return fields(sides)


@st.composite
def _chains(draw: st.DrawFn, steps: st.SearchStrategy[Tree]) -> Tree:
    """A chain that starts from a step, a formula, or several values."""
    kind = draw(st.sampled_from(("step", "step", "formula", "from", "chain")))
    rest = draw(st.lists(steps, max_size=3))
    if kind == "formula":
        start: Tree = fields({"value": scalar(draw(formulas))})
    elif kind == "from":
        start = draw(steps)
        if isinstance(start, Scalar):
            start = fields({start.text: fields({})})
        sources = draw(st.lists(st.one_of(words, _chains(steps)), min_size=2, max_size=3))
        assert isinstance(start, Fields)
        start = Fields((*start.entries, Entry(scalar("from"), items(*sources))), NOWHERE)
    elif kind == "chain":
        start = draw(steps)
        start, rest = items(start, draw(steps)), rest or [draw(steps)]
    else:
        start = draw(steps)
    return items(start, *rest) if rest else start


@st.composite
def _lines(draw: st.DrawFn, steps: st.SearchStrategy[Tree]) -> Tree:
    """A line of a body: a chain, mostly with a name."""
    chain = draw(_chains(steps))
    label: dict[str, Tree] = draw(
        st.one_of(
            st.just({}),
            names.map(lambda each: {"name": scalar(each)}),
            st.lists(names, min_size=2, max_size=3).map(lambda each: {"name": items(*map(scalar, each))}),
            names.map(lambda each: {"output": scalar(each)}),
            names.map(lambda each: {"output": scalar(each), "when": scalar("training")}),
            names.map(lambda each: {"next": scalar(each)}),
        )
    )
    if not label:
        return chain
    if isinstance(chain, Fields):
        return Fields((*chain.entries, *fields(label).entries), NOWHERE)
    if isinstance(chain, Scalar) and "name" in label:
        return fields({chain.text: fields({}), **label})
    return fields({**label, "chain": chain if isinstance(chain, Items) else items(chain)})


layers = st.recursive(_lines(simple), lambda inner: _lines(st.one_of(simple, _steps(inner))), max_leaves=6)


# ------------------------------------------------------------------------------------------------------ definitions


@st.composite
def parameters(draw: st.DrawFn) -> Tree:
    """A parameter: without a default, with one, or with a type."""
    kind = draw(st.sampled_from(("", "default", "type")))
    if kind == "":
        return scalar("")
    if kind == "default":
        return draw(settings)
    given: dict[str, Tree] = {"type": scalar(draw(st.sampled_from(("int", "number", "flag", "word", "list", "layer"))))}
    among = draw(st.lists(scalars, max_size=3))
    if among:
        given["values"] = items(*among)
    given |= draw(st.dictionaries(st.sampled_from(("min", "max")), scalars, max_size=2))
    return fields(given | ({"default": draw(settings)} if draw(st.booleans()) else {}))


inputs = st.one_of(
    shapes,
    st.tuples(shapes, st.sampled_from(("int", "float"))).map(
        lambda each: fields({"shape": each[0], "element": scalar(each[1])})
    ),
)
initialisers = st.one_of(
    expressions.map(scalar),
    st.tuples(expressions, expressions).map(lambda each: fields({"1": scalar(each[0]), "bias": scalar(each[1])})),
)
conditions = st.one_of(
    expressions.map(scalar),
    st.tuples(expressions, texts).map(lambda each: fields({"that": scalar(each[0]), "message": each[1]})),
)
expectations = st.one_of(
    st.dictionaries(names, settings, min_size=1, max_size=3).map(lambda each: fields(dict(each))),
    st.lists(conditions, min_size=1, max_size=3).map(lambda each: items(*each)),
)


@st.composite
def definitions(draw: st.DrawFn, *, is_block: bool = False, is_cell: bool = False) -> dict[str, Tree]:
    """The keys of a model, block or cell; a block may be a chain."""
    parts: dict[str, st.SearchStrategy[Tree]] = {
        "doc": docs,
        "params": st.dictionaries(names, parameters(), min_size=1, max_size=4).map(fields),
        "inputs": st.dictionaries(names, inputs, min_size=1, max_size=3).map(fields),
        "init": initialisers,
        "expect": expectations,
    }
    if is_cell:
        parts["state"] = st.dictionaries(names, shapes, min_size=1, max_size=3).map(fields)
    found = {key: draw(part) for key, part in parts.items() if draw(st.booleans())}
    if is_block and draw(st.integers(0, 3)) == 0:
        chain = draw(_chains(st.one_of(simple, _steps(layers))))
        rest: dict[str, Tree] = {key: part for key, part in found.items() if key in ("doc", "params")}
        return {**rest, "chain": chain if isinstance(chain, Items) else items(chain)}
    return {**found, "layers": draw(_bodies(layers))}


parts_of_names = st.sampled_from(("layers", "0", "attn", "*", "größe", "w_1"))
weights = st.lists(parts_of_names, min_size=1, max_size=3).map(".".join)
renames = st.dictionaries(weights, st.one_of(weights, lines).map(scalar), min_size=1, max_size=3).map(
    lambda each: fields(dict(each))
)


@st.composite
def variants(draw: st.DrawFn) -> Tree:
    found: dict[str, Tree] = {"doc": draw(docs)} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        given = draw(arguments())
        found["set"] = given if isinstance(given, Fields) and given.entries else fields({"1": scalar("2")})
    return fields(found | ({"expect": draw(expectations)} if draw(st.booleans()) else {}))


@st.composite
def specs(draw: st.DrawFn) -> Fields:
    """A whole file: mostly a model, with blocks, cells and variants."""
    found: dict[str, Tree] = {}
    if draw(st.booleans()):
        files = st.sampled_from(("std.se", "blocks/se.arch", "a: b.yaml", "../x.arch"))
        found["use"] = items(*map(scalar, draw(st.lists(files, min_size=1, max_size=3, unique=True))))
    is_model = draw(st.integers(0, 4)) > 0
    if is_model:
        found |= {"model": scalar(draw(names)), **draw(definitions())}
        if draw(st.booleans()):
            found["rename"] = draw(renames)
    for key, is_cell in (("blocks", False), ("cells", True)):
        if draw(st.booleans()) or (key == "blocks" and not is_model):
            known = st.dictionaries(
                names, definitions(is_block=not is_cell, is_cell=is_cell).map(fields), min_size=1, max_size=2
            )
            found[key] = fields(dict(draw(known)))
    if is_model and draw(st.booleans()):
        found["variants"] = fields(dict(draw(st.dictionaries(names, variants(), min_size=1, max_size=3))))
    return fields(found)
