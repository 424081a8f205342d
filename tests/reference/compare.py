"""Comparison of what was found with an entry's results, value by value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .registry import TOLERANCE, Adapter

ZERO = 1e-12
"""What counts as equal to a zero."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values, as ``("ci.0", 0.3)``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)) or hasattr(value, "tolist"):
        items = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(items, (list, tuple)):
            yield path, items
            return
        for place, inner in enumerate(items):
            yield from leaves(inner, f"{path}.{place}")
    else:
        yield path, value


def number(value: Any) -> float | None:
    """Value of the reference as a float: null is NaN, ``"Inf"`` infinite; None for other text."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        return {"Inf": math.inf, "-Inf": -math.inf}.get(value)
    return float(value)


@dataclass
class Comparison:
    """What became of the values of one entry."""

    compared: int = 0
    loosely: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    largest: float = 0.0
    largest_at: str = ""
    largest_loose: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """Count a value that has no counterpart."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def add(self, path: str, found: float, wanted: float, loose: tuple[float, str] | None) -> None:
        """Compare one value."""
        tolerance = loose[0] if loose else TOLERANCE
        gap = relative(found, wanted)
        self.compared += 1
        if loose:
            self.loosely += 1
            self.largest_loose = max(self.largest_loose, gap)
        elif gap >= self.largest:
            self.largest, self.largest_at = gap, path
        if not gap <= tolerance:
            self.wrong.append(f"{path}: {found!r}, R has {wanted!r} (relative difference {gap:.2g})")


def relative(found: float, wanted: float) -> float:
    """Relative difference; infinite where only one is NaN or infinite, or a zero is missed."""
    if math.isnan(found) or math.isnan(wanted) or math.isinf(found) or math.isinf(wanted):
        same = found == wanted or (math.isnan(found) and math.isnan(wanted))
        return 0.0 if same else math.inf
    if wanted == 0:
        return 0.0 if abs(found) <= ZERO else math.inf
    return abs(found - wanted) / abs(wanted)


def compare(results: dict[str, Any], found: dict[str, Any], adapter: Adapter) -> Comparison:
    """Compare every number of the results; a null is compared only where something was found."""
    out = Comparison()
    have = dict(leaves(found))
    reasons = {
        path: text for path, text in have.items() if isinstance(text, str) and text not in ("Inf", "-Inf")
    }
    used: set[str] = set()
    for path, value in leaves(results):
        wanted = number(value)
        if wanted is None:
            continue
        reason = _reason(path, reasons, used) or _first(path, adapter.left_out)
        if reason is not None:
            if not math.isnan(wanted):
                out.skip(str(reason))
        elif path in have:
            used.add(path)
            out.add(path, float(have[path]), wanted, _first(path, adapter.loose))
        elif not math.isnan(wanted):
            out.wrong.append(f"{path}: nothing found, R has {wanted!r}")
    astray = sorted(set(have) - used - set(dict(leaves(results))) - set(reasons))
    out.wrong += [f"{path}: found {have[path]!r}, which the reference does not have" for path in astray]
    return out


def _reason(path: str, reasons: dict[str, str], used: set[str]) -> str | None:
    """Reason given at the path or above it."""
    for above, text in reasons.items():
        if path == above or path.startswith(f"{above}."):
            used.add(above)
            return text
    return None


def _first(path: str, patterns: dict[str, Any]) -> Any:
    """What the first pattern that matches the path, or a part above it, says."""
    for pattern, said in patterns.items():
        if fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}.*"):
            return said
    return None
