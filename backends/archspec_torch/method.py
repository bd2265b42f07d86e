"""A scope as the text of a `forward` method.

A value that only the next statement takes is called `x`; all others have names of their own, as they are read of again
further down. Where `x` is an input that is still needed, the running value is called `y`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, final

from archspec.graph import Graph, Path, Value
from archspec_torch.call import Call, Operation, Variable, printed
from archspec_torch.inline import Inline
from archspec_torch.layout import INDENT, assignment, expression, fits, header
from archspec_torch.naming import Names, word_for
from archspec_torch.scope import Scope, Step
from archspec_torch.solve import solved

BODY: Final = INDENT * 2
"""How far the statements of a method are indented."""

_MOST_TYPES: Final = 4
"""Of more outputs than this, the type does not tell the number."""


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


def forward(graph: Graph, scope: Scope, parameters: Sequence[str], access: Callable[[Path], str]) -> Iterator[str]:
    """The lines of the method, given the names of its inputs and how the module at a path is reached."""
    method = _Method(graph, scope, parameters, access)
    arguments = [f"{name}: Tensor" for name in parameters]
    if scope.path:
        arguments += [f"{variable.name}: int" for variable in method.sizes.values()]
    yield from header("def forward", ["self", *arguments], f" -> {_type(len(scope.outputs))}:", INDENT)
    if not scope.path:
        for name, variable in method.sizes.items():
            yield from assignment(variable.name, solved(name, dict(zip(scope.inputs, parameters, strict=True))), BODY)
    for number, step in enumerate(scope.steps):
        yield from method.statement(step, number)
    yield from method.result()


def _type(outputs: int) -> str:
    if outputs < 2:
        return "Tensor" if outputs else "None"
    return f"tuple[{', '.join(['Tensor'] * outputs if outputs <= _MOST_TYPES else ['Tensor', '...'])}]"


@final
class _Method:
    """The statements of a method, and the names of what they make."""

    def __init__(self, graph: Graph, scope: Scope, parameters: Sequence[str], access: Callable[[Path], str]) -> None:
        self.graph = graph
        self.scope = scope
        self.access = access
        self.variables = dict(zip(scope.inputs, parameters, strict=True))
        self.bound = set(parameters)
        self.uses = self._uses()
        self.names = Names.of_method(parameters)
        self.sizes = {name: Variable(self.names.fresh(name)) for name in scope.sizes}
        self.running = self._running()
        ends_running = bool(scope.steps) and self._is_running(scope.steps[-1], len(scope.steps) - 1)
        self.last = self.running if ends_running else ""
        """What the last statement makes, if it is the running value."""

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
        return not step.gives_tuple and all(set(self.uses.get(each, ())) == {number + 1} for each in step.outputs)

    def statement(self, step: Step, number: int) -> Iterator[str]:
        """The lines of a statement. From then on, what it makes has a name."""
        made = self._made(step)
        used = [value for value in step.outputs if value in self.uses]
        shapes = ", ".join(str(value.shape) for value in used)
        if not used:
            yield from expression(made, BODY, BODY, "")
        elif step.gives_tuple:
            yield from self._taken_apart(step, made, shapes)
        else:
            (value,) = used
            wish = word_for(self.graph, value, len(step.path) - 1)
            is_running = self._is_running(step, number)
            self.variables[value] = name = self.running if is_running else self.names.fresh(wish)
            target = f"{name}: Tensor" if self._needs_type(value) else name
            self.bound.add(name)
            if not fits(f"{BODY}{target} = {printed(made)}"):
                before: list[str] = []
                made = self._without_parentheses(made, before)
                yield from before
            yield from assignment(target, made, BODY, shapes)

    def _without_parentheses(self, value: Any, lines: list[str]) -> Any:
        """A calculation that is too long for a line, with what stands in parentheses calculated in lines before it."""
        if not isinstance(value, Operation):
            return value
        operands = tuple(self._without_parentheses(each, lines) for each in value.operands)
        text, kept = printed(Operation(value.symbol, operands)), []
        for place, operand in enumerate(operands):
            inner = f"({printed(operand)})"
            is_inside = text.endswith(inner) if place + 1 == len(operands) else text.startswith(inner)
            if is_inside and isinstance(operand, Operation):
                name = self.names.fresh("part")
                lines += assignment(name, operand, BODY)
                operand = Variable(name)
            kept.append(operand)
        return Operation(value.symbol, tuple(kept))

    def _taken_apart(self, step: Step, made: Any, shapes: str) -> Iterator[str]:
        """A statement that gives each of several values a name, or one to all, where these are too many for a line."""
        names = {value: self.names.fresh(self._wish(value)) for value in step.outputs if value in self.uses}
        targets = [names.get(value, "_") for value in step.outputs]
        target = f"({targets[0]},)" if len(targets) == 1 else ", ".join(targets)
        if fits(f"{BODY}{target} = {printed(made)}"):
            for value, name in names.items():
                self.variables[value] = name
                if self._needs_type(value):
                    yield f"{BODY}{name}: Tensor"
        else:
            name = self.names.fresh(word_for(self.graph, step.outputs[0], len(step.path) - 1))
            target = f"{name}: tuple[Tensor, ...]"
            self.variables |= {value: f"{name}[{place}]" for place, value in enumerate(step.outputs)}
        yield from assignment(target, made, BODY, shapes)

    def _wish(self, value: Value) -> str:
        """A name for one of several values: that of the layer it comes from, with a number if there are more of it."""
        word = word_for(self.graph, value, len(value.producer) - 1)
        return word if len(self.graph.node(value.producer).outputs) == 1 else f"{word}_{value.port}"

    def _needs_type(self, value: Value) -> bool:
        """Whether it must be said that a value is a tensor.

        What a module gives may be anything to a type checker, which minds that only where it alone is returned.
        """
        returned = {self.variables.get(each, self.last) for each in self.scope.outputs}
        return returned == {self.variables[value]} and not returned <= self.bound

    def _made(self, step: Step) -> Any:
        """What is on the right of a statement."""
        inputs = [Variable(self.variables[value]) for value in step.inputs]
        sizes = {
            name: Variable(f"{self.variables[place[0]]}.shape[{place[1]}]") if place else self.sizes[name]
            for name, place in step.sizes.items()
        }
        if isinstance(step.lowered, Inline):
            return step.lowered.over(inputs, sizes)
        return Call(self.access(step.path), (*inputs, *sizes.values()))

    def result(self) -> Iterator[str]:
        found = [self.variables[value] for value in self.scope.outputs]
        if not found:
            return
        line = f"{BODY}return {', '.join(found)}"
        if fits(line):
            yield line
        else:
            yield from expression(tuple(map(Variable, found)), f"{BODY}return ", BODY, "")
