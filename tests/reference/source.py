"""Where the reference set is, its entries and their data."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

SHARED = Path(os.environ.get("HER2ADC_SHARED", Path(__file__).parents[3] / "shared"))
FOLDER = SHARED / "reference"
ABSENT = f"no reference values at {FOLDER}; set HER2ADC_SHARED to the folder that holds reference/"


@cache
def entries() -> tuple[dict[str, Any], ...]:
    """Entries of the set; none where it is absent."""
    path = FOLDER / "reference.json"
    return tuple(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ()


@cache
def _table(name: str) -> pd.DataFrame:
    """Data set as it was analysed."""
    return pd.read_csv(FOLDER / "data" / name)


def data_of(entry: dict[str, Any]) -> pd.DataFrame | None:
    """Rows that an entry was computed on, its factors with their levels in order."""
    if entry["dataset"] == "none":
        return None
    data = _table(entry["dataset"]).copy()
    for condition in entry["args"].get("filter", "").split(" & "):
        if condition:
            known = re.fullmatch(r"!is\.na\((\w+)\)", condition)
            assert known, f"filter {condition!r} is not understood"
            data = data.loc[data[known.group(1)].notna()]
    for column, levels in entry["args"].get("factor_levels", {}).items():
        if column in data:
            data[column] = pd.Categorical(data[column].astype(str), categories=levels, ordered=True)
    return data.reset_index(drop=True)
