"""What the manual says of a kind of finding, as the docstring of its class has it."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Final, final

from msgspec import Struct

from archspec.diagnostics import Diagnostic


@final
class Explanation(Struct, frozen=True):
    """The parts of the manual of a kind of finding, in Markdown."""

    summary: str
    """The first paragraph, in one line."""

    text: str
    """The other paragraphs, up to the examples."""

    wrong: str
    right: str

    @property
    def whole(self) -> str:
        """All of it."""
        parts = (self.summary, self.text, _example("Wrong", self.wrong), _example("Right", self.right))
        return "\n\n".join(filter(None, parts))


CODE: Final = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
"""A fenced block."""


def explanation(kind: type[Diagnostic]) -> Explanation:
    """What there is to say of a kind of finding."""
    text, _, examples = f"{cleandoc(kind.__doc__ or '')}\n".partition("\nWrong:")
    wrong, _, right = examples.partition("\nRight:")
    summary, _, rest = text.partition("\n\n")
    return Explanation(" ".join(summary.split()), rest.strip(), wrong.strip(), right.strip())


def _example(title: str, text: str) -> str:
    return f"{title}:\n\n{text}" if text.startswith("```") else f"{title}: {text}" if text else ""
