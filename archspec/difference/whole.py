"""What differs between two models as wholes: names, parameters, inputs and outputs, and what is expected of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archspec.difference import Fact
from archspec.difference.wiring import Wirings
from archspec.expression import written
from archspec.graph import Output
from archspec.passes.receptive_field import ReceptiveField
from archspec.summary import Summary
from archspec.summary.wording import field


def facts_of_models(
    old: Summary, new: Summary, wirings: Wirings, expectations: tuple[Sequence[str], Sequence[str]]
) -> Iterator[Fact]:
    """What differs of two models as wholes."""
    if old.model != new.model:
        yield Fact("name", old.model, new.model)
    given = [{name: written(value) for name, value in each.graph.settings.items()} for each in (old, new)]
    yield from facts_by_name("parameter", *given)
    yield from facts_by_name("input", *({name: str(shape) for name, shape in each.inputs} for each in (old, new)))
    outputs = [{each.name: each for each in summary.graph.outputs} for summary in (old, new)]
    yield from facts_by_name("output", *({name: _gives(each) for name, each in some.items()} for some in outputs))
    for name, one in outputs[0].items():
        other = outputs[1].get(name)
        if other is not None and not wirings.are_same(one.value, other.value):
            yield Fact(
                "output comes from" if name == "output" else f"output {name} comes from",
                one.value.name,
                other.value.name,
            )
    fields = [_fields(each) for each in (old, new)]
    for name, seen in fields[0].items():
        if fields[1].get(name, seen) != seen:
            yield Fact("receptive field" if name == "output" else f"receptive field of {name}", seen, fields[1][name])
    mine, its = (dict.fromkeys(each) for each in expectations)
    for text in mine:
        if text not in its:
            yield Fact("expects", text, None)
    for text in its:
        if text not in mine:
            yield Fact("expects", None, text)


def _gives(output: Output) -> str:
    return f"{output.shape}, in training" if output.in_training_only else str(output.shape)


def _fields(summary: Summary) -> dict[str, str]:
    """What each output sees of the inputs, by its name; nothing where there is nothing to see."""
    found: dict[str, tuple[ReceptiveField, ...]] = {
        each.name: summary.fields[each.value.producer]
        for each in summary.graph.outputs
        if each.value.producer in summary.fields
    }
    return {name: field(each, is_named=len(summary.inputs) > 1) for name, each in found.items() if each}


def facts_by_name(title: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Fact]:
    """What differs between things that have names, such as inputs."""
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Fact(title if name == title else f"{title} {name}", old.get(name), new.get(name))
