"""What methods give: the types, and the class of what a model gives where that is more than one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, final

from msgspec import Struct

from archspec.graph import Graph, Output, Value
from archspec_torch.layout import INDENT, docstring, fits, header
from archspec_torch.naming import Names, is_fit

_MOST_TYPES: Final = 4
"""Of more outputs than this, the type does not tell the number."""

OPTIONAL: Final = "Tensor | None = None"
"""The type and the first value of what there is in training only."""


@final
class Results(Struct, frozen=True):
    """A `NamedTuple`: it can be taken apart as a tuple, and its values be asked for by their names."""

    name: str
    model: str
    outputs: tuple[Output, ...]
    shown: Callable[[Value], str]
    """What is said of the shape of a value."""

    @classmethod
    def of(cls, graph: Graph, names: Names, shown: Callable[[Value], str]) -> Results | None:
        """The class for a model, if it needs one."""
        if len(graph.outputs) == 1:
            return None
        inputs = {value.name for value in graph.inputs}
        wish = f"{graph.name}Output" if is_fit(f"{graph.name}Output") else "Output"
        name = names.fresh(wish)
        while name in inputs:  # A method with an input of this name could not use the class.
            name = names.fresh(wish)
        return cls(name, graph.name, graph.outputs, shown)

    def text(self) -> str:
        """The source of the class."""
        lines = [*header(f"class {self.name}", ["NamedTuple"], ":", "")]
        lines += docstring(f"What `{self.model}` gives.\n\n{self._note()}", INDENT)
        lines.append("")
        for output in self.outputs:
            lines += _field(output, self.shown(output.value))
        return "\n".join(lines)

    def _note(self) -> str:
        if any(output.in_training_only for output in self.outputs):
            return "What may be `None` is there in training only."
        return "Each value can be asked for by its name."


def _field(output: Output, shape: str) -> Iterator[str]:
    """The declaration of an output; the comment is left out where there is no room for it."""
    start = f"{INDENT}{output.name}: "
    kind, equals, value = (OPTIONAL if output.in_training_only else "Tensor").partition(" = ")
    line = f"{start}{kind}{equals}{value}"
    if fits(line) or not (value or fits(f"{start}(")):
        comment = f"  # {shape}"
        yield line + comment if fits(line + comment) else line
    elif value and fits(f"{start}{kind} = ("):
        yield from (f"{start}{kind} = (", f"{INDENT * 2}{value}", f"{INDENT})")
    else:
        yield from (f"{start}(", f"{INDENT * 2}{kind}", f"{INDENT}){equals}{value}")


def type_of(outputs: int) -> str:
    """The type of so many tensors."""
    if outputs < 2:
        return "Tensor" if outputs else "None"
    return f"tuple[{', '.join(['Tensor'] * outputs if outputs <= _MOST_TYPES else ['Tensor', '...'])}]"
