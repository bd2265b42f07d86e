"""Every kind of finding, in the order of the codes. A number is never used twice.

A0xx text, A1xx keys, ops and names, A2xx graph, A3xx shapes, A4xx advice. Backends have letters of their own.
The docstring of each is what `archspec explain` prints, and its examples are run by the tests.
"""

from __future__ import annotations

from archspec.catalog import fields, graph, settings, shapes, text
from archspec.diagnostics import Diagnostic

CATALOG: tuple[type[Diagnostic], ...] = (
    text.UnreadableFile,
    text.NotText,
    text.FileTooLarge,
    text.UnknownSyntax,
    text.EmptySpec,
    text.InvalidYaml,
    text.DuplicateKey,
    text.SeveralDocuments,
    text.YamlTag,
    text.AliasExpansion,
    text.TooDeep,
    text.SyntaxFault,
    text.UnclosedBracket,
    fields.UnknownField,
    fields.MissingField,
    fields.WrongKind,
    settings.UnknownOp,
    settings.UnknownSetting,
    settings.MissingSetting,
    settings.InvalidSetting,
    settings.TooManyValues,
    settings.SettingTwice,
    fields.UnknownName,
    fields.InvalidExpression,
    fields.UnknownParameter,
    fields.MissingParameter,
    fields.DuplicateName,
    fields.InvalidName,
    fields.UnknownElement,
    fields.UnusedParameter,
    fields.UnsupportedVersion,
    fields.UnclearLayer,
    fields.UnknownVariant,
    graph.UnclearStart,
    graph.UnknownValue,
    graph.UnusedValue,
    graph.WrongInputs,
    graph.NoLayers,
    graph.MisplacedValue,
    graph.SeveralValues,
    graph.WrongNames,
    graph.RecursiveBlock,
    graph.UnusedBlock,
    graph.TooManyLayers,
    graph.BlockLikeOp,
    shapes.ShapeFault,
    shapes.WrongElement,
    shapes.FailedExpectation,
    shapes.OpenExpectation,
    shapes.InvalidSize,
)
