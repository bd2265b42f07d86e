"""Asks torch of a spec whether archspec is right about it.

`archspec check` finds no error exactly when the compiled module runs, and then every value has the shape that was told:

- Of a spec without errors the module is run on random inputs, whose open sizes are bound to a few small numbers. Where
  the spec, with its sizes fixed to these numbers, is still without errors, the module must run, each of its layers must
  give the predicted shape, and its outputs must be what its layers give one by one. Where the spec is refused for these
  numbers, so it must be by torch.
- Of a spec with errors each layer that was refused is given to torch, on inputs of the shapes that it would have had.
  Torch must refuse it too, whatever numbers stand for its open sizes.

What is not about shapes at all, such as a name that nobody gave, is said by the language and not by torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from random import Random
from typing import Any, Final, final
from unittest.mock import patch

import torch
from torch import Tensor, nn

from archspec import Report, SpecError, loads
from archspec.build.alike import Alike
from archspec.build.placing import Placer
from archspec.catalog.shapes import ShapeFault, WrongElement
from archspec.expression import is_unknown
from archspec.graph import Graph
from archspec.op import Family, Op, ShapeError
from archspec.scan import Scan
from archspec.shape import Element, Shape
from archspec.size import Formula, SizeError, evaluate, names
from archspec.steps import Layer
from tests.interpreted import interpreted
from tests.left_out import is_left_out
from tests.lowered import quiet, torch_shapes


class Outcome(StrEnum):
    """What came of the comparison of a spec with torch."""

    RUNS = "both take it"
    REFUSED = "both refuse it"
    LANGUAGE = "the language refuses it, and not for its shapes"
    SETTING = "a setting has a value that the op does not take"
    NEVER = "it fits for no sizes that were tried, and torch refuses it for all of these"
    AXES = "so few or many axes that there is no form of it in torch"
    ELEMENT = "torch converts elements, and the language does not"
    LEFT_OUT = "torch does something that no architecture means"
    LARGE = "too large to be run here"
    DISAGREE = "they disagree"


@final
@dataclass(frozen=True)
class Verdict:
    """An outcome, and what there is to say of it."""

    outcome: Outcome
    words: str = ""


@final
@dataclass(frozen=True)
class Refusal:
    """A layer that was refused, with its inputs."""

    op: Op
    inputs: tuple[Shape, ...]
    error: str
    is_of_elements: bool = False
    """Whether it is refused for what its inputs are made of."""


MOST_WEIGHTS: Final = 30_000_000
MOST_MACS: Final = 3_000_000_000
"""Of what is larger than this, it takes too long to make and to run it."""

MOST_ELEMENTS: Final = 100_000_000


def compared(text: str, seed: int = 0) -> Verdict:
    """Whether torch says of a spec what archspec says."""
    try:
        return _compared(text, seed)
    except Exception as error:
        return Verdict(Outcome.DISAGREE, f"archspec itself fails: {type(error).__name__}: {error}")


def _compared(text: str, seed: int) -> Verdict:
    draw = Random(seed)  # noqa: S311  # Nothing is secret here.
    with noted() as refusals:
        model = loads(text, syntax="arch")
    report = model.check()
    if report.has_errors:
        return _refused(report, refusals, draw)
    graph = model.graph
    open_sizes = sorted({name for value in graph.inputs for size in value.shape for name in names(size)})
    try:
        module: nn.Module | None = model.compile().double()
    except SpecError as error:
        # Sizes of weights are open, or Python has another meaning for a name.
        if any(each.code != "T002" for each in error.report):
            return Verdict(Outcome.LANGUAGE, f"in PyTorch: {', '.join(each.code for each in error.report)}")
        module = None
    found: list[Verdict] = []
    for tried, numbers in enumerate(bindings(open_sizes, draw)):
        if tried >= FEW and (Outcome.RUNS in {each.outcome for each in found} or not open_sizes):
            break
        found.append(_at(text, numbers, graph, module, draw))
        if found[-1].outcome is Outcome.DISAGREE:
            return found[-1]
    kinds = {each.outcome for each in found}
    for each in (Outcome.RUNS, Outcome.LARGE, Outcome.LEFT_OUT, Outcome.LANGUAGE):
        if each in kinds:
            return next(verdict for verdict in found if verdict.outcome is each)
    return Verdict(Outcome.NEVER, found[0].words)


FEW: Final = 2
"""So many times the open sizes are bound; more often only where nothing fitted."""


def bindings(open_sizes: Sequence[str], draw: Random) -> Iterator[Mapping[str, int]]:
    """Numbers for open sizes: at first all of them different, then other ones, then alike, then larger."""
    yield dict(zip(open_sizes, draw.sample(range(2, 4 + len(open_sizes)), len(open_sizes)), strict=True))
    yield {name: draw.randint(1, 6) for name in open_sizes}
    for number in (2, 4, 8, 32):
        yield {name: 2 if name == "B" else number for name in open_sizes}
    for most in (4, 12, 40):
        yield {name: 2 if name == "B" else draw.randint(1, most) for name in open_sizes}


def _at(text: str, numbers: Mapping[str, int], whole: Graph, module: nn.Module | None, draw: Random) -> Verdict:
    """What torch says of a spec whose open sizes have these numbers; the module is that of the whole graph."""
    with noted() as refusals:
        model = loads(text, syntax="arch", sizes=numbers)
    where = f"with {dict(numbers)}"
    if model.check().has_errors:
        verdict = _refused(model.check(), refusals, draw)
        if verdict.outcome is Outcome.REFUSED and module is not None and _runs(whole, module, numbers):
            return Verdict(Outcome.DISAGREE, f"{where} the module runs: {verdict.words}")
        return Verdict(verdict.outcome, f"{where}: {verdict.words}")
    graph = model.graph
    if is_large(graph):
        return Verdict(Outcome.LARGE)
    if module is None:
        try:
            module = model.compile().double()
        except SpecError as error:
            return Verdict(Outcome.DISAGREE, f"{where}: cannot be compiled: {said(error.report)}")
    is_training = any(output.in_training_only for output in graph.outputs)
    for mode in (False, True) if is_training else (False,):
        if problem := _difference(graph, module.train(mode)):
            return Verdict(Outcome.DISAGREE, f"{where}: {problem}")
    return Verdict(Outcome.RUNS, str(numbers))


def _runs(graph: Graph, module: nn.Module, numbers: Mapping[str, int]) -> bool:
    """Whether a module takes inputs of these sizes."""
    inputs = [example(_closed(value.shape, numbers), _entries(graph)) for value in graph.inputs]
    try:
        with quiet(), torch.no_grad():
            module.eval()(*inputs)
    except Exception:
        return False
    return True


def is_large(graph: Graph) -> bool:
    """Whether a graph whose sizes are all known takes too long to be run."""
    elements = [value.shape.elements for node in graph.nodes for value in (*node.inputs, *node.outputs)]
    most = {MOST_WEIGHTS: [graph.parameters], MOST_MACS: [graph.macs], MOST_ELEMENTS: elements}
    return any(isinstance(each, int) and each > limit for limit, found in most.items() for each in found)


def _difference(graph: Graph, module: nn.Module) -> str:
    """What a module does otherwise than its graph, whose sizes are all known, says."""
    torch.manual_seed(0)
    inputs = [example(value.shape, _entries(graph)) for value in graph.inputs]
    try:
        with quiet(), torch.no_grad():
            torch.manual_seed(1)
            outputs: Any = module(*inputs)
    except Exception as error:
        return f"the module fails: {type(error).__name__}: {error}"
    given = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    told = [
        None if output.in_training_only and not module.training else tuple(output.shape.sizes)
        for output in graph.outputs
    ]
    shapes = [None if each is None else tuple(each.shape) for each in given]
    if told != shapes:
        return f"the module gives {shapes}, and not {told}"
    try:
        with quiet(), torch.no_grad():
            torch.manual_seed(1)
            expected = interpreted(graph, module, inputs)
    except Exception as error:
        return f"a layer alone fails: {type(error).__name__}: {error}"
    for output, one, other in zip(graph.outputs, given, expected, strict=True):
        if one is None or other is None:
            continue
        if one.dtype != other.dtype or not torch.allclose(one.double(), other.double(), equal_nan=True):
            if module.training:
                continue  # What is left out by chance need not be the same.
            return f"`{output.name}` is another one than layer by layer"
    return ""


def example(shape: Shape, entries: int) -> Tensor:
    """A random input; whole numbers are those that every table has."""
    sizes = tuple(shape.sizes)
    match shape.element:
        case Element.INT:
            return torch.randint(0, entries, sizes)  # type: ignore[arg-type]
        case Element.BOOL:
            return torch.rand(sizes) < 0.5  # type: ignore[arg-type]
    return torch.randn(sizes, dtype=torch.float64)  # type: ignore[arg-type]


def _entries(graph: Graph) -> int:
    """How many whole numbers can be looked up in every layer that looks something up."""
    if any(node.op.name in ("gather", "take", "one_hot") for node in graph.nodes):
        return 1
    return min((node.op.entries for node in graph.nodes if hasattr(node.op, "entries")), default=5)


# --------------------------------------------------------------------------------------------------------- refusals


def _refused(report: Report, refusals: Sequence[Refusal], draw: Random) -> Verdict:
    """What torch says of the layers that were refused."""
    about_shapes = [each for each in report if isinstance(each, ShapeFault | WrongElement)]
    if not about_shapes:
        codes = {each.code for each in report}
        return Verdict(Outcome.SETTING if codes == {"A107"} else Outcome.LANGUAGE, said(report))
    outcomes = set()
    for each in refusals:
        verdict = _refusal(each, draw)
        if verdict.outcome is Outcome.DISAGREE:
            return verdict
        outcomes.add(verdict.outcome)
    for outcome in (Outcome.REFUSED, Outcome.ELEMENT, Outcome.AXES, Outcome.LEFT_OUT):
        if outcome in outcomes:
            return Verdict(outcome, said(report))
    return Verdict(Outcome.LANGUAGE, said(report))


def _refusal(refusal: Refusal, draw: Random) -> Verdict:
    """What torch says of a layer that was refused, whatever its open sizes are."""
    op, inputs = refusal.op, refusal.inputs
    if isinstance(op, Scan) or any(is_unknown(size) for each in inputs for size in each):
        return Verdict(Outcome.LANGUAGE)
    sizes = sorted({name for each in inputs for size in each for name in names(size)} | set(_open_in(op)))
    outcome = Outcome.REFUSED
    for numbers in islice(bindings(sizes, draw), 4):
        try:
            known, shapes = _closed_op(op, numbers), tuple(_closed(each, numbers) for each in inputs)
        except SizeError:
            continue
        if any(size < 1 or size > 10_000 for each in shapes for size in each):  # type: ignore[operator]
            continue
        if is_left_out(known, shapes):
            outcome = Outcome.LEFT_OUT
            continue
        try:
            found = torch_shapes(known, *shapes, device="cpu")
        except ShapeError:
            outcome = Outcome.AXES
            continue
        except Exception:  # noqa: S112  # Torch refuses it, as it should.
            continue
        if refusal.is_of_elements and _is_converted(known, shapes):
            outcome = Outcome.ELEMENT
            continue
        words = f"{known} on {shapes}: {refusal.error}, but torch gives {found}"
        return Verdict(Outcome.DISAGREE, words)
    return Verdict(outcome)


CONVERTING: Final = (
    *(Family.ACTIVATION, Family.ELEMENTWISE, Family.REGULARISATION, Family.REDUCTION),
    Family.MERGE,  # A sum of flags and fractions is one of fractions.
)
"""What torch does with whole numbers and flags too, as if they were fractions; ours are for what they are made for."""


def _is_converted(op: Op, inputs: tuple[Shape, ...]) -> bool:
    """Whether torch takes other elements of an op than we do, since it makes fractions of them or adds some to them."""
    return op.family in CONVERTING or op.name == "tokens" or op.name.endswith("_positions")


def _open_in(op: Op) -> Iterator[str]:
    for each in op.chosen().values():
        for value in each if isinstance(each, tuple) else (each,):
            if isinstance(value, Formula):
                yield from names(value)


def _closed_op(op: Op, numbers: Mapping[str, int]) -> Op:
    def closed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(closed, value))
        return evaluate(value, numbers) if isinstance(value, Formula) else value

    return op.model_copy(update={name: closed(value) for name, value in op.chosen().items()})


def _closed(shape: Shape, numbers: Mapping[str, int]) -> Shape:
    return shape.with_sizes(evaluate(size, numbers) for size in shape)


@contextmanager
def noted() -> Iterator[list[Refusal]]:
    """The layers that are refused meanwhile, since their inputs have no right shape or element."""
    found: list[Refusal] = []
    given: list[Shape] = []
    fitted, element = Alike.fitted, Placer.element

    def looking(self: Placer, layer: Layer, kind: type[Op], shape: Shape) -> Shape:
        given.append(shape)
        return element(self, layer, kind, shape)

    def fitting(self: Alike, op: Op, shapes: Sequence[Shape]) -> Any:
        # What has the wrong element is taken for what has the right one, so that its shape is looked at all the same.
        before = tuple(given[len(given) - len(shapes) :])
        if any(one.element is not other.element for one, other in zip(before, shapes, strict=False)):
            found.append(Refusal(op, before, "takes no such elements", is_of_elements=True))
        try:
            return fitted(self, op, shapes)
        except (ShapeError, SizeError) as error:
            found.append(Refusal(op, tuple(shapes), str(error)))
            raise

    with patch.object(Alike, "fitted", fitting), patch.object(Placer, "element", looking):
        yield found


def said(report: Report) -> str:
    return "; ".join(f"{each.code} {each.message()}" for each in report)
