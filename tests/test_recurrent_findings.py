"""Models with recurrent layers: what is told of wrong ones."""

from __future__ import annotations

import pytest

import archspec


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("y, h = x -> lstm(8)", "A208", "`lstm` gives 3 values, and 2 names stand here"),
        ("y, h, c = x -> gru(8)", "A208", "`gru` gives 2 values, and 3 names stand here"),
        ("y, h, c, d = x -> lstm(8)", "A208", "`lstm` gives 3 values, and 4 names stand here"),
        ("(x, x) -> lstm(8)", "A301", "`lstm` is given no initial `c`: it needs all of its states, or none"),
        (
            "(x, x) -> gru(8)",
            "A301",
            "`gru` needs [1, B, 8] for its initial `h`, but is given [B, T, 4]",
        ),
        ("(x, x, x) -> gru(8)", "A204", "`gru` takes 1 or 2 values, and is given 3"),
        ("lstm(8, layers=2) -> flatten -> lstm(3)", "A301", "`lstm` needs 3 axes, but the input has 2"),
        ("lstm", "A106", "`lstm` needs `hidden`"),
    ],
)
def test_what_is_wrong_is_told(line: str, code: str, message: str) -> None:
    (finding,) = archspec.loads(f"model M {{\ninput x: [B, T, 4]\n{line}\n}}").check()
    assert (finding.code, finding.message()) == (code, message)


def test_an_open_size_that_a_weight_needs_is_told() -> None:
    text = archspec.loads("model M {\ninput x: [B, T, D]\nlstm(8)\n}")
    with pytest.raises(archspec.SpecError, match="`lstm` needs the features of its input as a number, but it is `D`"):
        text.source()
