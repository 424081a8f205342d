"""Witnesses of the statistics: golden values of R, and the shared reference set where it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
SHARED = Path(os.environ.get("HER2ADC_SHARED", Path(__file__).parents[3] / "shared"))


def number(value: Any) -> float:
    """JSON value of the reference as a float."""
    if value is None or value == "":
        return float("nan")
    return float(str(value).replace("Inf", "inf")) if isinstance(value, str) else float(value)


class Golden:
    """Values of ``tests/golden/golden.csv``."""

    def __init__(self) -> None:
        self.table = pd.read_csv(GOLDEN / "golden.csv", dtype=str, keep_default_na=False).assign(
            value=lambda t: t["value"].map(number)
        )

    def case(self, name: str, **filters: str) -> pd.DataFrame:
        found = self.table[self.table["case"] == name]
        for column, wanted in filters.items():
            found = found[found[column] == wanted]
        assert len(found), f"no golden {name} {filters}"
        return found

    def value(self, name: str, statistic: str, **filters: str) -> float:
        found = self.case(name, statistic=statistic, **filters)
        assert len(found) == 1, f"{len(found)} golden {name} {statistic} {filters}"
        return float(found["value"].iloc[0])


@pytest.fixture(scope="session")
def golden() -> Golden:
    return Golden()


def _categories(data: pd.DataFrame, levels: dict[str, list[str]]) -> pd.DataFrame:
    for column, names in levels.items():
        data[column] = pd.Categorical(data[column], categories=names, ordered=True)
    return data


@pytest.fixture(scope="session")
def lung() -> pd.DataFrame:
    data = pd.read_csv(GOLDEN / "lung.csv", dtype={"ecog": "str"})
    data = data.rename(columns={"time": "OS_time", "event": "OS_event"})
    return _categories(data, {"sex": ["male", "female"], "ecog": ["0", "1", "2", "3"]})


@pytest.fixture(scope="session")
def veteran() -> pd.DataFrame:
    data = pd.read_csv(GOLDEN / "veteran.csv")
    data = data.rename(columns={"time": "OS_time", "event": "OS_event", "month": "M_time"})
    data["M_event"] = data["OS_event"]
    levels = {
        "trt": ["standard", "test"],
        "celltype": ["squamous", "smallcell", "adeno", "large"],
        "prior": ["no", "yes"],
    }
    return _categories(data, levels)


class Reference:
    """Entries and data of the shared reference set."""

    def __init__(self, folder: Path) -> None:
        entries = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
        self.entries = {entry["id"]: entry for entry in entries}
        self.folder = folder / "data"

    def of(self, method: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries.values() if entry["method"] == method]

    def data(self, entry: dict[str, Any]) -> pd.DataFrame:
        return pd.read_csv(self.folder / entry["dataset"], keep_default_na=True)


@pytest.fixture(scope="session")
def reference() -> Reference:
    folder = SHARED / "reference"
    if not (folder / "reference.json").exists():
        pytest.skip(f"no shared reference values at {folder}; set HER2ADC_SHARED to the folder that has them")
    return Reference(folder)


def close(found: Any, wanted: Any, rtol: float = 1e-6, atol: float = 1e-9, label: str = "") -> int:
    """Assert equality, NaN equal to NaN; return how many values were compared."""
    left = np.atleast_1d(np.asarray(found, dtype=float))
    right = np.atleast_1d(np.asarray(wanted, dtype=float))
    np.testing.assert_allclose(left, right, rtol=rtol, atol=atol, equal_nan=True, err_msg=label)
    return left.size
