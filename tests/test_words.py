"""What a machine can hold of the house style: a docstring makes sense without the name before it."""

from __future__ import annotations

import ast

import pytest

from tests.kit import ROOT

PACKAGES = ("bot", "engine", "adapters", "migrations", "benchmarks")
CONTINUATIONS = ("Of ", "Likewise", "At which", "As they ", "In reply", "Between ", "And ", "Same ")
"""Beginnings that only continue a name."""


def docstrings(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and text of every string that stands by itself: of modules, classes, functions, and under attributes."""
    return [
        (node.lineno, node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_docstring_is_a_sentence_of_its_own(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {text.splitlines()[0]}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in docstrings(ast.parse(path.read_text(encoding="utf-8")))
        if text.startswith(CONTINUATIONS)
    ]
    assert wrong == []


def test_a_docstring_that_only_continues_a_name_is_found() -> None:
    [(line, text)] = docstrings(ast.parse('STEP = 1\n"""Of a sampler."""\n'))
    assert (line, text.startswith(CONTINUATIONS)) == (2, True)
