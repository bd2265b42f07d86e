"""What was parsed as chains, formulas and lines of layers, as the layers of a Tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from archspec.catalog.text import SyntaxFault, TooDeep
from archspec.source import Hole, Span
from archspec.syntax.automaton import Node, Part
from archspec.syntax.fault import BRACES_IN_YAML, Fault
from archspec.syntax.parsing import DEEPEST, as_node, nodes, parts
from archspec.syntax.tree import NO_OPS, Entry, Fields, Items, Scalar, Tree
from archspec.syntax.values import ValueReader

FORMULAS: Final = ("sum_of_values", "product_of_values", "power_of_value", "negative")
"""The rules whose parts are values with an operator between or before them."""

NAMED: Final = "give it a name in a line of its own"


@final
class FlowReader:
    """Turns what was parsed of one scalar into layers."""

    def __init__(self, values: ValueReader, *, may_hold_braces: bool) -> None:
        self.values = values
        self.may_hold_braces = may_hold_braces

    def statement(self, node: Node) -> Tree:
        """The layers of one line."""
        match node.data, parts(node):
            case "naming", [*names, chain]:
                return self.naming([self.values.word(name) for name in names], as_node(chain))
            case "output", [name, chain, when]:
                conditions = [] if when is None else [self.labelled("when", self.values.word(when))]
                return self.marked(self.labelled("output", self.values.word(name)), as_node(chain), conditions)
            case "next", [name, chain]:
                return self.marked(self.labelled("next", self.values.word(name)), as_node(chain), [])
        return self.chain(node)

    def labelled(self, key: str, value: Tree) -> Entry:
        return Entry(self.values.key(key, value.span), value)

    def naming(self, names: list[Scalar], chain: Node) -> Tree:
        layer = self.chain(chain)
        several = Items(tuple(names), names[0].span.until(names[-1].span))
        label = self.labelled("name", names[0] if len(names) == 1 else several)
        if isinstance(layer, Scalar) and layer.text not in NO_OPS:
            return Fields((Entry(layer, Fields((), layer.span)), label), layer.span)
        return self.beside(_alone(layer), [label])

    def marked(self, label: Entry, chain: Node, conditions: list[Entry]) -> Tree:
        """A layer that is an output or the next value of a state: a single word may be the name of a value."""
        return self.beside(_alone(self.chain(chain)), [label, *conditions])

    def beside(self, layer: Tree, labels: list[Entry]) -> Tree:
        """A layer with what stands before its `=`."""
        if isinstance(layer, Fields):
            # The place of a layer is that of its op with its settings; the name knows its own.
            return Fields((*layer.entries, *labels), layer.span)
        steps = layer if isinstance(layer, Items) else Items((layer,), layer.span)
        return Fields((*labels, self.labelled("chain", steps)), labels[0].value.span.until(layer.span))

    # Chains

    def chain(self, node: Node) -> Tree:
        start, *rest = nodes(node)
        if start.data == "several" and len(nodes(start)) > 1:
            values = self.labelled("from", Items(tuple(map(self.chain, nodes(start))), self.values.place(start)))
            if not rest:
                place, problem = self.values.place(node), "several values stand here, and nothing is made of them"
                self.values.refuse(place, problem, "lead them somewhere: `(a, b) -> add`")
                return Hole(place)
            steps = (self.fed(self.step(rest[0]), values), *map(self.step, rest[1:]))
        else:
            steps = (self.start(start), *map(self.step, rest))
        return steps[0] if len(steps) == 1 else Items(steps, self.values.place(node))

    def start(self, node: Node) -> Tree:
        """What a chain starts with, where that is one value: a step, a formula, or a chain in parentheses."""
        if node.data in FORMULAS:
            return self.formula(node)
        if node.data == "several":
            return self.chain(nodes(node)[0])
        if node.data == "number":
            place = self.values.place(node)
            self.values.refuse(place, f"`{self.values.written(node).text}` is no layer")
            return Hole(place)
        return self.step(node)

    def formula(self, node: Node) -> Tree:
        """A formula as it was written, to be read by whoever knows the values."""
        text = self.values.written(node)
        if self.values.is_unreadable(text.text):
            return Hole(text.span)
        strangers = list(self.strangers(node))
        for finding in strangers:
            self.values.report.add(finding)
        return Hole(text.span) if strangers else Fields((self.labelled("value", text),), text.span)

    def strangers(self, node: Node) -> Iterator[SyntaxFault]:
        """What cannot stand in a formula. An exponent is an expression, in which nothing else can stand anyway."""
        place = self.values.place(node)
        match node.data, [each for each in parts(node) if isinstance(each, Node)]:
            case "power_of_value", [base, _]:
                yield from self.strangers(base)
            case "several", [chain] if len(nodes(chain)) == 1:
                yield from self.strangers(nodes(chain)[0])
            case "several", [chain]:
                yield SyntaxFault(place, "", problem="arrows cannot stand in a formula", cure=_without_arrows(chain))
            case "several", _:
                yield SyntaxFault(place, "", problem="a formula calculates with one value at a time")
            case "call", _ if parts(node)[-1] is None:
                return
            case "number", _:
                return
            case kind, operands if kind in FORMULAS:
                for operand in operands:
                    yield from self.strangers(operand)
            case _:
                yield SyntaxFault(place, "", problem="braces cannot stand in a formula", cure=NAMED)

    # Steps

    def step(self, node: Node) -> Tree:
        place = self.values.place(node)
        match node.data, parts(node):
            case "call", [name, _, None] if self.values.is_unreadable(str(name)):
                return Hole(place)
            case "call", [name, None, None]:
                return self.values.word(name)
            case "call", [name, arguments, branches]:
                return self.call(self.values.word(name), arguments, branches, place)
            case "group", [body]:
                return Fields((self.lines("layers", body),), place)
            case "residual", [body, shortcut]:
                sides = [self.lines("residual", body)]
                if shortcut is not None:
                    sides.append(self.lines("shortcut", shortcut))
                return Fields(tuple(sides), place)
            case "repeat", [times, body]:
                return Fields((self.labelled("repeat", self.values.value(times)), self.lines("layers", body)), place)
            case "for", [*names, values, body]:
                words = tuple(self.values.word(name) for name in names)
                loop = Entry(self.values.key("for", words[0].span), Items(words, words[0].span.until(words[-1].span)))
                among = self.labelled("in", self.values.value(values))
                return Fields((loop, among, self.lines("layers", body)), place)
            case "if", [condition, then, otherwise]:
                return self.choice(self.values.value(condition), then, otherwise, place)
        raise TypeError(f"the grammar gives no such step: {node.data}")

    def call(self, op: Scalar, arguments: Part, branches: Part, place: Span) -> Tree:
        """An op with its settings and with what is in the braces behind it."""
        given = Fields((), op.span) if arguments is None else self.values.settings(as_node(arguments))
        entries = [Entry(op, given)]
        if branches is not None:
            entries.append(self.lines("branches", parts(as_node(branches))[0]))
        return self.unless_key(op, Fields(tuple(entries), place))

    def fed(self, step: Tree, source: Entry) -> Tree:
        """A step with the values that flow into it."""
        if isinstance(step, Scalar):
            step = self.unless_key(step, Fields((Entry(step, Fields((), step.span)),), step.span))
        return Fields((*step.entries, source), step.span) if isinstance(step, Fields) else step

    def unless_key(self, op: Scalar, layer: Fields) -> Tree:
        """A layer, where its op is not called as the keys that stand beside it."""
        if op.text not in NO_OPS:
            return layer
        from archspec.syntax.elsewhere import CONSTRUCTS

        problem = f"`{op.text}` is a word of the language, and can be no op"
        self.values.refuse(op.span, problem, CONSTRUCTS.get(op.text, ""))
        return Hole(layer.span)

    def choice(self, condition: Tree, then: Part, otherwise: Part, place: Span) -> Tree:
        deeper, depth = otherwise, 0
        while deeper is not None and (node := as_node(deeper)).data == "if":
            deeper, depth = parts(node)[2], depth + 1
            if depth > DEEPEST:
                raise Fault(TooDeep(self.values.place(node), DEEPEST))
        entries = [self.labelled("if", condition), self.lines("then", then)]
        if otherwise is not None and as_node(otherwise).data == "if":
            step = self.step(as_node(otherwise))
            entries.append(self.labelled("else", Items((step,), step.span)))
        elif otherwise is not None:
            entries.append(self.lines("else", otherwise))
        return Fields(tuple(entries), place)

    def lines(self, key: str, part: Part) -> Entry:
        """The layers in a pair of braces, under the key that holds them."""
        body = as_node(part)
        place = self.values.place(body)
        if not self.may_hold_braces:
            start = body.start
            raise Fault(SyntaxFault(self.values.scalar.place(start, start + 1), "{", cure=BRACES_IN_YAML))
        layers = []
        for each in nodes(body):
            if each.data in ("input", "state", "init", "rename", "expect"):
                owner = "a cell" if each.data == "state" else "the model"
                problem = f"`{each.data}` belongs to {owner}, not to a group of layers"
                self.values.refuse(self.values.place(each), problem)
            else:
                layers.append(self.statement(each))
        return Entry(self.values.key(key, place), Items(tuple(layers), place))


def _without_arrows(chain: Node) -> str:
    """How a formula says what a chain in it says."""
    words = [str(parts(each)[0]) for each in nodes(chain) if each.data == "call" and not any(parts(each)[1:])]
    if len(words) == len(nodes(chain)) == 2:
        return f"write `{words[1]}({words[0]})`, or {NAMED}"
    return NAMED


def _alone(layer: Tree) -> Tree:
    """A single word as the only step of a chain: there it may be the name of a value."""
    return Items((layer,), layer.span) if isinstance(layer, Scalar) else layer
