"""A memory with slots: its numbers are those of its formulas, and specs with memories are the papers they name."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import archspec
from archspec.op import Op, ShapeError
from archspec.ops.memory import Address, Read, Write
from archspec.shape import Shape
from archspec.size import Size, named
from tests.lowered import call_of, module_of, result
from tests.read_once import read_once
from tests.test_emit import STRICTLY, said

B, H, N, W = map(named, "BHNW")


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(sum(sizes)), dtype=torch.double)


def product(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(one * other for one, other in zip(left, right, strict=True))


def addressed(memory: Tensor, key: Tensor, strength: float, score: str) -> list[float]:
    """The weights of one head in one example."""
    scores = []
    for slot in memory.tolist():
        found = product(slot, key.tolist())
        if score == "cosine":
            found /= sqrt(product(slot, slot)) * sqrt(product(key.tolist(), key.tolist()))
        scores.append(strength * found)
    powers = [exp(each) for each in scores]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("score", ["cosine", "dot"])
@pytest.mark.parametrize("has_strength", [True, False])
def test_slots_are_addressed_by_what_is_in_them(score: Any, has_strength: bool) -> None:
    memory, keys, strengths = random(2, 4, 5), random(2, 3, 5), random(2, 3).exp()
    op = Address(score=score)
    found = result(op, memory, keys, strengths) if has_strength else result(op, memory, keys)
    for example in range(2):
        for head in range(3):
            strength = strengths[example, head].item() if has_strength else 1.0
            expected = addressed(memory[example], keys[example, head], strength, score)
            assert found[example, head].tolist() == pytest.approx(expected)
    one = result(op, memory, keys[:, 1], *([strengths[:, 1:2]] if has_strength else []))
    torch.testing.assert_close(one, found[:, 1])


def test_an_empty_memory_is_addressed_evenly_and_can_be_learned_with() -> None:
    memory, key = torch.zeros(1, 4, 5, requires_grad=True), torch.zeros(1, 5, requires_grad=True)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        weights = module_of(Address(), memory, key)(memory.to(dtype), key.to(dtype))
        assert weights.tolist() == [[0.25, 0.25, 0.25, 0.25]]
        weights.square().sum().backward()
        for tensor in (memory, key):
            assert tensor.grad is not None
            assert tensor.grad.isfinite().all()


def test_what_is_read_is_the_sum_of_slots_times_weights() -> None:
    memory, weights = random(2, 4, 5), random(2, 3, 4)
    found = result(Read(), memory, weights)
    for example in range(2):
        for head in range(3):
            expected = [
                product(weights[example, head].tolist(), memory[example, :, place].tolist()) for place in range(5)
            ]
            assert found[example, head].tolist() == pytest.approx(expected)
    torch.testing.assert_close(result(Read(), memory, weights[:, 2]), found[:, 2])


def written(memory: Tensor, weights: Tensor, erase: Tensor, add: Tensor) -> Tensor:
    """Each head after the other: first all erase, then all add."""
    found = memory.clone()
    heads = weights.shape[1]
    for example in range(memory.shape[0]):
        for slot in range(memory.shape[1]):
            for head in range(heads):
                found[example, slot] *= 1 - weights[example, head, slot] * erase[example, head]
            for head in range(heads):
                found[example, slot] += weights[example, head, slot] * add[example, head]
    return found


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_what_is_written_is_erased_and_added(heads: int) -> None:
    memory, weights = random(2, 4, 5), random(2, heads, 4).softmax(dim=-1)
    erase, add = random(2, heads, 5).sigmoid(), random(2, heads, 5)
    found = result(Write(), memory, weights, erase, add)
    torch.testing.assert_close(found, written(memory, weights, erase, add))
    # The order of the heads does not matter.
    turned = result(Write(), memory, weights.flip(1), erase.flip(1), add.flip(1))
    torch.testing.assert_close(found, turned)
    one = result(Write(), memory, weights[:, 0], erase[:, 0], add[:, 0])
    torch.testing.assert_close(one, written(memory, weights[:, :1], erase[:, :1], add[:, :1]))


def test_what_was_written_is_read_again() -> None:
    memory, erase, add = random(1, 4, 5), torch.ones(1, 5), random(1, 5).float()
    weights = torch.tensor([[0.0, 0, 1, 0]])
    after = result(Write(), memory.float(), weights, erase, add)
    assert result(Read(), after, weights).equal(add)
    assert after[:, [0, 1, 3]].equal(memory.float()[:, [0, 1, 3]])
    assert result(Write(), memory.float(), 0 * weights, erase, add).equal(memory.float())
    strength = torch.tensor([[200.0]])
    torch.testing.assert_close(result(Address(), after, 3 * add, strength), weights)


def test_gradients_of_writing_are_right_also_where_all_is_erased() -> None:
    memory, weights, add = random(1, 3, 2), random(1, 2, 3).softmax(dim=-1), random(1, 2, 2)
    erase = torch.tensor([[[1.0, 0.5], [0.0, 1.0]]], dtype=torch.double)
    weights[0, 0] = torch.tensor([1.0, 0, 0])
    module = module_of(Write(), memory, weights, erase, add)
    inputs = tuple(each.requires_grad_() for each in (memory, weights, erase, add))
    assert torch.autograd.gradcheck(module, inputs)


def test_shapes_and_costs() -> None:
    memory = Shape.of(B, N, W)
    one, heads = Shape.of(B, W), Shape.of(B, H, W)
    assert Address().infer(memory, one) == Address().infer(memory, one, Shape.of(B, 1)) == Shape.of(B, N)
    assert Address().infer(memory, heads, Shape.of(B, H)) == Shape.of(B, H, N)
    assert Read().infer(memory, Shape.of(B, N)) == one
    assert Read().infer(memory, Shape.of(B, H, N)) == heads
    assert Write().infer(memory, Shape.of(B, N), one, one) == memory
    assert Write().infer(memory, Shape.of(B, H, N), heads, heads) == memory
    assert Address().macs(memory, one) == Read().macs(memory, Shape.of(B, N)) == B * N * W
    assert Address(score="dot").macs(memory, heads) == Read().macs(memory, Shape.of(B, H, N)) == B * H * N * W
    assert Write().macs(memory, Shape.of(B, N), one, one) == B * N * W
    assert Write().macs(memory, Shape.of(B, H, N), heads, heads) == B * H * N * W
    assert str(call_of(Address(), memory, one)) == "MemoryAddress()"
    assert str(call_of(Address(score="dot"), memory, one)) == "MemoryAddress(cosine=False)"


def test_open_sizes_are_taken_to_agree() -> None:
    assert Address().infer(Shape.of(B, N, W), Shape.of(4, H, 7), Shape.of(B, 2)) == Shape.of(4, 2, N)
    assert Read().infer(Shape.of(B, N, W), Shape.of(4, H, 9)) == Shape.of(4, H, W)
    assert Write().infer(Shape.of(B, N, W), Shape.of(4, 9), Shape.of(B, 7), Shape.of(B, W)) == Shape.of(4, 9, 7)


@pytest.mark.parametrize(
    ("op", "shapes", "message"),
    [
        (Address(), [[2, 7], [2, 5]], "needs 3 axes, but its memory has 2"),
        (Address(), [[2, 7, 5], [5]], "needs 2 or 3 axes, but its key has 1"),
        (Address(), [[2, 7, 5], [1, 5]], "needs equal batches, but has 2 for its memory and 1 for its key"),
        (Address(), [[2, N, W], [2, W + 1]], "needs equal widths, but has W for its memory and W + 1 for its key"),
        (Address(), [[2, 7, 5], [2, 5], [2]], "needs 2 axes, but its strength has 1"),
        (
            Address(),
            [[2, 7, 5], [2, 5], [1, 1]],
            "needs equal batches, but has 2 for its memory and 1 for its strength",
        ),
        (
            Address(),
            [[2, 7, 5], [2, 3, 5], [2, 1]],
            "needs equal heads, but has 3 for its key and 1 for its strength",
        ),
        (Address(), [[2, 7, 5], [2, 5], [2, 3]], "needs equal heads, but has 1 for its key and 3 for its strength"),
        (Read(), [[2, 7, 5], [2, 6]], "needs equal slots, but has 7 for its memory and 6 for its weights"),
        (Read(), [[2, 7, 5], [2, 1, 1, 7]], "needs 2 or 3 axes, but its weights has 4"),
        (
            Write(),
            [[2, 7, 5], [2, 7], [2, 1, 5], [2, 5]],
            "needs equally many axes for its weights and for `erase`, but has 2 and 3",
        ),
        (
            Write(),
            [[2, 7, 5], [2, 3, 7], [2, 3, 5], [2, 1, 5]],
            "needs equal heads, but has 3 for its weights and 1 for its add",
        ),
        (
            Write(),
            [[2, 7, 5], [2, 7], [2, 1], [2, 5]],
            "needs equal widths, but has 5 for its memory and 1 for its erase",
        ),
        (
            Write(),
            [[2, 7, 5], [2, 7], [2, 5], [1, 5]],
            "needs equal batches, but has 2 for its memory and 1 for its add",
        ),
    ],
)
def test_refusals_say_what_is_wrong(op: Op, shapes: list[list[Size]], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*(Shape(tuple(sizes)) for sizes in shapes))
    assert refusal.value.message == message
    assert refusal.value.setting is None


few: Final = st.integers(1, 2)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(few, min_size=3, max_size=3), *[st.lists(few, min_size=1, max_size=4)] * 3)
def test_nothing_is_repeated_that_torch_would_repeat(
    memory: list[int], second: list[int], third: list[int], fourth: list[int]
) -> None:
    batch, slots, width = memory
    inner = second[1:-1]
    is_right = {
        Address(): len(second) in (2, 3)
        and (second[0], second[-1]) == (batch, width)
        and third == [batch, *(inner or [1])],
        Read(): len(second) in (2, 3) and (second[0], second[-1]) == (batch, slots),
        Write(): len(second) in (2, 3)
        and (second[0], second[-1]) == (batch, slots)
        and third == fourth == [batch, *inner, width],
    }
    for op, expected in is_right.items():
        inputs = [Shape(tuple(sizes)) for sizes in (memory, second, third, fourth)][: op.arity()[1]]
        try:
            op.infer(*inputs)
        except ShapeError:
            assert not expected
        else:
            assert expected


# ----------------------------------------------------------------------------------------------------- what is written

SPEC: Final = """
model Remembers(heads = 2, width = 5) {
    input memory: [B, N, width]
    input key: [B, width]
    input keys: [B, heads, width]
    input strength: [B, heads]

    one   = (memory, key) -> address(dot)
    all   = (memory, keys, strength) -> address
    after = (memory, one, key -> sigmoid, key) -> write
    then  = (after, all, keys -> sigmoid, keys) -> write
    output found = (then, one) -> read
    output others = (then, all) -> read
    output memory_after = then
}
"""


def spec() -> archspec.Model:
    return archspec.loads(SPEC, name="remembers.arch")


def test_such_a_model_can_be_exported_with_any_batch_and_any_slots() -> None:
    assert not list(spec().check())
    module = spec().compile()

    def inputs(batch: int, slots: int) -> tuple[Tensor, ...]:
        return (torch.randn(batch, slots, 5), torch.randn(batch, 5), torch.randn(batch, 2, 5), torch.rand(batch, 2))

    batch, slots = (torch.export.Dim(name, min=2, max=64) for name in ("batch", "slots"))
    exported = torch.export.export(
        module, inputs(3, 4), dynamic_shapes=({0: batch, 1: slots}, {0: batch}, {0: batch}, {0: batch})
    ).module()
    whole: Any = torch.compile(module, backend="eager", fullgraph=True)
    for sizes in ((2, 6), (5, 2)):
        given = inputs(*sizes)
        expected = tuple(module(*given))
        torch.testing.assert_close(tuple(exported(*given)), expected)
        torch.testing.assert_close(tuple(whole(*given)), expected)
        on_meta = module(*(each.to("meta") for each in given))
        assert [each.shape for each in on_meta] == [each.shape for each in expected]


def test_formatters_linters_and_type_checkers_find_nothing_in_the_source(tmp_path: Path) -> None:
    (tmp_path / "remembers.py").write_text(spec().source())
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=tmp_path)
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=tmp_path)
    assert not said("mypy", *STRICTLY, ".", folder=tmp_path)


# ---------------------------------------------------------------------------------------------------------------- specs

SPECS: Final = Path(__file__).parent.parent / "specs" / "memory"


def compiled(name: str, **settings: Any) -> nn.Module:
    """The module of a spec, for numbers of many digits."""
    torch.manual_seed(5)
    module = read_once(SPECS / name, **settings).compile()
    assert isinstance(module, nn.Module)
    return module.double()


def learns(module: nn.Module, *inputs: Tensor) -> None:
    """Gradients flow back to every weight."""
    torch.autograd.backward(module(*inputs).square().sum())
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


def sentences_of(story: Tensor, embedding: Tensor, times: Tensor) -> list[Tensor]:
    """What an embedding makes of the sentences of one story."""
    return [
        torch.stack([embedding[word] for word in sentence]).sum(dim=0) + times[number]
        for number, sentence in enumerate(story.tolist())
    ]


def heard(question: Tensor, memory: list[Tensor], told: list[Tensor]) -> Tensor:
    """What the sentences say to a question."""
    powers = [exp(product(question.tolist(), sentence.tolist())) for sentence in memory]
    found = torch.zeros_like(question)
    for power, sentence in zip(powers, told, strict=True):
        found = found + power / sum(powers) * sentence
    return found


STORY: Final = {"vocabulary": 11, "width": 6, "sentences": 7}


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_adjacent_hops_of_a_memory_network_share_embeddings(hops: int) -> None:
    module = compiled("end_to_end.arch", **STORY, hops=hops)
    story, question = torch.randint(11, (2, 5, 4)), torch.randint(11, (2, 3))
    weights = module.state_dict()
    embeddings = [weights["embed.weight"]] + [weights[f"hop{hop}.embed.weight"] for hop in range(1, hops)]
    times = [weights["memory.1.weight"]] + [weights[f"hop{hop}.told.1.weight"] for hop in range(1, hops)]
    embeddings.append(weights["last.embed.weight"])
    times.append(weights["last.told.1.weight"])
    found = module(story, question)
    for example in range(2):
        asked = torch.stack([embeddings[0][word] for word in question[example]]).sum(dim=0)
        for hop in range(hops):
            memory, told = (sentences_of(story[example], embeddings[place], times[place]) for place in (hop, hop + 1))
            asked = asked + heard(asked, memory, told)
        torch.testing.assert_close(found[example], embeddings[-1] @ asked)
    assert module.get_parameter("linear1.weight") is module.get_parameter("last.embed.weight")
    assert weights["embed.weight"].std().item() == pytest.approx(0.1, rel=0.3)
    learns(module, story, question)


@pytest.mark.parametrize("hops", [1, 3])
def test_layerwise_hops_of_a_memory_network_are_all_the_same(hops: int) -> None:
    module = compiled("end_to_end_layerwise.arch", **STORY, hops=hops)
    story, question = torch.randint(11, (2, 5, 4)), torch.randint(11, (2, 3))
    weights = module.state_dict()
    found = module(story, question)
    for example in range(2):
        memory = sentences_of(story[example], weights["memory.0.weight"], weights["memory.2.weight"])
        told = sentences_of(story[example], weights["told.0.weight"], weights["told.2.weight"])
        asked = torch.stack([weights["asked.0.weight"][word] for word in question[example]]).sum(dim=0)
        for _ in range(hops):
            asked = weights["turned.weight"] @ asked + heard(asked, memory, told)
        torch.testing.assert_close(found[example], weights["linear1.weight"] @ asked)
    learns(module, story, question)


def pointed(h: Tensor, memory: Tensor, before: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """Where a head points to in one example: section 3.3 of the paper."""

    def linear(name: str) -> Tensor:
        return weights[f"{name}.weight"] @ h + weights[f"{name}.bias"]

    strength = (1 + linear("strength.0").exp()).log().item()
    content = torch.tensor(addressed(memory, linear("key"), strength, "cosine"), dtype=torch.double)
    gate = linear("gate.0").sigmoid().item()
    gated = gate * content + (1 - gate) * before
    shift = linear("linear1").softmax(dim=0).tolist()
    slots = len(memory)
    moved = [sum(shift[1 - step] * gated[(slot - step) % slots].item() for step in (1, 0, -1)) for slot in range(slots)]
    sharpness = 1 + (1 + linear("sharpness.0").exp()).log().item()
    sharp = torch.tensor([(each + 1e-9) ** sharpness for each in moved], dtype=torch.double)
    return sharp / sharp.sum()


def test_a_neural_turing_machine_writes_and_reads_what_the_paper_says() -> None:
    hidden, slots, width = 5, 6, 4
    module = compiled("neural_turing_machine.arch", symbols=3, hidden=hidden, slots=slots, width=width)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randn_like(weight))
    weights = module.state_dict()
    heads: list[dict[str, Tensor]] = [
        {name.removeprefix(f"scan1.head{head}."): weight for name, weight in weights.items() if f"head{head}." in name}
        for head in (1, 2)
    ]
    cell = nn.LSTMCell(2 * width, hidden, dtype=torch.double)
    cell.load_state_dict({name: weights[f"scan1.lstm_cell1.{name}"] for name in cell.state_dict()})
    symbols = torch.randint(3, (2, 5))
    found = module(symbols)
    for example in range(2):
        h, c, read = (torch.zeros(size, dtype=torch.double) for size in (hidden, hidden, width))
        memory = weights["blank.0.weight"].clone()
        writes = reads = torch.zeros(slots, dtype=torch.double)
        for place, symbol in enumerate(symbols[example]):
            h, c = cell(torch.cat((weights["embed.weight"][symbol], read)), (h, c))
            writes = pointed(h, memory, writes, heads[0])
            erase = (weights["scan1.erase.0.weight"] @ h + weights["scan1.erase.0.bias"]).sigmoid()
            add = weights["scan1.add.weight"] @ h + weights["scan1.add.bias"]
            memory = written(memory[None], writes[None, None], erase[None, None], add[None, None])[0]
            reads = pointed(h, memory, reads, heads[1])
            read = (reads[:, None] * memory).sum(dim=0)
            logits = weights["linear1.weight"] @ torch.cat((h, read)) + weights["linear1.bias"]
            torch.testing.assert_close(found[example, place], logits)
    learns(module, symbols)
