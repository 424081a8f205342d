"""Golden values of R in ``tests/golden/golden_models.csv`` and the data that they were made from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from .conftest import GOLDEN, number

FOLDER = Path(GOLDEN)


@cache
def _table() -> pd.DataFrame:
    table = pd.read_csv(FOLDER / "golden_models.csv", dtype=str, keep_default_na=False)
    return table.assign(value=table["value"].map(number))


def cases(case: str, **filters: str) -> pd.DataFrame:
    """Rows of a case."""
    found = _table()[_table()["case"] == case]
    for column, wanted in filters.items():
        found = found[found[column] == wanted]
    assert len(found), f"no golden {case} {filters}"
    return found


def value(case: str, statistic: str, **filters: str) -> float:
    """The single value."""
    found = cases(case, statistic=statistic, **filters)
    assert len(found) == 1, f"{len(found)} golden {case} {statistic} {filters}"
    return float(found["value"].iloc[0])


@cache
def mgus2() -> pd.DataFrame:
    """Plasma-cell malignancy and death before it, causes as their numbers."""
    return pd.read_csv(FOLDER / "mgus2.csv")


def named() -> pd.DataFrame:
    """The same as an endpoint of the package: ``M_time`` (months), ``Y_time`` (years), named causes."""
    data = mgus2().rename(columns={"time": "M_time", "year": "Y_time"})
    names = {0: "censored", 1: "malignancy", 2: "death"}
    causes = pd.Categorical(data["cause"].map(names), categories=list(names.values()), ordered=True)
    spike = pd.Categorical(data["spike"], categories=["low", "middle", "high"], ordered=True)
    return data.assign(M_cause=causes, Y_cause=causes, spike=spike)


def birthwt() -> pd.DataFrame:
    """Low birth weight."""
    data = pd.read_csv(FOLDER / "birthwt.csv")
    data["low"] = data["low"] == 1
    levels = {name: ["no", "yes"] for name in ("smoke", "ht", "early")}
    levels["race"] = ["white", "black", "other"]
    for column, names in levels.items():
        data[column] = pd.Categorical(data[column], categories=names, ordered=True)
    return data
