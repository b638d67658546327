"""The tiny models and data sets that the experiments are tried with."""

from __future__ import annotations

from tests.adapters.conftest import colours, tiny

__all__ = ["colours", "tiny"]
