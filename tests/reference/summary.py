"""How many values were compared and the largest relative difference, at the end of the session.

pytest loads the ``conftest.py`` of this folder in time only when the folder is named on the
command line; to have the table after a run of everything under xdist, the ``conftest.py`` of
``tests`` imports ``pytest_terminal_summary`` from here too.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

PROPERTY = "reference"
_PRINTED = pytest.StashKey[bool]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print one line a method."""
    if config.stash.get(_PRINTED, False):
        return
    config.stash[_PRINTED] = True
    found = [
        json.loads(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", [])
        if name == PROPERTY and getattr(report, "when", "") == "call"
    ]
    if not found:
        return
    write = terminalreporter.write_line
    terminalreporter.section("agreement with R (relative differences)")
    write(
        f"{'method':24}{'entries':>8}{'values':>8}{'largest':>10}{'looser':>8}{'largest':>10}{'left out':>10}"
    )
    for method in sorted({record["method"] for record in found}):
        write(_line(method, [record for record in found if record["method"] == method]))
    write(_line("all", found))
    reasons: Counter[str] = Counter()
    for record in found:
        reasons.update(record["left_out"])
    for reason, count in sorted(reasons.items()):
        write(f"left out {count:5}: {reason}")


def _line(name: str, records: list[dict[str, Any]]) -> str:
    """Counts and largest differences of some entries."""
    values, loosely = (sum(record[key] for record in records) for key in ("compared", "loosely"))
    tight, loose = (max(record[key] for record in records) for key in ("largest", "largest_loose"))
    out = sum(sum(record["left_out"].values()) for record in records)
    return f"{name:24}{len(records):8}{values:8}{tight:10.1e}{loosely:8}{loose:10.1e}{out:10}"
