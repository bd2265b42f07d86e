"""A graph as a model of ONNX: the module that the target `torch` gives, through the exporter of torch."""

from __future__ import annotations

import logging
import textwrap
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, final

from archspec import plugins
from archspec.backend import MissingLibraryError, ModuleBackend, Purpose, Target
from archspec.graph import Graph, Output
from archspec.size import Size, evaluate, names
from archspec.version import VERSION
from archspec_onnx.examples import apart, even_numbers, odd_numbers, open_sizes

if TYPE_CHECKING:
    from archspec.weights import WeightFile

TORCH: Final = "torch"
"""The target whose module is exported."""

SEED: Final = 0
"""Weights start from here, so that the same spec gives the same file."""

_WIDEST: Final = 160
"""How many letters of what the exporter says are shown."""

_LAYER: Final = "archspec.layer"
"""Under this name, each node of the file says which layer of the spec it is of."""


class NotExportedError(Exception):
    """The exporter cannot write a graph. Its text says why, in the words of the exporter."""


@final
@dataclass
class Exporter:
    """What writes models, and the last one that it wrote: each is checked by being written, and then asked for."""

    backend: ModuleBackend
    target: Target

    _graph: Graph | None = field(default=None, init=False)
    _data: bytes = field(default=b"", init=False)

    @staticmethod
    @cache
    def installed() -> Exporter:
        """The one there is.

        Raises:
            MissingLibraryError: something that it needs is not installed.
        """
        try:
            import onnx  # noqa: F401
            import onnxscript  # noqa: F401  # The exporter of torch writes with it.
            import torch  # noqa: F401
        except ModuleNotFoundError as error:
            if error.name not in ("onnx", "onnxscript", "torch"):
                raise
            needed = f"writing ONNX needs {error.name}; install it with `pip install 'archspec-nn[onnx]'`"
            raise MissingLibraryError(needed) from error
        backend, target = plugins.targets(Purpose.COMPILE).get(TORCH, (None, None))
        if not isinstance(backend, ModuleBackend) or target is None:
            raise MissingLibraryError(
                f"ONNX is written from what the target `{TORCH}` gives, which nothing here writes"
            )
        return Exporter(backend, target)

    def keep(self, graph: Graph) -> None:
        """Write a model that will be asked for.

        Raises:
            NotExportedError: it cannot be written.
        """
        self._data = self.export(graph)
        self._graph = graph

    def take(self, graph: Graph, weights: WeightFile | None = None) -> bytes:
        """A model, which is kept no longer; with the weights of a file, if any.

        Raises:
            NotExportedError: it cannot be written.
        """
        data = self._data if self._graph is graph and weights is None else self.export(graph, weights=weights)
        self._graph, self._data = None, b""
        return data

    def export(self, graph: Graph, fixed: Collection[str] = (), weights: WeightFile | None = None) -> bytes:
        """A model in which all open sizes are open but those of the given names; with the weights of a file, if any.

        Raises:
            NotExportedError: it cannot be written.
        """
        import onnx
        import torch

        with _silence():
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(SEED)
                module: Any = self.backend.module(graph)
            if weights is not None:
                self.backend.load_weights(module, weights)
            first = next(self._running(graph, odd_numbers(graph)), None)
            if first is None:
                raise NotExportedError("it does not run with any of the numbers tried for its open sizes")
            model = _model(graph, module, first, fixed)
            # The exporter takes numbers of its example for constants, and what it does with an odd one for what is done
            # with all, without a word. With other numbers it writes something else then.
            if set(open_sizes(graph)) - set(fixed):
                for other in islice(self._running(graph, apart(even_numbers(graph), first)), 1):
                    if _model(graph, module, {**other, **{name: first[name] for name in fixed}}, fixed) != model:
                        raise NotExportedError("what it writes depends on the numbers that it sees for open sizes")
        try:
            onnx.checker.check_model(model, full_check=True)
            inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise NotExportedError(_reason(error)) from error
        data: bytes = inferred.SerializeToString(deterministic=True)
        return data

    def _running(self, graph: Graph, numbers: Iterator[dict[str, int]]) -> Iterator[dict[str, int]]:
        """Of some numbers for the open sizes, those with which the model runs."""
        import torch

        with torch.device("meta"):
            module: Any = self.backend.module(graph)
        for chosen in numbers:
            try:
                with torch.device("meta"):
                    module.eval()(*_inputs(graph, chosen))
            except (RuntimeError, ValueError, IndexError):
                continue  # There are conditions on the numbers that the formulas do not have.
            yield chosen


