"""The JSON Schema of the YAML form: what is right has this form, and what editors should mark has not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft202012Validator

from archspec import Report
from archspec.findings import CATALOG
from archspec.ops import OPS
from archspec.rewrite import converted
from archspec.schema import schema, text
from archspec.size import Formula
from archspec.syntax.read import decode
from tests.test_checks import BLOCK, CHECKS, CODE, Check, manual, unescaped

ROOT: Final = Path(__file__).parent.parent
SPECS: Final = sorted(path for folder in ("specs", "archspec/std") for path in (ROOT / folder).rglob("*.*"))
VALIDATOR: Final = Draft202012Validator(schema())


class Loader(yaml.SafeLoader):
    """YAML as editors read it, in which `no` is a word and `1e-5` a number, as in version 1.2."""


Loader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in (
    ("null", "null|~|", ["n", "~", ""]),
    ("bool", "true|false", ["t", "f"]),
    ("int", "[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), _first)


def data_of(content: str) -> Any:
    """What a YAML file holds, as JSON has it."""
    return json.loads(json.dumps(yaml.load(content, Loader)))  # noqa: S506  # It is a loader of plain values.


def problems(content: str) -> list[str]:
    """What is wrong with the form of a YAML file, if it has one."""
    try:
        data = data_of(content)
    except yaml.YAMLError as error:
        return [str(error)]
    return [error.message for error in VALIDATOR.iter_errors(data)]


def as_yaml(content: str, syntax: str) -> str:
    if syntax == "yaml":
        return content
    report = Report()
    source = decode(content.encode(), f"spec.{syntax}", report)
    found = None if source is None else converted(source, syntax, "yaml", report)
    assert found is not None, list(report)
    return found


def right() -> Iterator[Any]:
    """Right specs, from everywhere."""
    for path in SPECS:
        if path.suffix in (".arch", ".yaml"):
            yield pytest.param(path.read_text(), path.suffix[1:], id=path.name)
    for number, check in enumerate(CHECKS):
        syntax, *words = check.info.split()
        if check.expected == "clean\n" and "times" not in check.info:
            body = unescaped(check.body.encode()).decode() if "escaped" in words else check.body
            yield pytest.param(body, syntax, id=f"{number} {check.heading}")
    for name in ("README.md", "docs/language.md"):
        specs = [block["body"] for block in BLOCK.finditer((ROOT / name).read_text()) if block["info"] == "yaml"]
        for number, body in enumerate(specs):
            if "biass" not in body:  # What the README shows the findings of.
                yield pytest.param(body, "yaml", id=f"{name} {number}")
    for kind in CATALOG:
        for block in BLOCK.finditer(manual(kind)[1]):
            yield pytest.param(block["body"], block["info"].split()[0], id=f"{kind.code} {kind.name}")


@pytest.mark.parametrize(("content", "syntax"), list(right()))
def test_what_is_right_has_the_form_of_the_schema(content: str, syntax: str) -> None:
    assert problems(as_yaml(content, syntax)) == []


OF_FORM: Final = {f"A{number}" for number in (101, 102, 103, 106, 108, 109, 115, 116, 118, 119, 121, 205, 212)}
"""The codes of findings on the form of a file, which the schema knows as well."""


@pytest.mark.parametrize("check", [each for each in CHECKS if each.info == "yaml"], ids=lambda check: check.id)
def test_what_has_a_wrong_form_does_not_pass(check: Check) -> None:
    codes = set(CODE.findall(check.expected))
    if codes and codes <= OF_FORM:
        assert problems(check.body)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_reference_leads_somewhere() -> None:
    found = schema()
    assert set(re.findall(r'"#/\$defs/([^"]+)"', text())) == found["$defs"].keys()


def test_its_text_is_the_same_in_every_process() -> None:
    script = "from archspec.schema import text; print(text(), end='')"
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=environment)
        assert result.stdout.decode() == text()
    assert json.loads(text()) == schema()


def test_every_op_and_each_of_its_settings_is_described() -> None:
    found = schema()["$defs"]
    for op in OPS.values():
        assert found["mapping"]["properties"][op.name]["description"]
        for name, field in op.settings().items():
            assert found[f"{op.name}.{name}"]["description"] == field.description


def test_each_setting_accepts_its_default() -> None:
    found = schema()
    for op in OPS.values():
        for name in op.settings():
            setting = found["$defs"][f"{op.name}.{name}"]
            if "default" in setting:
                rule = {"$ref": f"#/$defs/{op.name}.{name}", "$defs": found["$defs"]}
                assert Draft202012Validator(rule).is_valid(setting["default"]), f"{op.name}.{name}"


def test_each_example_of_each_op_is_right() -> None:
    for op in OPS.values():
        for example in op.examples():
            settings = ", ".join(f"{name}: {in_yaml(value)}" for name, value in example.op.chosen().items())
            assert problems(f"{AROUND}  - {op.name}: {{{settings}}}\n") == [], example.op


def in_yaml(value: object) -> str:
    """A setting as a flow mapping of YAML has it."""
    return f"'{value}'" if isinstance(value, Formula) else json.dumps(value, default=str)


AROUND: Final = """\
archspec: 1
model: Net
params: {width: 8}
inputs: {x: [B, 3, 32, 32]}
layers:
"""


def test_the_frame_of_the_examples_below_is_right() -> None:
    assert problems(AROUND + "  - conv: {channels: 8, kernel: 3}\n") == []


@pytest.mark.parametrize(
    "layer",
    [
        "conv",
        "conv(8, kernel=3) -> relu",
        "[conv: {1: 8, kernel: 3}, relu]",
        "relu:",
        "relu: {}",
        "linear: width * 2",
        "linear: {features: 8, weight: embed.weight, init: normal(std=0.02)}",
        "pad: [[0, width], 1]",
        "{batchnorm: 1e-3, name: bn}",
        "{split: 3, name: [q, k, v]}",
        "{linear: 8, from: x, output: logits, when: training}",
        "{add: {}, from: [x, {value: 2 * x}, [x, relu]]}",
        "{add: {}, branches: [relu, [tanh, relu], {layers: [relu]}]}",
        "{Unit: {width: 8, body: relu}, name: unit}",
        "{Unit: 8, branches: [relu]}",
        "{Unit: }",
        "{value: x * 2, name: y}",
        "{chain: [x], output: y}",
        "{layers: [relu, tanh], name: head}",
        "{residual: [relu], shortcut: [], name: r}",
        "{residual: [relu], output: r}",
        "{repeat: 2, layers: [relu]}",
        "{for: [a, b], in: [[1, 2]], layers: [linear: a * b]}",
        "{for: a, in: 'range(3)', layers: [linear: a]}",
        "{if: width > 8, then: [relu], else: }",
        "{scan: {1: Cell(8), direction: both}, name: [y, h]}",
        "{scan: Cell(8)}",
        "{attention: {heads: 8, causal: true, q_proj_weight: other.q_proj_weight}, from: [x, y]}",
        "{größe: 8, name: maß_2}",
    ],
)
def test_a_layer_has_one_of_many_forms(layer: str) -> None:
    assert problems(f"{AROUND}  - {layer}\n") == []


@pytest.mark.parametrize(
    "layer",
    [
        "",
        "3",
        "[]",
        "{}",
        "{name: a}",
        "conv: 8",
        "conv: {channels: 8}",
        "conv: {channels: 8, kernel: 3, strid: 2}",
        "conv: {channels: 8, 1: 8, kernel: 3}",
        "conv: {channels: eight, kernel: true}",
        "conv: {channels: 8, kernel: 0}",
        "conv: {channels: 8, kernel: [3, 0]}",
        "conv: {channels: 0, kernel: 3}",
        "conv: {channels: 2.5, kernel: 3}",
        "conv: {channels: 8, kernel: 3, bias: 1}",
        "conv: {channels: 8, kernel: }",
        "batchnorm: {1: 1e-3, eps: 1e-3}",
        "dropout: 2",
        "dropout: [0.5]",
        "relu: 1",
        "relu: {init: zeros}",
        "linear: {1: 8, weight: 3}",
        "linear: {1: 8, init: normaly}",
        "linear: {features: 8, name: fc}",
        "{linear: 8, relu: }",
        "{linear: 8, chain: [relu]}",
        "{linear: 8, value: x}",
        "{linear: 8, name: 3}",
        "{linear: 8, name: a-b}",
        "{linear: 8, name: a, output: b}",
        "{linear: 8, output: a, next: b}",
        "{linear: 8, when: training}",
        "{linear: 8, output: a, when: testing}",
        "{layers: [relu], from: x}",
        "{chain: []}",
        "{residual: [relu], short: [relu]}",
        "{residual: []}",
        "{value: 3}",
        "{shortcut: [relu]}",
        "{residual: [relu], layers: [relu]}",
        "{repeat: 2}",
        "{repeat: 2, layers: [relu], then: [relu]}",
        "{for: a, layers: [relu]}",
        "{in: [1], layers: [relu]}",
        "{if: a, layers: [relu]}",
        "{if: a}",
        "{scan: {direction: both}}",
        "{scan: {1: Cell, way: both}}",
        "{Unit: {a-b: 3}}",
        "{a-b: 3}",
    ],
)
def test_what_is_no_layer_does_not_pass(layer: str) -> None:
    assert problems(f"{AROUND}  - {layer}\n")


BLOCK_OF: Final = "blocks: {{Unit: {}}}\n"


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "model: Net",
        "layers: [relu]\ninputs: {x: [B, 8]}\n",
        AROUND.replace("archspec: 1", "archspec: 2") + "  - relu\n",
        AROUND.replace("inputs", "input") + "  - relu\n",
        AROUND.replace("[B, 3, 32, 32]", "B") + "  - relu\n",
        AROUND.replace("[B, 3, 32, 32]", "[B, 0]") + "  - relu\n",
        AROUND.replace("[B, 3, 32, 32]", "{shape: [B], element: float32}") + "  - relu\n",
        AROUND.replace("{x: [B, 3, 32, 32]}", "[x]") + "  - relu\n",
        AROUND.replace("model: Net", "model: my-net") + "  - relu\n",
        AROUND.replace("width: 8", "width: {type: integer}") + "  - relu\n",
        AROUND.replace("width: 8", "width: {default: 3}") + "  - relu\n",
        AROUND.replace("width: 8", "width: {type: int, most: 3}") + "  - relu\n",
        AROUND + "  - relu\nexpect: 3\n",
        AROUND + "  - relu\nexpect: [{that: a == 1}]\n",
        AROUND + "  - relu\ninit: {weight: gaussian}\n",
        AROUND + "  - relu\nuse: {a: b}\n",
        AROUND + "  - relu\nvariants: {small: 3}\n",
        AROUND + "  - relu\nvariants: {small: {sets: {width: 3}}}\n",
        BLOCK_OF.format("{}"),
        BLOCK_OF.format("[relu]"),
        BLOCK_OF.format("{layers: [relu], chain: [relu]}"),
        BLOCK_OF.format("{layers: [relu], state: {h: [B]}}"),
        BLOCK_OF.format("{layers: [relu]}").replace("Unit", "relu"),
        "cells: {Cell: {layers: [relu]}}\n",
        BLOCK_OF.format("{layers: [relu]}") + "doc: Blocks.\n",
    ],
)
def test_a_mistake_in_a_file_does_not_pass(content: str) -> None:
    assert problems(content)


@pytest.mark.parametrize(
    "content",
    [
        BLOCK_OF.format("{layers: [relu]}"),
        BLOCK_OF.format("{chain: [relu, tanh], params: {width: }}"),
        "use: std.se\n" + AROUND + "  - relu\nexpect: [B > 0, {that: B > 1, message: small}]\n",
        AROUND + "  - relu\ninit: {1: kaiming(mode=fan_out), bias: zeros}\nvariants: {small: , wide: {set: {1: 3}}}\n",
        AROUND.replace("width: 8", "width: {type: word, values: [a, b], default: a}")
        + "  - relu\nexpect: {params: 3}\n",
    ],
)
def test_a_file_has_one_of_many_forms(content: str) -> None:
    assert problems(content) == []


def test_a_check_does_not_make_a_schema() -> None:
    script = "import sys, archspec; archspec.load('specs/lenet.yaml').check(); print('archspec.schema' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
