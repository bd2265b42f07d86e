"""Scalars of YAML: plain where YAML reads them as they are, and in quotes or as a block of lines where it would not.

Quotes have a meaning in a spec: what stands in them is a text, and what does not is an expression. An expression that
cannot be plain is therefore a block of lines, never in quotes.
"""

from __future__ import annotations

import re
from typing import Final

_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@`")
_FLOW: Final = frozenset(",[]{}")
_STRANGE: Final = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that a file cannot hold as they are, or that YAML takes for the end of a line."""

_ANOTHER_TYPE: Final = re.compile(
    r"~|null|true|false|yes|no|on|off|<<|=|[-+]?(\.inf|\.nan|[.\d][\d_.,:]*([eE][-+]?\d+)?|0[xob][\da-f_]+)"
    r"|\d{4}-\d\d?-\d\d?.*",
    re.IGNORECASE,
)
"""What other readers of YAML take for a number, a date, a truth value or nothing, unless it stands in quotes."""

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def is_plain(text: str, *, in_flow: bool) -> bool:
    """Whether a text needs neither quotes nor a block."""
    if not text or text != text.strip() or "\n" in text or "\t" in text or _STRANGE.search(text):
        return False
    if ": " in text or " #" in text or text.endswith(":") or (in_flow and not _FLOW.isdisjoint(text)):
        return False
    return text[0] not in _INDICATORS or (text[0] == "-" and text[1:2] not in ("", " ", "-"))


def text_scalar(text: str, *, in_flow: bool) -> str:
    """A text, such as a name or a line, that means the same in quotes and without."""
    if is_plain(text, in_flow=in_flow) and not _ANOTHER_TYPE.fullmatch(text):
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """A text in quotes, on one line."""
    is_simple = "\n" not in text and "\t" not in text and not _STRANGE.search(text)
    if is_simple and ('"' in text or "\\" in text) and "'" not in text:
        return f"'{text}'"
    escaped = re.sub(r'[\\"\n\t]', lambda each: _ESCAPES[each.group()], text)
    return f'"{_STRANGE.sub(_numbered, escaped)}"'


def _numbered(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def block(text: str, indent: int, *, keeps_end: bool) -> str | None:
    """A text as a block of lines at an indent, if it can be one; unless its end is kept, a line break is added."""
    if _STRANGE.search(text) or (not keeps_end and not text.strip()):
        return None
    body = text.rstrip("\n") if keeps_end else text
    ends = len(text) - len(body)
    if not body.strip(" \n"):
        return None
    # Without a number, the first line would tell the indent.
    number = "2" if body[0] in " \n\t" else ""
    mark = ("-" if ends == 0 else "" if ends == 1 else "+") if keeps_end else ""
    lines = [f"{' ' * indent}{line}" if line else "" for line in body.split("\n")]
    return "\n".join((f"|{number}{mark}", *lines, *[""] * max(ends - 1, 0)))
