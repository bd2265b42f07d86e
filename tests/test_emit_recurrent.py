"""Models with recurrent layers: how their source reads, to people and to other tools."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import archspec
from archspec_torch.emit import emit
from archspec_torch.load import instantiate
from tests.recurrent_texts import TEXTS, compiled, deep, each_text, example, flat, interpreted, model, widths
from tests.test_emit import STRICTLY, said
from tests.test_emit_graphs import class_of


def forward_of(name: str) -> str:
    """The statements of a model, without the head of their method."""
    text = class_of(model(name).source(), model(name).graph.name)
    return text.partition("    def forward(")[2].partition(":\n")[2]


def test_what_is_not_needed_of_a_layer_is_left_in_its_tuple() -> None:
    assert (
        forward_of("stacked")
        == """        x: Tensor = self.embedding1(words)  # [B, T, 6]
        x, _ = self.lstm1(x)  # [B, T, 8]
        x, _ = self.lstm2(x)  # [B, T, 10]
        x = self.dropout1(x)  # [B, T, 10]
        x, _ = self.gru1(x)  # [B, T, 6]
        x, _ = self.rnn1(x)  # [B, T, 4]
        x = self.linear1(x)  # [B, T, 2]
        return x"""
    )
    assert (
        forward_of("last")
        == """        x: Tensor = self.embedding1(words)  # [B, T, 6]
        _, (h, _) = self.lstm1(x)  # [4, B, 4]
        x = h[-1]  # [B, 4]
        x = self.linear1(x)  # [B, 3]
        return x"""
    )


def test_the_modules_are_those_of_torch_with_what_differs_from_its_defaults() -> None:
    source = model("stacked").source()
    assert "        self.lstm1 = nn.LSTM(6, 4, num_layers=2, batch_first=True, bidirectional=True)\n" in source
    assert '        self.rnn1 = nn.RNN(6, 4, batch_first=True, nonlinearity="relu")\n' in source
    assert "        self.encoder1 = Encoder()\n" in model("blocks").source()
    assert "        self.gru = nn.GRUCell(4, 5)\n" in model("steps").source()
    assert "nn.LSTM(3, 5, batch_first=True, bidirectional=True, proj_size=4)\n" in model("states").source()


def test_a_decoder_starts_from_what_the_encoder_ends_with() -> None:
    assert (
        forward_of("translator")
        == """        x: Tensor = self.embedding1(source)  # [B, S, 6]
        memory, (h, c) = self.lstm1(x)  # [B, S, 8], [2, B, 8], [2, B, 8]
        x = self.words(target)  # [B, T, 6]
        x, _ = self.decoded(x, (h, c))  # [B, T, 8]
        x = self.attention1(x, memory)  # [B, T, 8]
        x = self.linear1(x)  # [B, T, 20]
        return x"""
    )
    assert "        _, h = self.gru1(x)  # [1, B, 8]\n" in forward_of("translator_of_gates")
    assert "        x, _ = self.decoder(x, h)  # [B, T, 8]\n" in forward_of("translator_of_gates")


def test_states_that_leave_the_model_have_the_names_of_its_outputs() -> None:
    assert (
        forward_of("states")
        == """        sequence, (h1, c1) = self.lstm1(x, (h0, c0))  # [B, T, 8], [2, B, 4], [2, B, 5]
        return StatesOutput(sequence, h1, c1)"""
    )


def test_states_do_not_hide_inputs_of_their_names() -> None:
    assert (
        forward_of("shadowed")
        == """        x2, (y, _) = self.lstm1(h)  # [B, T, 3], [1, B, 3]
        a, (b, d) = self.lstm2(x2, (y, c))  # [B, T, 3], [1, B, 3], [1, B, 3]
        e2, f = self.gru1(a, b)  # [B, T, 3], [1, B, 3]
        sum = d + f  # [1, B, 3]
        return ShadowedOutput(sum, e2)"""
    )


def test_a_layer_that_is_used_again_is_one_module_with_states_and_without() -> None:
    assert (
        forward_of("again")
        == """        x, _ = self.first(x)  # [B, T, 4]
        a, (h, c) = self.first(x)  # [B, T, 4], [1, B, 4], [1, B, 4]
        b, (h2, c2) = self.first(a, (h, c))  # [B, T, 4], [1, B, 4], [1, B, 4]
        x, _ = self.other(b)  # [B, T, 4]
        last, h3 = self.other(x, h2)  # [B, T, 4], [1, B, 4]
        states = h2 + h3 + c2  # [1, B, 4]
        return AgainOutput(last, states)"""
    )
    assert model("again").source().count("nn.LSTM(") == 1
    assert [name for name, _ in compiled(model("again")).named_children()] == ["first", "other"]
    assert model("again").graph.parameters == 4 * 4 * (4 + 4 + 2) + 3 * 4 * (4 + 4 + 2)


def test_a_step_of_a_cell_is_given_its_states() -> None:
    text = class_of(model("cells").source(), "Deep")
    assert "        a, b = self.lstm_cell1(x, (h, c))  # [B, 5], [B, 5]\n" in text
    assert "        x = self.d(a, h)  # [B, 5]\n        return x, b\n" in text


@each_text
def test_a_layer_that_gives_its_states_is_never_in_a_row_of_modules(name: str) -> None:
    """What `nn.Sequential` hands on would be a tuple."""
    rows = [each for each in compiled(model(name)).modules() if isinstance(each, nn.Sequential)]
    for row in rows:
        assert not any(isinstance(each, nn.RNNBase | nn.LSTMCell) for each in row)


@pytest.mark.parametrize("length", [1, 30, 60])
def test_a_layer_that_is_used_again_elsewhere_is_given_its_states(length: int) -> None:
    graph = deep(length)
    module = instantiate(graph.name, emit(graph))
    assert isinstance(module, nn.Module)
    inputs = [example(value.shape) for value in graph.inputs]
    found = list(flat(module.double()(*inputs)))
    torch.testing.assert_close(found, interpreted(graph, module, inputs), rtol=0, atol=0)
    assert sum(each.numel() for each in module.parameters()) == graph.parameters


def test_layers_with_numbers_for_names_are_called_by_them() -> None:
    text = class_of(model("repeated").source(), "Layers")
    assert '                "0": nn.LSTM(4, 4, batch_first=True),\n' in text
    assert '        x, _ = self["2"](x)  # [B, T, 4]\n        return x' in text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them as files."""
    folder = tmp_path_factory.mktemp("recurrent")
    for name in TEXTS:
        (folder / f"{name}.py").write_text(model(name).source(), encoding="utf-8")
    for length in range(3, 40):
        (folder / f"widths{length}.py").write_text(archspec.loads(widths(length)).source(), encoding="utf-8")
    for length in range(1, 80):
        (folder / f"deep{length}.py").write_text(emit(deep(length)), encoding="utf-8")
    return folder


# ------------------------------------------------------------------------------------------------- what other tools say


def test_a_formatter_finds_nothing_to_change(folder: Path) -> None:
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=folder)


def test_a_linter_finds_nothing(folder: Path) -> None:
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=folder)


def test_a_type_checker_finds_nothing(folder: Path) -> None:
    assert not said("mypy", *STRICTLY, ".", folder=folder)
