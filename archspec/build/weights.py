"""Weights that layers have from others: by a tie such as `weight=embed.weight`, or since they are used again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from msgspec import Struct
from msgspec.structs import replace

from archspec.build.assembly import Assembly
from archspec.build.scope import Scope
from archspec.build.start import ALL
from archspec.catalog.settings import InvalidSetting, UnknownSetting
from archspec.diagnostics import Report
from archspec.expression import Attribute, Name, is_unknown
from archspec.graph import Node, Path, Tie
from archspec.op import Op
from archspec.setting import accepted
from archspec.shape import Shape
from archspec.source import Span
from archspec.spelling import closest
from archspec.steps import Argument, Layer
from archspec.syntax.tree import Scalar


@final
class Shared(Struct):
    """A layer or group that is being used again."""

    name: str
    members: tuple[Path, ...]
    """The layers in it as it stands first."""

    use: Span
    first: Span
    position: int = 0
    """How many of the layers there are so far."""

    def find_missing(self, report: Report) -> None:
        """Report that there are fewer layers than at first, unless an error hides some."""
        if self.position < len(self.members) and not report.has_errors:
            self.tell_other_layers(report)

    def tell_other_layers(self, report: Report) -> None:
        from archspec.catalog.starts import UnlikeWeights

        problem = f"`{self.name}` has other layers here than where it stands first"
        report.add(UnlikeWeights(self.use, self.name, problem, self.first))


def apart(layer: Layer, kind: type[Op], scope: Scope) -> tuple[Layer, Sequence[Argument], Sequence[Argument]]:
    """A layer with the settings of its op alone; how its weights start; and the weights that it has from others."""
    starts, ties, own = [], [], []
    for each in layer.arguments:
        if each.key.text == "init" and "init" not in kind.settings():
            starts.append(Argument(Scalar(ALL, each.key.span), each.value))
        elif _is_tie(each, kind, scope):
            ties.append(each)
        else:
            own.append(each)
    return (replace(layer, arguments=tuple(own)) if starts or ties else layer), starts, ties


def _is_tie(argument: Argument, kind: type[Op], scope: Scope) -> bool:
    """Whether an argument speaks of a weight of another layer, or of that layer where its weight is meant."""
    name, value = argument.key.text, argument.value
    if name.isdecimal() or not isinstance(value, Attribute | Name):
        return False
    declared = kind.settings().get(name)
    if isinstance(value, Attribute):
        # A flag such as `bias` has the name of the weight that it speaks of.
        return declared is None or isinstance(declared.default, bool)
    return declared is None and scope.find_layer(value.text) is not None


def tie_of(
    argument: Argument, weights: Mapping[str, Shape], kind: type[Op], scope: Scope, assembly: Assembly, report: Report
) -> Tie | None:
    """The weight that one of the weights of a layer is, or `None` where a finding says that it is none."""
    from archspec.catalog.starts import UnknownWeight, UnlikeWeights

    name, value = argument.key.text, argument.value
    parts = value.parts if isinstance(value, Attribute) else (value.text,) if isinstance(value, Name) else ()
    text = ".".join(parts)
    if name not in weights:
        settings = kind.settings()
        if name in settings:
            report.add(InvalidSetting(value.span, kind.name, name, text, accepted(settings[name]), None, None))
        else:
            known = tuple(dict.fromkeys((*settings, *weights)))
            report.add(UnknownSetting(argument.key.span, kind.name, name, known, closest(name, known)))
        return None
    first, *rest = parts
    layer = scope.find_layer(first)
    if layer is None:
        is_value = scope.find(first) is not None
        problem = f"`{first}` is a value, and has no weights" if is_value else f"no layer before is called `{first}`"
        meant = None if is_value else closest(first, scope.visible())
        report.add(UnknownWeight(value.span, text, problem, None if meant is None else ".".join((meant, *rest))))
        return None
    place = layer.path
    while rest and assembly.node(place) is None:
        place = (*place, rest.pop(0))
        if place not in assembly.layers and place not in assembly.groups:
            if not report.has_errors:
                depth = len(place) - 1
                members = {each[depth] for each in assembly.layers if len(each) > depth and each[:depth] == place[:-1]}
                suggestion = closest(place[-1], members)
                meant = None if suggestion is None else ".".join((*place[:-1], suggestion, *rest))
                problem = f"`{'.'.join(place[:-1])}` has no layer `{place[-1]}`"
                report.add(UnknownWeight(value.span, text, problem, meant))
            return None
    node, weight = assembly.node(place), ".".join(rest)
    if node is None or not weight:
        problem = f"that is {'a group of layers' if node is None else 'a layer'}"
        meant = f"{text}.{name}" if node is not None and name in node.weights else None
        report.add(UnknownWeight(value.span, text, problem, meant))
        return None
    if weight not in node.weights:
        suggestion = closest(weight, node.weights)
        problem = f"`{node.name}` has no weight `{weight}`"
        report.add(UnknownWeight(value.span, text, problem, suggestion and f"{node.name}.{suggestion}"))
        return None
    if node.weights[weight] == weights[name]:
        return node.ties.get(weight, Tie(node.shares or node.path, weight))
    if not any(map(is_unknown, (*node.weights[weight], *weights[name]))):
        problem = f"`{name}` would be {weights[name]}, but `{text}` is {node.weights[weight]}"
        report.add(UnlikeWeights(value.span, text, problem, node.name_span or node.span))
    return None


def first_use(op: Op, weights: Mapping[str, Shape], shared: Shared, assembly: Assembly, report: Report) -> Path | None:
    """The layer that this is another use of, where layers are being used again."""
    from archspec.catalog.starts import UnlikeWeights

    position, shared.position = shared.position, shared.position + 1
    first = assembly.node(shared.members[position]) if position < len(shared.members) else None
    if first is None or first.op.name != op.name:
        if not report.has_errors:
            shared.tell_other_layers(report)
        return None
    unlike = _unlike(first, weights)
    if unlike is not None:
        shapes = f"its `{unlike}` is {first.weights.get(unlike)}, and would be {weights.get(unlike)}"
        problem = f"`{first.name}` cannot be used again here: {shapes}"
        cure = "give it what has the same features as at first, or use a layer with weights of its own"
        report.add(UnlikeWeights(shared.use, first.name, problem, first.name_span or first.span, cure))
    return first.shares or first.path


def _unlike(first: Node, weights: Mapping[str, Shape]) -> str | None:
    """The first weight that has another shape than it has at first, so far as no error hides what it has."""
    for name in dict.fromkeys((*first.weights, *weights)):
        mine, its = first.weights.get(name), weights.get(name)
        if mine != its and not any(map(is_unknown, (*(mine or ()), *(its or ())))):
            return name
    return None
