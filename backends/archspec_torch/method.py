"""A scope as the text of a `forward` method.

A value that only the next statement takes is called `x`; all others have names of their own, as they are read of again
further down. Where `x` is an input that is still needed, the running value is called `y`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, final

from archspec.graph import Graph, Output, Path, Value
from archspec_torch.call import Call, Given, Operation, Variable, printed
from archspec_torch.in_place import is_sum_in_place
from archspec_torch.inline import Inline
from archspec_torch.layout import INDENT, assignment, expression, fits, header
from archspec_torch.naming import Names, has_states, is_fit, word_for
from archspec_torch.reach import LOOKED_UP, looked_up
from archspec_torch.results import OPTIONAL, Results, type_of
from archspec_torch.scope import Scope, Step
from archspec_torch.solve import solved

BODY: Final = INDENT * 2
"""How far the statements of a method are indented."""


def shape_of(value: Value) -> str:
    """The shape of a value, as comments say it."""
    return str(value.shape)


def parameters_of(graph: Graph, scope: Scope) -> list[str]:
    """Names for the inputs of the method of a group: the first is `x`, others are called as around the group."""
    names = Names.of_method(scope.sizes)
    parameters: list[str] = []
    for value in scope.inputs:
        common = 0
        while value.producer[common : common + 1] == scope.path[common : common + 1]:
            common += 1
        parameters.append(names.fresh(word_for(graph, value, common) if parameters else "x"))
    return parameters


def method(
    graph: Graph,
    scope: Scope,
    parameters: Sequence[str],
    reach: Callable[[Path], str],
    results: Results | None = None,
    name: str = "forward",
    shown: Callable[[Value], str] = shape_of,
    kept: Mapping[str, Variable] = MappingProxyType({}),
    loops: Container[Path] = (),
) -> Iterator[str]:
    """The lines of a method, given the names of its inputs and how the module at a path is reached.

    `shown` is what comments say of the shape of a value, `kept` has the attributes of the class that are parameters of
    the model, and `loops` the groups whose members are called in a loop.
    """
    method = _Method(graph, scope, parameters, reach, results, shown, kept, loops)
    arguments = [f"{name}: Tensor" for name in parameters]
    if scope.path:
        arguments += [f"{variable.name}: int" for variable in method.sizes.values()]
    given = type_of(len(scope.outputs)) if results is None else results.name
    yield from header(f"def {name}", ["self", *arguments], f" -> {given}:", INDENT)
    if not scope.path:
        for size, variable in method.sizes.items():
            yield from assignment(variable.name, solved(size, dict(zip(scope.inputs, parameters, strict=True))), BODY)
    for in_training_only, steps in groupby(enumerate(scope.steps), lambda numbered: numbered[1].in_training_only):
        if in_training_only:
            yield from method.in_training(tuple(steps))
            continue
        for number, step in steps:
            yield from method.statement(step, number, BODY)
    yield from method.result()


@final
class _Method:
    """The statements of a method, and the names of what they make."""

    def __init__(
        self,
        graph: Graph,
        scope: Scope,
        parameters: Sequence[str],
        reach: Callable[[Path], str],
        results: Results | None,
        shown: Callable[[Value], str],
        kept: Mapping[str, Variable],
        loops: Container[Path],
    ) -> None:
        self.graph = graph
        self.loops = loops
        self.kept = kept
        self.shown = shown
        self.scope = scope
        self.reach = reach
        self.results = results
        self.variables = dict(zip(scope.inputs, parameters, strict=True))
        self.bound = set(parameters)
        self.uses = self._uses()
        self.wishes = {output.value: output.name for output in reversed(self._called_as_given())}
        """What values are called that the model gives."""

        self.given: dict[Value, str] = {}
        """What is given, where it is not what the value is called."""

        self.names = Names.of_method((*parameters, results.name) if results else parameters)
        self.sizes = {name: Variable(self.names.fresh(name)) for name in scope.sizes}
        self.taken_apart = {value for step in scope.steps if step.gives_tuple for value in step.outputs}
        self.sums = {step.inputs[0]: step for step in scope.steps if self._is_in_place(step)}
        self.running = self._running()
        ends_running = bool(scope.steps) and self._is_running(scope.steps[-1], len(scope.steps) - 1)
        self.last = self.running if ends_running else ""
        """What the last statement makes, if it is the running value."""

    def _called_as_given(self) -> Sequence[Output]:
        """The outputs whose values go by their names: not those in training only that are there anyway, or used up."""
        return [
            each
            for each in (self.results.outputs if self.results else ())
            if not each.in_training_only or not (self._is_there_anyway(each.value) or self._is_used(each.value))
        ]

    def _is_there_anyway(self, value: Value) -> bool:
        return value.producer not in self.graph.in_training_only

    def _is_used(self, value: Value) -> bool:
        """Whether it is not only given, but taken by a statement."""
        return min(self.uses[value]) < len(self.scope.steps)

    def _uses(self) -> Mapping[Value, list[int]]:
        """The numbers of the statements that take each value; the last is the one that returns."""
        uses: dict[Value, list[int]] = {}
        for number, step in enumerate(self.scope.steps):
            for value in step.uses:
                uses.setdefault(value, []).append(number)
        for value in self.scope.outputs:
            uses.setdefault(value, []).append(len(self.scope.steps))
        return uses

    def _running(self) -> str:
        """The name of each value that only the next statement takes."""
        made = [number for number, step in enumerate(self.scope.steps) if self._is_running(step, number)]
        inputs = {name: value for value, name in self.variables.items()}
        for name in ("x", "y", "z"):
            if name not in inputs:
                return self.names.fresh(name)
            if not made or max(self.uses.get(inputs[name], [0])) <= made[0]:
                return name
        return self.names.fresh("x")

    def _is_running(self, step: Step, number: int) -> bool:
        used = [value for value in step.outputs if value in self.uses]
        if len(used) != 1 or used[0] in self.wishes or self._waits(number - 1):
            return False
        user = number + 2 if self._waits(number) else number + 1
        if set(self.uses[used[0]]) != {user}:
            return False
        if user < len(self.scope.steps) and self._is_in_place(after := self.scope.steps[user]):
            # A sum has the name of its first term.
            return after.inputs[:1] != (used[0],) or self._is_running(after, user)
        # A state that only the next statement takes is a state all the same.
        return used[0].port == 0 or not has_states(self.graph.node(used[0].producer))

    def _waits(self, number: int) -> bool:
        """Whether what a statement makes is left as it is by the next one, and then has something added to it."""
        if not 0 <= number < len(self.scope.steps) - 2 or self._waits(number - 1):
            return False
        made, between, after = self.scope.steps[number : number + 3]
        if not made.outputs:
            return False  # Nothing uses what it makes.
        is_first_term = made.outputs == after.inputs[:1] and (self._is_in_place(after) or self._is_sum(made, after))
        is_left = len(between.outputs) == 1 and made.outputs[0] not in between.uses
        return is_first_term and is_left and not made.in_training_only

    def _is_sum(self, made: Step, after: Step) -> bool:
        """Whether a statement adds two values, the first of which has no other name than the layer that makes it."""
        is_sum = len(after.inputs) == 2 and self.graph.node(after.outputs[0].producer).op.name == "add"
        return is_sum and word_for(self.graph, made.outputs[0], len(made.path) - 1) == made.path[-1]

    def _is_in_place(self, step: Step) -> bool:
        """Whether a sum is written over its first term, and has no name of its own."""
        is_named = any(value in self.wishes for value in step.outputs)
        is_alone = is_sum_in_place(step.lowered) and step.inputs[0] not in self.taken_apart
        return is_alone and not is_named and not step.in_training_only

    def statement(self, step: Step, number: int, indent: str) -> Iterator[str]:
        """The lines of a statement. From then on, what it makes has a name."""
        if step.path in self.loops:
            yield from self._loop(step, number, indent)
            return
        made = self._made(step)
        used = [value for value in step.outputs if value in self.uses]
        shapes = ", ".join(map(self.shown, used))
        if not used:
            yield from expression(made, indent, indent, "")
        elif step.gives_tuple:
            yield from self._taken_apart(step, number, made, shapes, indent)
        else:
            (value,) = used
            if self._is_in_place(step):
                first, second = (self.variables[each] for each in step.inputs)
                self.variables[value] = first
                line = f"{indent}{first} += {second}"
                yield f"{line}  # {shapes}" if fits(f"{line}  # {shapes}") else line
                return
            self.variables[value] = name = self._name(value, step, number)
            target = f"{name}: Tensor" if self._needs_type(value) else name
            self.bound.add(name)
            if not fits(f"{indent}{target} = {printed(made)}"):
                before: list[str] = []
                made = self._without_parentheses(made, before, indent)
                yield from before
            yield from assignment(target, made, indent, shapes)

    def _loop(self, step: Step, number: int, indent: str) -> Iterator[str]:
        """The lines that call the members of a group, each with what the one before it gave."""
        scope = step.scope
        carried = None if scope is None else scope.carried
        if scope is None or carried is None:
            raise ValueError(f"the members of `{'.'.join(step.path)}` do not run one after the other")
        (value,) = step.outputs
        inputs = [self.variables[each] for each in scope.steps[0].inputs]
        name = self._name(value, step, number)
        if name in (*inputs[:carried], *inputs[carried + 1 :]):
            name = self.names.fresh(word_for(self.graph, value, len(step.path) - 1))
        if name != inputs[carried]:
            target = f"{name}: Tensor" if name not in self.bound else name
            yield from assignment(target, Variable(inputs[carried]), indent)
        self.bound.add(name)
        self.variables[value] = inputs[carried] = name
        layer = self.names.fresh("layer")
        yield f"{indent}for {layer} in {self.reach(step.module)}:"
        made = Call(layer, tuple(map(Variable, inputs)))
        yield from assignment(name, made, indent + INDENT, self.shown(value))

    def in_training(self, steps: Sequence[tuple[int, Step]]) -> Iterator[str]:
        """The lines of statements that run in training only."""
        declared: list[str] = []
        lines: list[str] = []
        for number, step in steps:
            lines += self.statement(step, number, BODY + INDENT)
            for value in step.outputs:
                if len(self.scope.steps) not in self.uses.get(value, ()):
                    continue
                name = variable = self.variables[value]
                if self._is_used(value) or not variable.isidentifier():
                    # What is taken further cannot be what may be `None`: a type checker would mind.
                    self.given[value] = name = self.names.fresh(self._name_of_output(value))
                    lines += assignment(name, Variable(variable), BODY + INDENT)
                declared.append(name)
        yield from (f"{BODY}{name}: {OPTIONAL}" for name in declared)
        yield f"{BODY}if self.training:"
        yield from lines

    def _without_parentheses(self, value: Any, lines: list[str], indent: str) -> Any:
        """What is too long for a line, with what stands in parentheses, or is to be called, given a name before it."""
        if isinstance(value, Call) and value.function.startswith(LOOKED_UP):
            name = self.names.fresh("layer")
            lines += assignment(name, looked_up(value.function), indent)
            return replace(value, function=name)
        if not isinstance(value, Operation):
            return value
        operands = tuple(self._without_parentheses(each, lines, indent) for each in value.operands)
        text, kept = printed(Operation(value.symbol, operands)), []
        for place, operand in enumerate(operands):
            inner = f"({printed(operand)})"
            is_inside = text.endswith(inner) if place + 1 == len(operands) else text.startswith(inner)
            if is_inside and isinstance(operand, Operation):
                name = self.names.fresh("part")
                lines += assignment(name, operand, indent)
                operand = Variable(name)
            kept.append(operand)
        return Operation(value.symbol, tuple(kept))

    def _taken_apart(self, step: Step, number: int, made: Any, shapes: str, indent: str) -> Iterator[str]:
        """A statement that gives each of several values a name, or one to all, where these are too many for a line."""
        names = {value: self._name(value, step, number) for value in step.outputs if value in self.uses}
        gives = _gives(step)
        target = _target(gives, [names.get(value, "_") for value in step.outputs])
        if not fits(f"{indent}{target} = {printed(made)}"):
            before: list[str] = []
            made = self._without_parentheses(made, before, indent)
            yield from before
        is_call = not isinstance(step.lowered, Inline)
        if fits(f"{indent}{target} = {printed(made) if not is_call else made.function + '('}"):
            for value, name in names.items():
                self.variables[value] = name
                if self._needs_type(value):
                    yield f"{indent}{name}: Tensor"
                self.bound.add(name)
        else:
            name = self.names.fresh(word_for(self.graph, step.outputs[0], len(step.path) - 1))
            target = name
            if gives == tuple(range(len(step.outputs))):
                target = f"{name}: tuple[Tensor, ...]"
                if not fits(f"{indent}{target} = {printed(made)}"):
                    # With a type that has brackets of its own, formatters break lines in another way.
                    yield f"{indent}{target}"
                    target = name
            places = dict(_places(gives))
            self.variables |= {value: f"{name}{places[port]}" for port, value in enumerate(step.outputs)}
        yield from assignment(target, made, indent, shapes)

    def _name(self, value: Value, step: Step, number: int) -> str:
        """The name of what a statement makes."""
        if self._is_running(step, number):
            return self.running
        return self._taken_over(value, step, number) or self.names.fresh(self._wish(value, step))

    def _taken_over(self, value: Value, step: Step, number: int) -> str | None:
        """The name of what goes around some layers to be added to, which the sum takes over where it has none of its
        own."""
        node = self.graph.node(value.producer)
        has_name = value in self.wishes or node.is_named or self.graph.called(value, len(self.scope.path)) is not None
        if step.path != node.path or node.op.name != "add" or has_name or step.in_training_only:
            return None
        for each in step.inputs:
            name = self.variables[each]
            is_stream = each in self.scope.inputs or self.graph.node(each.producer).op.name == "add"
            is_done_with = max(self.uses[each]) == number and name.isidentifier() and name != self.running
            if is_stream and is_done_with and each.shape == value.shape:
                return name
        return None

    def _wish(self, value: Value, step: Step) -> str:
        """What to call a value: as it is given by the model, or after the layer, with a number if that has more; what
        has something added to it is called as the sum is."""
        while (after := self.sums.get(value)) is not None:
            value, step = after.outputs[0], after
        if is_fit(self.wishes.get(value, "")):
            return self.wishes[value]
        if not step.gives_tuple:
            return word_for(self.graph, value, len(step.path) - 1)
        word = word_for(self.graph, value, len(value.producer) - 1)
        node = self.graph.node(value.producer)
        is_told_apart = word == self.graph.called(value, len(value.producer) - 1) or has_states(node)
        return word if is_told_apart or len(node.outputs) == 1 else f"{word}_{value.port}"

    def _needs_type(self, value: Value) -> bool:
        """Whether it must be said that a value is a tensor.

        What a module gives may be anything to a type checker, which minds that only where it alone is returned.
        """
        if self.results is not None:
            return False
        returned = {self.variables.get(each, self.last) for each in self.scope.outputs}
        return returned == {self.variables[value]} and not returned <= self.bound

    def _made(self, step: Step) -> Any:
        """What is on the right of a statement."""
        inputs = [Variable(self.variables[value]) for value in step.inputs]
        sizes = {
            name: Variable(f"{self.variables[place[0]]}.shape[{place[1]}]") if place else self.sizes[name]
            for name, place in step.sizes.items()
        }
        if is_sum_in_place(step.lowered):
            return Operation("+", tuple(inputs))
        if isinstance(step.lowered, Inline):
            return step.lowered.over(inputs, {**self.kept, **sizes})
        passing = step.lowered.passing if step.lowered is not None else None
        if passing is None:
            return Call(self.reach(step.module), (*inputs, *sizes.values()))
        named = {name: inputs[given.position] for name, given in passing.named.items()}
        return Call(self.reach(step.module), _passed(passing.positional, inputs), named)

    def result(self) -> Iterator[str]:
        """The lines that give the outputs back."""
        found = [self.given.get(value, self.variables[value]) for value in self.scope.outputs]
        if self.results is not None:
            yield from self._kept_back(found)
            yield from expression(Call(self.results.name, tuple(map(Variable, found))), f"{BODY}return ", BODY, "")
        elif fits(line := f"{BODY}return {', '.join(found)}"):
            yield from [line] if found else []
        else:
            yield from expression(tuple(map(Variable, found)), f"{BODY}return ", BODY, "")

    def _kept_back(self, found: list[str]) -> Iterator[str]:
        """Statements that keep values back in evaluation, though they are there, and their names among all outputs."""
        lines: list[str] = []
        for number, output in enumerate(self.results.outputs if self.results else ()):
            if output.in_training_only and self._is_there_anyway(output.value):
                name = self.names.fresh(self._name_of_output(output.value))
                yield f"{BODY}{name}: {OPTIONAL}"
                lines += assignment(name, Variable(found[number]), BODY + INDENT)
                found[number] = name
        if lines:
            yield from (f"{BODY}if self.training:", *lines)

    def _name_of_output(self, value: Value) -> str:
        """A name for a value that is given in training only."""
        outputs = self.results.outputs if self.results else ()
        word = next(each.name for each in outputs if each.value == value and each.in_training_only)
        return word if is_fit(word) else "x"


def _passed(given: tuple[Any, ...], inputs: Sequence[Variable]) -> tuple[Any, ...]:
    """Inputs as a module takes them."""
    return tuple(inputs[each.position] if isinstance(each, Given) else _passed(each, inputs) for each in given)


def _gives(step: Step) -> tuple[Any, ...]:
    """How the outputs of a statement come: by number, and in tuples."""
    passing = step.lowered.passing if isinstance(step.lowered, Call) else None
    return tuple(range(len(step.outputs))) if passing is None or passing.gives is None else passing.gives


def _target(gives: tuple[Any, ...], names: Sequence[str]) -> str:
    """What stands on the left of a statement whose outputs are taken apart, given a name for each of them."""
    parts = []
    for each in gives:
        inner = _target(each, names) if isinstance(each, tuple) else names[each]
        # What nobody needs of a tuple is left in it.
        parts.append("_" if not inner.strip("_, ()") else f"({inner})" if isinstance(each, tuple) else inner)
    return f"({parts[0]},)" if len(parts) == 1 else ", ".join(parts)


def _places(gives: tuple[Any, ...]) -> Iterator[tuple[int, str]]:
    """Where each output is found, in brackets."""
    for place, each in enumerate(gives):
        if isinstance(each, tuple):
            yield from ((port, f"[{place}]{inner}") for port, inner in _places(each))
        else:
            yield each, f"[{place}]"
