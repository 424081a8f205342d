"""Adapters: how each method of the reference set is computed by this package.

An adapter takes an entry and its data, and returns what it found in the shape of the entry's
results: nested dictionaries and lists. A text in place of values leaves out what is at and below
it, and is the reason. Adapters live in ``adapters_<family>.py``; a new family is imported in
``test_reference.py``. A method without an adapter fails unless it is in ``PENDING``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Entry = dict[str, Any]
Run = Callable[[Entry, "pd.DataFrame | None"], dict[str, Any]]

TOLERANCE = 1e-6
"""Largest relative difference, unless an adapter says why not."""

PENDING: dict[str, str] = {"correlation": "the book reports no correlations"}
"""Methods of the reference set that are not compared, and why."""


@dataclass(frozen=True)
class Adapter:
    """How a method is computed, and what is not held to the common tolerance.

    Attributes
    ----------
    method : str
        Method of the entries.
    run : callable
        Entry and data to what was found.
    loose : dict
        Pattern of a path to (relative tolerance, reason).
    left_out : dict
        Pattern of a path to the reason why there is no counterpart.
    """

    method: str
    run: Run
    loose: dict[str, tuple[float, str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


ADAPTERS: dict[str, Adapter] = {}


def adapter(
    method: str,
    *,
    loose: dict[str, tuple[float, str]] | None = None,
    left_out: dict[str, str] | None = None,
) -> Callable[[Run], Run]:
    """Register the function that follows as the adapter of a method."""

    def register(run: Run) -> Run:
        assert method not in ADAPTERS, f"two adapters for {method}"
        ADAPTERS[method] = Adapter(method, run, loose or {}, left_out or {})
        return run

    return register
