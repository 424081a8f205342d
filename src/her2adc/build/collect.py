"""Collect the results of all pages into one long table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from her2adc.build.plan import Plan
from her2adc.markup import write_csv
from her2adc.results import COLUMNS

RESULTS = Path("_build/results")
TEXT = [c for c in COLUMNS if c not in ("value", "conf_low", "conf_high", "conf_level", "n", "n_events")]


def collect(plan: Plan) -> str:
    """Write ``_build/results/results.csv`` and ``results.parquet`` from the pages of a build.

    Parameters
    ----------
    plan
        The build.

    Returns
    -------
    str
        One line for the terminal.
    """
    files = [RESULTS / s.id / f"{p.page}.csv" for s in plan.studies for p in s.pages]
    tables = [read_results(f) for f in files]
    table = pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name, write in (("results.csv", write_csv), ("results.parquet", pd.DataFrame.to_parquet)):
        write(table, RESULTS / f".{name}")
        (RESULTS / f".{name}").replace(RESULTS / name)
    return f"results of {len(files)} pages ... {len(table)} rows"


def read_results(path: Path) -> pd.DataFrame:
    """Read a results file with the types it was written with.

    Parameters
    ----------
    path
        ``results.csv`` or the results of one page.

    Returns
    -------
    DataFrame
        With the columns of :data:`her2adc.results.COLUMNS`; counts are nullable integers.
    """
    table = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False,
                        na_values={c: [""] for c in COLUMNS if c not in TEXT}, float_precision="round_trip")
    return table.astype({"n": "Int64", "n_events": "Int64"})