@contextmanager
def _silence() -> Iterator[None]:
    """Lets the exporter work without a word; what it has to say, it says when it fails."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _inputs(graph: Graph, chosen: Mapping[str, int]) -> tuple[Any, ...]:
    import torch

    kinds = {"float": torch.float32, "int": torch.int64, "bool": torch.bool}
    inputs = []
    for value in graph.inputs:
        sizes: list[Any] = [evaluate(size, chosen) for size in value.shape]
        inputs.append(torch.zeros(sizes, dtype=kinds[value.shape.element]))
    return tuple(inputs)


def _model(graph: Graph, module: Any, chosen: Mapping[str, int], fixed: Collection[str]) -> Any:
    """The model as a message, without what depends on the machine or the example."""
    import onnx_ir
    import torch

    module.eval()
    inputs = _inputs(graph, chosen)
    dynamic = tuple(
        {axis: torch.export.Dim.AUTO for axis, size in enumerate(value.shape) if _is_open(size, fixed)}
        for value in graph.inputs
    )
    try:
        program = torch.onnx.export(module, inputs, dynamic_shapes=dynamic, dynamo=True, verbose=False, optimize=False)
    except Exception as error:  # It raises what it happens to meet, of any class.
        raise NotExportedError(_reason(error)) from error
    model = program.model  # type: ignore[union-attr]  # It gives none where it is given a file to write to.
    weights = _weights(module)
    _tidy(model, weights)
    _name(model, graph, weights)
    for value, known in zip((*model.graph.inputs, *model.graph.outputs), _values(graph), strict=True):
        sizes = [evaluate(size, {name: chosen[name] for name in fixed if name in chosen}) for size in known.shape]
        value.shape = onnx_ir.Shape([size if isinstance(size, int) else str(size) for size in sizes])
    return onnx_ir.to_proto(model)


def _weights(module: Any) -> dict[str, str]:
    """The names of all weights and buffers; one that has several is called by the first of them."""
    named = (*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False))
    firsts: dict[int, str] = {}
    return {name: firsts.setdefault(id(tensor), name) for name, tensor in named}


def _is_open(size: Size, fixed: Collection[str]) -> bool:
    return not isinstance(size, int) and not set(names(size)) <= set(fixed)


def _values(graph: Graph) -> tuple[Any, ...]:
    return (*graph.inputs, *_outputs(graph))


def _outputs(graph: Graph) -> tuple[Output, ...]:
    return tuple(output for output in graph.outputs if not output.in_training_only)


def _reason(error: BaseException) -> str:
    """What went wrong at first, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return textwrap.shorten(line, _WIDEST, placeholder=" ...")


def _tidy(model: Any, weights: Collection[str]) -> None:
    """Calculate what is known already, save for weights: they keep their names, so that others can be put there."""
    from onnx_ir.passes import Sequential, common
    from onnxscript import optimizer

    def may_fold(node: Any) -> bool | None:
        takes_weight = any(value is not None and value.name in weights for value in node.inputs)
        return False if takes_weight else None

    optimizer.fold_constants(model, should_fold=may_fold)
    passes: list[Any] = [common.CommonSubexpressionEliminationPass(), common.RemoveUnusedNodesPass()]
    if sum(1 for _ in model.graph.all_nodes()) == len(model.graph):
        # In the branches of an `If`, they take away what the branch has to give. The inference of shapes overlooks some
        # constants that are nodes.
        lifting = common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)
        passes = [lifting, common.IdentityEliminationPass(), *passes]
    Sequential(*passes, common.OutputFixPass())(model)


def _name(model: Any, graph: Graph, weights: Mapping[str, str]) -> None:
    """Call inputs, outputs and weights as the spec does, and say of each node which layer it is of.

    All else is numbered: its names have a slash, as no name of a spec or a weight has.
    """
    from ast import literal_eval

    layers = {node.name for node in graph.nodes}
    graphs = (model.graph, *model.graph.subgraphs())
    counted = count()
    for each in graphs:
        for value in tuple(each.initializers.values()):
            value.name = weights.get(value.name, "") or f"constant/{next(counted)}"
    for each in graphs[1:]:
        for value in each.inputs:
            value.name = f"given/{next(counted)}"
    for node in model.graph.all_nodes():
        scopes = literal_eval(node.metadata_props.get("pkg.torch.onnx.name_scopes", "[]"))
        node.metadata_props.clear()
        for scope in layers.intersection(scopes):
            node.metadata_props[_LAYER] = scope
        node.name = f"{node.op_type.lower()}/{next(counted)}"
        for port, value in enumerate(node.outputs):
            # One that is left out has no name.
            value.name = value.name and (f"{node.name}/{port}" if port else node.name)
            value.shape = None  # It may be that of the example.
            value.metadata_props.clear()
    for value, known in zip((*model.graph.inputs, *model.graph.outputs), _values(graph), strict=True):
        value.name = known.name
        value.metadata_props.clear()
    for each in graphs:
        each.metadata_props.clear()
        for value in each.initializers.values():
            value.metadata_props.clear()
    model.metadata_props.clear()
    model.producer_name, model.producer_version = "archspec-nn", VERSION
    model.graph.name = graph.name
    model.doc_string = graph.doc or None
