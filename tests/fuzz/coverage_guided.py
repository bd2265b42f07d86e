"""Fuzzing that is guided by which code a text reaches, by atheris, which is not among what archspec needs.

    python tests/fuzz/coverage_guided.py -max_total_time=600 [FOLDER]

The folder is where inputs that reach something new are kept, to start from the next time. The first byte of an input
chooses the syntax; all others are the text.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))


def main(arguments: list[str]) -> None:
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["archspec"]):
        from archspec.compiler import Outside, read_bytes
        from archspec.render.text import render

    def check(data: bytes) -> None:
        """Any exception is a mistake of ours."""
        syntax = ("arch", "yaml", None)[data[0] % 3] if data else None
        model = read_bytes(data[1:], "<fuzz>", syntax, Outside())
        render(model.check())
        if not model.check().has_errors and model.collection is None:
            assert model.graph.outputs

    atheris.Setup(arguments, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
