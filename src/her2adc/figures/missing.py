"""What is missing: how much of each variable, and which variables are missing together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.format import count_percent
from her2adc.results import ALL_PATIENTS

__all__ = ["missing_pattern"]

_ROW = 0.20
_CELL = 0.20
_WIDE = 4.0
SEPARATOR = "; "


@dataclass
class _Variable:
    """One variable with its missing values."""

    name: str
    missing: int
    total: int
    label: str = ""

    @property
    def height(self) -> float:
        """Height of its row."""
        return max(_ROW, height_of(self.label) + 0.05)


@style.styled
def missing_pattern(
    rows: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    total: int | None = None,
    most: int = 8,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Missing values of every variable, and the combinations in which they are missing.

    Parameters
    ----------
    rows : DataFrame
        Results rows of all patients, analysis ``missing``. Statistic ``count``: patients without
        a value of ``variable`` (``n``: all patients). Statistic ``pattern``, optional: patients
        in whom exactly the variables named in ``level``, joined by ``"; "``, are missing (""
        where nothing is).
    labels : mapping, optional
        Printed names of variables.
    total : int, optional
        All patients, when ``n`` of the rows is not that.
    most : int
        Combinations shown, the most frequent first.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> figure = missing_pattern(frame([row("missing", "count", 10, variable="Ki-67", n=98)]))
    >>> [text.get_text() for text in figure.texts][:2]
    ['Ki-67', '10 (10.2%)']
    """
    mine = rows[(rows["analysis"] == "missing") & (rows["group"].astype(str) == ALL_PATIENTS)]
    variables = _variables(mine[mine["statistic"] == "count"], labels, total)
    if not variables:
        raise ValueError("no row of analysis 'missing' with statistic 'count' of all patients")
    width = width_mm / 25.4
    patterns = _patterns(mine[mine["statistic"] == "pattern"], most, width)
    for variable in variables:
        variable.label = wrap(variable.label, 0.30 * width)
    left = max(width_of(v.label) for v in variables) + 0.14
    numbers = max(width_of(_text(v)) for v in variables) + 0.06
    matrix = len(patterns) * _CELL + (0.18 if patterns else 0.0)
    bars = width - left - matrix - numbers - 0.12
    body = sum(v.height for v in variables)
    head = 0.40 if patterns else 0.08
    sheet = Sheet(width, head + body + 0.50)
    _bars(sheet, variables, (left, head, bars, body))
    if patterns:
        start = left + bars + numbers + 0.18
        _matrix(sheet, variables, patterns, (start, head))
    return sheet.figure


def _variables(rows: pd.DataFrame, labels: Mapping[str, str] | None, total: int | None) -> list[_Variable]:
    """Variables, the most often missing first."""
    found = []
    for _, row in rows.iterrows():
        name = str(row["variable"])
        patients = total if total is not None else (0 if pd.isna(row["n"]) else int(row["n"]))
        label = style.label_of(name, labels)
        found.append(_Variable(name, int(row["value"]), patients, label))
    return sorted(found, key=lambda v: -v.missing)


def _patterns(rows: pd.DataFrame, most: int, width: float) -> list[tuple[frozenset[str], int]]:
    """List combinations of missing variables, the most frequent first."""
    if width < _WIDE:
        most = min(most, 3)
    pairs = [
        (frozenset(part for part in str(level).split(SEPARATOR) if part), int(value))
        for level, value in zip(rows["level"], rows["value"], strict=True)
    ]
    return sorted(pairs, key=lambda pair: -pair[1])[:most]


def _text(variable: _Variable) -> str:
    """Missing patients as printed."""
    return count_percent(variable.missing, variable.total)


def _bars(sheet: Sheet, variables: Sequence[_Variable], place: tuple[float, float, float, float]) -> None:
    """One bar a variable with n (%)."""
    left, top, width, body = place
    ax = sheet.axes(left, top, width, body)
    share = max((100 * v.missing / max(v.total, 1) for v in variables), default=0.0)
    end = next(e for e in (5, 10, 20, 30, 40, 50, 60, 80, 100) if share <= e + 1e-9)
    ax.set_xlim(0, end)
    ax.set_ylim(body, 0)
    ax.set_yticks([])
    ax.set_xticks([0, end / 2, end], ["0", f"{end / 2:g}", str(end)])
    ax.patch.set_visible(False)
    y = 0.0
    for variable in variables:
        middle = y + variable.height / 2
        start = top + middle - height_of(variable.label) / 2
        for i, line in enumerate(variable.label.split("\n")):
            sheet.text(left - 0.06, start + (i + 0.78) * line_height(), line, ha="right")
        reach = 100 * variable.missing / max(variable.total, 1)
        ax.barh(middle, reach, 0.11, color=style.GREY, linewidth=0)
        x = left + width * reach / end + 0.05
        sheet.text(x, top + middle + 0.037, _text(variable))
        y += variable.height
    sheet.text(left + width / 2, top + body + 0.33, "Missing (%)", ha="center")


def _matrix(
    sheet: Sheet,
    variables: Sequence[_Variable],
    patterns: Sequence[tuple[frozenset[str], int]],
    place: tuple[float, float],
) -> None:
    """Draw combinations as columns: filled where missing, patients above."""
    left, top = place
    sheet.text(sheet.width - 0.04, top - 0.24, "Patients by combination", ha="right", color=style.INK)
    for j, (names, count) in enumerate(patterns):
        x = left + j * _CELL
        sheet.text(x + _CELL / 2, top - 0.05, str(count), ha="center")
        y = top
        for variable in variables:
            absent = variable.name in names
            sheet.box(
                x + 0.02,
                y + 0.02,
                _CELL - 0.04,
                variable.height - 0.04,
                facecolor="#B5541C" if absent else "#ECECEC",
                edgecolor="none",
                linewidth=0,
            )
            y += variable.height
    sheet.text(sheet.width - 0.04, y + 0.16, "■ missing", ha="right", color="#B5541C")
