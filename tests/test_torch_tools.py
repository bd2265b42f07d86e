"""The tools of PyTorch that train and run models take a compiled one, and the numbers stay the same."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
import torch
from torch import Tensor

from tests.tool_cases import CASES, ROOT, every_case, fresh, given, gradients, loss, results

# -------------------------------------------------------------------------------------------------------- as a function


@every_case
def test_a_model_is_a_function_of_its_weights(name: str) -> None:
    module, inputs = fresh(name), given(name)
    slopes = gradients(module, inputs)
    weights = {key: each.detach() for key, each in module.named_parameters()}
    buffers = dict(module.named_buffers())

    def found(weights: dict[str, Tensor]) -> Tensor:
        return loss(torch.func.functional_call(module, (weights, buffers), inputs))

    functional = torch.func.grad(found)(weights)
    torch.testing.assert_close({key: functional[key] for key in slopes}, slopes)
    assert not any(each.any() for key, each in functional.items() if key not in slopes)


@every_case
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_vmap_gives_the_gradients_of_each_example(name: str) -> None:
    module, inputs = fresh(name), given(name)
    weights = {key: each.detach() for key, each in module.named_parameters()}
    buffers = dict(module.named_buffers())

    def found(weights: dict[str, Tensor], *example: Tensor) -> Tensor:
        batch = tuple(each.unsqueeze(0) for each in example)
        return loss(torch.func.functional_call(module, (weights, buffers), batch))

    several = torch.func.vmap(torch.func.grad(found), in_dims=(None, *(0 for _ in inputs)))(weights, *inputs)
    for number in range(len(inputs[0])):
        slopes = gradients(module, tuple(each[number : number + 1] for each in inputs))
        torch.testing.assert_close({key: several[key][number] for key in slopes}, slopes)


# --------------------------------------------------------------------------------------------- processes and precisions

PROCESS: Final = """
import os, sys
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from tests.tool_cases import CASES, fresh, given, gradients

torch.set_num_threads(1)
rank, store = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
for name, case in CASES.items():
    own = tuple(each[2 * rank : 2 * rank + 2] for each in given(name, {**case.first, "B": 4}))
    alone = gradients(fresh(name).train(), own)
    shared = DistributedDataParallel(fresh(name).train())
    found = {key.removeprefix("module."): each for key, each in gradients(shared, own).items()}
    assert found.keys() == alone.keys(), name
    for key, each in found.items():
        both = [torch.empty_like(each) for _ in range(2)]
        dist.all_gather(both, each)
        assert torch.equal(both[0], both[1]), (name, key)
        dist.all_gather(both, alone[key])
        torch.testing.assert_close(each, (both[0] + both[1]) / 2)
    print(name)
dist.destroy_process_group()
"""


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    (tmp_path / "process.py").write_text(PROCESS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, str(tmp_path / "process.py")]
    with ExitStack() as stack:
        processes = []
        for rank in range(2):
            process = subprocess.Popen(
                [*command, str(rank), str(tmp_path / "store")],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            output, errors = process.communicate(timeout=120)
            assert output.split() == list(CASES), errors


@every_case
def test_autocast_computes_nearly_the_same_with_fewer_bits(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected = results(module(*inputs))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = results(module(*inputs))
        total = loss(found)
    assert torch.bfloat16 in {each.dtype for each in found} or name == "open"
    for each, exact in zip(found, expected, strict=True):
        assert (each.float() - exact).norm() < 0.05 * exact.norm()
    total.backward()  # type: ignore[no-untyped-call]
    slopes = [each.grad for each in module.parameters() if each.grad is not None]
    assert slopes
    assert all(each.dtype is torch.float32 and each.isfinite().all() for each in slopes)


@every_case
def test_double_precision_agrees_with_single(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected = results(module(*inputs))
    wide = tuple(each.double() if each.is_floating_point() else each for each in inputs)
    for each, exact in zip(results(module.double()(*wide)), expected, strict=True):
        assert each.dtype is torch.float64
        torch.testing.assert_close(each.float(), exact)
