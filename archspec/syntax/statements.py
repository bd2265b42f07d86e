"""What was parsed as the definitions of a file, as the keys of a Tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from archspec.catalog.text import DuplicateKey
from archspec.source import Span
from archspec.syntax.automaton import Node, Part, Token
from archspec.syntax.flow import FlowReader
from archspec.syntax.parsing import as_node, as_token, nodes, parts
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, one_of
from archspec.syntax.values import ValueReader


@final
class FileReader:
    """Turns what was parsed of a file into the keys that the same file has in YAML."""

    def __init__(self, values: ValueReader) -> None:
        self.values = values
        self.flow = FlowReader(values, may_hold_braces=True)
        self.uses: list[Scalar] = []
        self.model: list[Entry] = []
        self.definitions: dict[str, list[Entry]] = {"blocks": [], "cells": [], "variants": []}
        self.variants_of: list[Scalar] = []

    def file(self, node: Node) -> Fields:
        for each in nodes(node):
            match each.data:
                case "use":
                    self.use(each)
                case "variant":
                    self.variant(each)
                case _:
                    self.definition(each)
        self.check_variants()
        entries = list(self.model)
        if self.uses:
            place = self.uses[0].span.until(self.uses[-1].span)
            entries.append(Entry(self.values.key("use", place), Items(tuple(self.uses), place)))
        for key, named in self.definitions.items():
            if named:
                place = named[0].key.span.until(named[-1].value.span)
                entries.append(Entry(self.values.key(key, place), self.values.fields(named, place)))
        return self.values.fields(entries, self.values.place(node))

    def use(self, node: Node) -> None:
        (name,) = parts(node)
        self.uses.append(self.values.string(name) if isinstance(name, Token) else self.values.written(as_node(name)))

    def variant(self, node: Node) -> None:
        """A variant: its name with what it sets and expects, and the model that it is of."""
        doc, word, model, arguments, body = parts(node)
        entries = self.doc(doc)
        if arguments is not None:
            settings = self.values.settings(as_node(arguments))
            if not isinstance(settings, Fields):
                settings = Fields((Entry(Scalar("1", settings.span), settings),), settings.span)
            entries.append(Entry(self.values.key("set", settings.span), settings))
        if body is not None:
            expectations = []
            for each in nodes(as_node(body)):
                if each.data == "expect":
                    expectations.append(each)
                else:
                    self.values.refuse(self.values.place(each), "the braces of a variant hold `expect` lines")
            entries += self.expectations(expectations)
        self.definitions["variants"].append(
            Entry(self.values.word(word), Fields(tuple(entries), self.values.place(node)))
        )
        self.variants_of.append(self.values.word(model))

    def check_variants(self) -> None:
        model = self.model[0].value if self.model else None
        for of in self.variants_of:
            if isinstance(model, Scalar) and of.text != model.text:
                problem = f"a variant is one of the model of its file, `{model.text}`, and not of `{of.text}`"
                self.values.refuse(of.span, problem, f"write `{model.text}`")

    def definition(self, node: Node) -> None:
        """A model, a block or a cell."""
        doc, *kinds, word, parameters, body = parts(node)
        kind = str(kinds[0]) if kinds else "block"
        name = self.values.word(word)
        entries = self.doc(doc)
        if parameters is not None:
            entries.append(Entry(self.values.key("params", name.span), self.parameters(as_node(parameters))))
        entries += self.content(as_node(body), kind)
        if kind != "model":
            self.definitions[f"{kind}s"].append(Entry(name, Fields(tuple(entries), self.values.place(node))))
        elif self.model:
            problem = f"a file has one model, and this is another beside `{self.model[0].value.span.text}`"
            self.values.refuse(name.span, problem, "give it a file of its own")
        else:
            self.model = [Entry(self.values.key("model", name.span), name), *entries]

    def content(self, node: Node, kind: str) -> Iterator[Entry]:
        """What stands in the braces of a definition, or the chain that it is."""
        if node.data == "body":
            yield from self.body(node, kind)
            return
        chain = self.flow.chain(node)
        steps = chain if isinstance(chain, Items) else Items((chain,), chain.span)
        yield Entry(self.values.key("chain", chain.span), steps)

    def doc(self, part: Part) -> list[Entry]:
        if part is None:
            return []
        text = self.values.string(parts(as_node(part))[0])
        return [Entry(self.values.key("doc", text.span), text)]

    # Parameters

    def parameters(self, node: Node) -> Fields:
        return self.values.fields([self.parameter(each) for each in nodes(node)], self.values.place(node))

    def parameter(self, node: Node) -> Entry:
        name, kind, default = parts(node)
        place = self.values.place(node)
        if kind is not None:
            return Entry(self.values.word(name), self.typed(as_node(kind), default, place))
        return Entry(self.values.word(name), Scalar("", place) if default is None else self.values.value(default))

    def typed(self, kind: Node, default: Part, place: Span) -> Fields:
        """A parameter with its type: what limits it under the names of the limits, or under `values`."""
        name, limits = parts(kind)
        word = self.values.word(name)
        entries = [Entry(self.values.key("type", word.span), word)]
        given = [] if limits is None else self.values.arguments(nodes(as_node(limits))) or []
        values = [entry.value for entry in given if entry.key.text.isdecimal()]
        if values:
            among = Items(tuple(values), values[0].span.until(values[-1].span))
            entries.append(Entry(self.values.key("values", among.span), among))
        entries += given[len(values) :]
        if default is not None:
            value = self.values.value(default)
            entries.append(Entry(self.values.key("default", value.span), value))
        return self.values.fields(entries, place)

    # Bodies

    def body(self, node: Node, kind: str) -> Iterator[Entry]:
        """The keys that the statements of a model, a block or a cell make."""
        place = self.values.place(node)
        found: dict[str, list[Node]] = {"input": [], "state": [], "init": [], "rename": [], "expect": []}
        layers: list[Tree] = []
        for each in nodes(node):
            if each.data == "state" and kind != "cell":
                self.values.refuse(self.values.place(each), "`state` belongs to a cell")
            elif each.data == "rename" and kind != "model":
                problem, cure = "`rename` belongs to the model", "say there what its weights are called in files"
                self.values.refuse(self.values.place(each), problem, cure)
            elif each.data in found:
                found[each.data].append(each)
            else:
                layers.append(self.flow.statement(each))
        yield from self.shapes("inputs", [self.input(each) for each in found["input"]], place)
        yield from self.shapes("state", [each for line in found["state"] for each in self.state(line)], place)
        yield from self.initialisation(found["init"])
        yield Entry(self.values.key("layers", place), Items(tuple(layers), place))
        yield from self.expectations(found["expect"])
        yield from self.renames(found["rename"])

    def shapes(self, key: str, entries: list[Entry], place: Span) -> Iterator[Entry]:
        if entries:
            extent = entries[0].value.span.until(entries[-1].value.span)
            yield Entry(self.values.key(key, place), self.values.fields(entries, extent))

    def input(self, node: Node) -> Entry:
        name, sizes, element = parts(node)
        shape = self.values.value(sizes)
        if element is None:
            return Entry(self.values.word(name), shape)
        kind = self.values.word(element)
        entries = (
            Entry(self.values.key("shape", shape.span), shape),
            Entry(self.values.key("element", kind.span), kind),
        )
        return Entry(self.values.word(name), Fields(entries, shape.span.until(kind.span)))

    def state(self, node: Node) -> Iterator[Entry]:
        for each in nodes(node):
            name, shape = parts(each)
            yield Entry(self.values.word(name), self.values.value(shape))

    def initialisation(self, lines: list[Node]) -> list[Entry]:
        """How the weights of a body start: there is one such line."""
        entries = []
        for line in lines:
            place = self.values.place(line)
            entries.append(Entry(self.values.key("init", place), self.values.settings(line)))
        for again in entries[1:]:
            self.values.report.add(DuplicateKey(again.key.span, "init", entries[0].key.span))
            entries[0] = one_of(entries[0], again)
        return entries[:1]

    def renames(self, lines: list[Node]) -> Iterator[Entry]:
        if lines:
            place = self.values.place(lines[0]).until(self.values.place(lines[-1]))
            yield Entry(self.values.key("rename", place), self.values.fields(list(map(self.rename, lines)), place))

    def rename(self, node: Node) -> Entry:
        own, stored = map(as_token, parts(node))
        is_quoted = stored.startswith('"')
        return Entry(self.values.word(own), self.values.string(stored) if is_quoted else self.values.word(stored))

    def expectations(self, statements: list[Node]) -> Iterator[Entry]:
        """`name == value` lines as fields where all are such and no name comes twice; else a list of conditions."""
        if not statements:
            return
        place = self.values.place(statements[0]).until(self.values.place(statements[-1]))
        equations = [entry for each in statements if (entry := self.equation(each)) is not None]
        value: Tree = Fields(tuple(equations), place)
        if len({entry.key.text for entry in equations}) < len(statements):
            value = Items(tuple(map(self.condition, statements)), place)
        yield Entry(self.values.key("expect", place), value)

    def equation(self, node: Node) -> Entry | None:
        condition, message = parts(node)
        comparison = as_node(condition)
        if comparison.data != "comparison" or message is not None:
            return None
        left, symbol, right = parts(comparison)
        if symbol != "==" or as_node(left).data != "name":
            return None
        return Entry(self.values.word(parts(as_node(left))[0]), self.values.value(right))

    def condition(self, node: Node) -> Tree:
        expression, message = parts(node)
        condition = self.values.value(expression)
        if message is None:
            return condition
        text = self.values.string(message)
        entries = (
            Entry(self.values.key("that", condition.span), condition),
            Entry(self.values.key("message", text.span), text),
        )
        return Fields(entries, condition.span.until(text.span))
