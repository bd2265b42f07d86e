"""The types of elements, as they are called elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final


def foreign_element(word: str) -> str | None:
    """What the type of elements is called here."""
    return ELEMENTS.get(re.sub(r"^(torch|tf|np|jnp)\.|\d+(_t)?$", "", word.casefold()))


ELEMENTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("f", "fp", "bf", "bfloat", "half", "double", "real", "float", "number"), "float"),
    **dict.fromkeys(
        ("i", "u", "uint", "long", "short", "byte", "integer", "int", "index", "token", "tokens", "ids"), "int"
    ),
    **dict.fromkeys(("boolean", "bool", "flag", "mask", "bit"), "bool"),
}
"""What types of elements are called here, by what they are called elsewhere but for their bits."""
