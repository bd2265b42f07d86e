"""The manual that `archspec explain` prints: of each finding and of each op, from their docstrings."""

from __future__ import annotations

from inspect import cleandoc

from archspec.catalog import CATALOG
from archspec.diagnostics import Diagnostic
from archspec.expression import written
from archspec.op import Op
from archspec.ops import OPS
from archspec.plugins import backends
from archspec.setting import accepted
from archspec.spelling import closest


class UnknownTopicError(Exception):
    """There is no page on what was asked for; its text says so."""


def findings() -> tuple[type[Diagnostic], ...]:
    """Every kind of finding, those of the installed backends included, in the order of their codes."""
    return CATALOG + tuple(kind for backend in backends() for kind in backend.catalog())


def contents() -> str:
    """What there are pages on."""
    lines = ["Ops, by family:"]
    for family in dict.fromkeys(op.family for op in OPS.values()):
        lines.append(f"  {family:<15} {', '.join(op.name for op in OPS.values() if op.family == family)}")
    lines += ["", "Findings:"]
    lines += [f"  {kind.code}  {kind.name:<20} {_first_line(kind)}" for kind in findings()]
    lines += ["", "`archspec explain TOPIC` prints the page of an op or a finding."]
    return "\n".join(lines)


def manual(topic: str) -> str:
    """The page on a finding, by its code or name, or on an op.

    Raises:
        UnknownTopicError: there is no such page.
    """
    kinds = findings()
    for kind in kinds:
        if topic.upper() == kind.code or topic.lower() == kind.name:
            return f"{kind.code}: {kind.name}\n\n{cleandoc(kind.__doc__ or '')}"
    if topic in OPS:
        return _op_page(OPS[topic])
    topics = (*OPS, *(kind.code for kind in kinds), *(kind.name for kind in kinds))
    suggestion = closest(topic, topics)
    cure = f"did you mean `{suggestion}`?" if suggestion else "`archspec explain` lists what there is"
    raise UnknownTopicError(f"there is no page on `{topic}`; {cure}")


def _first_line(kind: type[Diagnostic]) -> str:
    return cleandoc(kind.__doc__ or "").partition("\n")[0]


def _op_page(op: type[Op]) -> str:
    parts = [op.name, cleandoc(op.__doc__ or "")]
    if op.settings():
        lines = ["Settings:"]
        for name, field in op.settings().items():
            default = "required" if field.is_required() else f"default {written(field.default)}"
            lines.append(f"  {name}: {accepted(field)} ({default})\n      {field.description}")
        parts.append("\n".join(lines))
    examples = [f"  {example.op}" for example in op.examples()]
    parts.append("\n".join(["Examples:", *dict.fromkeys(examples)]))
    return "\n\n".join(parts)
