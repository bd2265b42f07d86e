"""Values for parameters and open sizes from outside of a spec: from Python, and from the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from archspec.build import Settings
from archspec.expression import Expression, ListOf, Literal, written
from archspec.source import Source, Span
from archspec.spec import Override
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import Scalar


def python_settings(parameters: Mapping[str, Any], sizes: Mapping[str, int]) -> Settings:
    """Values that Python code gives, as if they were written down."""
    return Settings(
        tuple(_override(name, value) for name, value in parameters.items()),
        tuple(_override(name, value) for name, value in sizes.items()),
    )


def _override(name: str, value: Any) -> Override:
    source = Source("settings", f"{name}={written(value)}")
    span = source.span(len(name) + 1, len(source.text))
    if isinstance(value, str) and _WORDS.fullmatch(value):
        # A word, or a block with its settings, as a spec has it; any other text is one.
        return Override(Scalar(name, source.span(0, len(name))), parse_expression(Scalar(value, span)))
    return Override(Scalar(name, source.span(0, len(name))), _literal(name, value, span))


_WORDS: Final = re.compile(r"[^\W\d]\w*(\([^()\n]*\))?")
"""A text that a spec can have as a value: a word, or a block with its settings."""


def _literal(name: str, value: Any, span: Span) -> Expression:
    if isinstance(value, list | tuple):
        return ListOf(tuple(_literal(name, item, span) for item in value), span)
    if isinstance(value, int | float | str):
        return Literal(value, span)
    raise TypeError(f"the setting {name} is {type(value).__name__}; it can be a number, flag, text, or list of them")


def text_override(text: str, option: str = "--set") -> Override:
    """A setting as the command line gives it: `classes=10`.

    Raises:
        Fault: the value is no expression.
        ValueError: the text has no `=`.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier() or not value.strip():
        raise ValueError(f"`{text}` is not of the form NAME=VALUE")
    source = Source(option, f"{name}={value}")
    start = len(name) + 1 + len(value) - len(value.lstrip())
    span = source.span(start, start + len(value.strip()))
    expression = parse_expression(Scalar(value.strip(), span))
    return Override(Scalar(name.strip(), source.span(0, len(name))), expression)
