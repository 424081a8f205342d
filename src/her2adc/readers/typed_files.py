"""Parquet and SPSS files -> texts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat

from her2adc.cells import cell_text
from her2adc.config import Source
from her2adc.errors import Problem
from her2adc.readers.grid import FileProblem, Read, Rows, Unclear, below_header
from her2adc.readers.guard import MOST_CELLS


def read_parquet(path: Path, source: Source) -> Read:
    """Read a Parquet file; named index columns are columns too."""
    held = pq.ParquetFile(path).metadata
    _bounded(path, held.num_rows, held.num_columns)
    frame = pd.read_parquet(path)
    if any(n is not None for n in frame.index.names):
        frame = frame.reset_index()
    return _texts(frame, path.name, source.decimal)


def read_spss(path: Path, source: Source) -> Read:
    """Read an SPSS file: labels in the place of codes, user-missing values empty."""
    _, held = pyreadstat.read_sav(str(path), metadataonly=True)
    _bounded(path, held.number_rows or 0, len(held.column_names))
    frame, _ = pyreadstat.read_sav(str(path), apply_value_formats=True)
    return _texts(frame, path.name, source.decimal)


def _bounded(path: Path, rows: int, columns: int) -> None:
    """Refuse a file of more cells than can be read."""
    if rows * columns > MOST_CELLS:
        raise FileProblem(
            Problem(path.name, f"has {rows:,} rows of {columns:,} columns, more than can be read",
                    "keep the columns and rows that the study needs")
        )  # fmt: skip


def _texts(frame: pd.DataFrame, file: str, decimal: str) -> Read:
    """Texts of a frame; columns that hold lists or parts of other tables are unclear."""
    named = pd.Index([str(c) for c in frame.columns])
    rows: Rows = [(0, list(named))]
    columns = [frame[c].astype(object).tolist() for c in frame.columns]
    rows += [
        (i, [_text(v, decimal) for v in row]) for i, row in enumerate(zip(*columns, strict=True), start=1)
    ]
    read = below_header(rows, file, 0)
    for p, name in read.names.items():
        nested = [i for i, v in enumerate(columns[p], start=1) if _nested(v)]
        read.unclear[name] = [
            Unclear(i, "the cell holds a list or a part of another table, not one value",
                    "write one value a cell, each in a column of its own", str(columns[p][i - 1])[:40])
            for i in nested
        ]  # fmt: skip
    return read


def _nested(value: Any) -> bool:
    return isinstance(value, list | tuple | dict | np.ndarray | bytes | set)


def _text(value: Any, decimal: str) -> str | None:
    """Text of a value; a time with a zone keeps the zone in view."""
    if _nested(value):
        return None
    if value is None or pd.isna(value):
        return None
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.isoformat(sep=" ")
    if isinstance(value, np.floating):
        value = float(str(value))
    return cell_text(value, decimal)
