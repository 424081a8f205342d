"""Pseudo-cohorts: run the reconstruction that a study brings, write its tables.

A study that is reconstructed from printed numbers has two files beside its
``study.yml``: ``published.yml``, what the source printed, and
``reconstruct.py``, whose function ``build(seed)`` returns a
:class:`Reconstruction`.  The search itself is in :mod:`her2adc.annealing`.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pandas as pd
import yaml
from scipy.special import ndtri

_EPSILON = 1e-9


@dataclass(frozen=True)
class Band:
    """The half-open interval of values that print as one number."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in the band (rounding half away from zero)."""
        return self.low - _EPSILON <= value < self.high - _EPSILON

    def distance(self, value: float) -> float:
        """Distance of a value to the band, zero within it."""
        if self.holds(value):
            return 0.0
        if value < self.low:
            return self.low - value
        return value - self.high + 2.0 * _EPSILON

    def probit(self) -> Band:
        """Take the band of a two-sided p-value to the scale of its z statistic."""
        top = min(self.high, 1.0)
        return Band(probit(top), probit(max(self.low, 1e-12)))


def printed_band(printed: str) -> Band:
    """Band of the values that round to a printed decimal.

    Parameters
    ----------
    printed : str
        The number as printed; its number of decimals is the precision.
    """
    value = Decimal(printed)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"{printed!r} is not a finite decimal number")
    half = Decimal(1).scaleb(exponent) / 2
    return Band(float(value - half), float(value + half))


def probit(p: float) -> float:
    """Return the |z| statistic that has a two-sided p-value."""
    return float(-ndtri(p / 2.0))


@dataclass(frozen=True)
class Printed:
    """One number of the source, as printed.

    Attributes
    ----------
    id : str
        Name of the constraint.
    where, what : str
        Place in the source, and what the number is.
    value : str
        The number with its printed decimals, a bound such as ``>0.05`` or
        ``<0.001``, or ``NR`` for a median that is not reached.
    status : str
        ``met`` or ``overruled``.
    """

    id: str
    where: str
    what: str
    value: str
    status: str

    def band(self) -> Band:
        """Return the values that print as this number."""
        if self.value == "NR":
            return Band(float("inf"), float("inf"))
        if self.value.startswith(">"):
            return Band(float(self.value[1:]), float("inf"))
        if self.value.startswith("<"):
            return Band(float("-inf"), float(self.value[1:]))
        return printed_band(self.value)

    def holds(self, reached: float) -> bool:
        """Whether a value reached prints as this number."""
        if self.value == "NR":
            return reached == float("inf")
        return self.band().holds(reached)


@dataclass(frozen=True)
class Reconstruction:
    """What a study's ``build(seed)`` returns.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        File name without extension, and its rows.
    report : DataFrame
        One row a constraint: constraint, printed, reached, met.
    """

    tables: Mapping[str, pd.DataFrame]
    report: pd.DataFrame


def load_module(path: Path) -> ModuleType:
    """Load a Python file that is not in a package, by its path.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    module
    """
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded as a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def read_published(path: Path) -> list[Printed]:
    """Read what a source printed.

    Parameters
    ----------
    path : Path
        A YAML list; of each entry ``id``, ``where``, ``what``, ``value``,
        ``precision`` (1, 0.1, ... or ``none`` for a bound or NR) and
        ``status`` are used.

    Returns
    -------
    list of Printed
        In the order of the file.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Printed(e["id"], e["where"], e["what"], _as_printed(e), e["status"]) for e in entries]


def _as_printed(entry: Mapping[str, object]) -> str:
    if entry["precision"] == "none":
        return str(entry["value"])
    return str(Decimal(str(entry["value"])).quantize(Decimal(str(entry["precision"]))))


def check(published: Sequence[Printed], reached: Callable[[str], float], digits: int = 4) -> pd.DataFrame:
    """Compare what was printed with what a cohort gives.

    Parameters
    ----------
    published : sequence of Printed
        Numbers of the source; the overruled ones are left out.
    reached : callable
        The value of the cohort for an id.
    digits : int, default 4
        Decimals shown of the value reached.

    Returns
    -------
    DataFrame
        constraint, printed, reached, met.
    """
    rows = []
    for number in published:
        if number.status != "met":
            continue
        value = reached(number.id)
        rows.append(
            {
                "constraint": f"{number.id} {number.what}",
                "printed": number.value,
                "reached": "NR" if value == float("inf") else f"{value:.{digits}f}",
                "met": number.holds(value),
            }
        )
    return pd.DataFrame(rows, columns=["constraint", "printed", "reached", "met"])


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write tables as CSV files; the folder changes only when all are written.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        File name without extension, and its rows.
    folder : Path
        Where they go; files of other names in it stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".reconstruct-", dir=folder.parent))
    try:
        for name, table in tables.items():
            table.to_csv(scratch / f"{name}.csv", index=False, lineterminator="\n")
        for name in tables:
            (scratch / f"{name}.csv").replace(folder / f"{name}.csv")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def reconstruct(study_dir: Path, seed: int) -> pd.DataFrame:
    """Run a study's reconstruction and write its tables to ``data/``.

    Parameters
    ----------
    study_dir : Path
        Folder of the study, with a ``reconstruct.py``.
    seed : int
        Seed of the random numbers; the same seed gives the same bytes.

    Returns
    -------
    DataFrame
        constraint, printed, reached, met.
    """
    module = load_module(study_dir / "reconstruct.py")
    result: Reconstruction = module.build(seed)
    write_tables(result.tables, study_dir / "data")
    return result.report
