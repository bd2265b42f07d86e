"""A graph as a network of networkx: both tell the same, and what our own walks find, networkx finds."""

from __future__ import annotations

import networkx as nx
import pytest

import archspec

SPECS = ("specs/vision/googlenet.arch", "specs/attention/transformer.arch", "specs/lenet.arch")


@pytest.fixture(params=SPECS)
def graph(request: pytest.FixtureRequest) -> archspec.Graph:
    return archspec.load(request.param).graph


def test_a_network_has_inputs_and_layers_in_order_and_an_edge_for_each_value_that_a_layer_takes(
    graph: archspec.Graph,
) -> None:
    network = graph.network
    assert list(network) == [value.producer for value in graph.inputs] + [node.path for node in graph.nodes]
    assert [network.nodes[node.path]["node"] for node in graph.nodes] == list(graph.nodes)
    assert not any(network.nodes[value.producer] for value in graph.inputs)
    taken = {(value.producer, node.path, number) for node in graph.nodes for number, value in enumerate(node.inputs)}
    assert set(network.edges(keys=True)) == taken
    assert len(network.edges) == len(taken)


def test_consumers_are_the_layers_behind_a_value(graph: archspec.Graph) -> None:
    for value in (*graph.inputs, *(value for node in graph.nodes for value in node.outputs)):
        behind = [graph.node(path) for path in graph.network.successors(value.producer)]
        assert list(graph.consumers(value)) == [node for node in behind if value in node.inputs]


def test_a_layer_is_in_training_only_where_only_such_outputs_follow_from_it(graph: archspec.Graph) -> None:
    def led_to_by(path: tuple[str, ...]) -> set[bool]:
        behind = {path, *nx.descendants(graph.network, path)}
        return {output.in_training_only for output in graph.outputs if output.value.producer in behind}

    expected = {node.path for node in graph.nodes if led_to_by(node.path) == {True}}
    assert graph.in_training_only == expected
    # GoogLeNet has two classifiers that help it learn.
    assert bool(expected) == (graph.name == "GoogLeNet")
