"""Forest plot of subgroups: counts, plot, hazard or odds ratio, p for interaction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.forest_drawing import draw
from her2adc.figures.forest_layout import Item, axis_limits, axis_ticks, make_layout
from her2adc.format import NOT_ESTIMABLE, estimate_short, pvalue

__all__ = ["forest"]

_DAGGER = "†"
_NAMES = {
    "hazard_ratio": "Hazard ratio",
    "odds_ratio": "Odds ratio",
    "subdistribution_hazard_ratio": "Subdistribution\nhazard ratio",
}


@style.styled
def forest(
    rows: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    arm_labels: Sequence[str],
    favours: tuple[str, str] | None = None,
    limits: tuple[float, float] | None = None,
    statistic: str = "hazard_ratio",
    estimate_label: str = "",
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Hazard or odds ratio of the last against the first arm, in all patients and by subgroup.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``forest``: the ratio, ``n_arm``, ``events_arm``,
        ``p_interaction``; variable "" is all patients. Variables and levels keep their order.
    labels : mapping
        Printed names of variables.
    arm_labels : sequence of str
        Groups in order, named as the rows' groups; those compared are read from the rows.
    favours : tuple of str, optional
        What stands under the axis left and right of 1. By default that of an event to avoid for
        a hazard ratio, and only where the outcome is less or more frequent for an odds ratio.
    limits : tuple of float, optional
        Ends of the axis; intervals beyond them end in an arrow and are printed in full.
    statistic : str
        Ratio drawn, e.g. ``"odds_ratio"``.
    estimate_label : str
        Its printed name; "" for the usual one.
    width_mm : float
        Printed width; below 120 mm the counts stand under the names.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("forest", "hazard_ratio", 0.5, conf_low=0.3, conf_high=0.8,
    ...     conf_level=0.95, n=98, n_events=42)])
    >>> figure = forest(rows, labels={}, arm_labels=["HER2-low", "HER2-positive"])
    >>> any(text.get_text() == "0.50 (0.30 to 0.80)" for text in figure.texts)
    True
    """
    rows = rows[rows["analysis"] == "forest"]
    arm_labels = _arms(rows, arm_labels)
    items = _items(rows, labels, arm_labels, statistic)
    if not items:
        raise ValueError(f"no row of analysis 'forest' with statistic {statistic!r} to draw")
    level = rows["conf_level"].dropna()
    percent = f"{100 * float(level.iloc[0]):g}" if len(level) else "95"
    name = estimate_label or _NAMES.get(statistic, statistic.replace("_", " ").capitalize())
    heads = {"estimate": f"{name}\n({percent}% CI)", "p": "p for\ninteraction"}
    arms = [style.shown(arm) for arm in arm_labels]
    first, last = arms[0], arms[-1]
    layout = make_layout(items, width_mm / 25.4, arms, heads)
    layout.limits = limits or axis_limits(items)
    layout.ticks = axis_ticks(*layout.limits, layout.plot[1] - layout.plot[0])
    direction = (f"Favours {last}", f"Favours {first}")
    if statistic == "odds_ratio":
        direction = (f"Less often in {last}", f"More often in {last}")
    left, right = favours or direction
    layout.favours = style.shown(left), style.shown(right)
    layout.notes = _notes(items, arms if layout.narrow else ())
    return draw(items, layout)


def _arms(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Find the two arms that the rows compare, reference first."""
    counted = set(rows.loc[rows["statistic"] == "n_arm", "group"].astype(str))
    found = [name for name in names if name in counted]
    return found if len(found) == 2 else [names[0], names[-1]]


def _items(
    rows: pd.DataFrame, labels: Mapping[str, str], arms: Sequence[str], statistic: str
) -> list[Item]:
    """Lines of the plot in order, all patients first."""
    ratios = rows[rows["statistic"] == statistic]
    items = [_item(r, "All patients", "all", rows, arms) for _, r in ratios.iterrows()
             if r["variable"] == ""]  # fmt: skip
    for variable in dict.fromkeys(v for v in ratios["variable"] if v):
        levels = ratios[ratios["variable"] == variable]
        found = rows[(rows["variable"] == variable) & (rows["statistic"] == "p_interaction")]
        p = _interaction(float(found["value"].iloc[0])) if len(found) else ""
        items.append(Item(style.label_of(variable, labels), "variable", interaction=p))
        items += [_item(r, style.shown(r["level"]), "level", rows, arms) for _, r in levels.iterrows()]
    return items


def _interaction(p: float) -> str:
    """P for interaction as printed."""
    return pvalue(p) if math.isfinite(p) else NOT_ESTIMABLE


def _item(ratio: pd.Series, label: str, kind: str, rows: pd.DataFrame, arms: Sequence[str]) -> Item:
    """One line with its counts and its estimate."""
    value, low, high = (float(ratio[c]) for c in ("value", "conf_low", "conf_high"))
    text = estimate_short(value, low, high, 2, not_reached=NOT_ESTIMABLE)
    if "firth" in str(ratio["method"]).lower() and math.isfinite(value):
        text += _DAGGER
    mine = rows[(rows["variable"] == ratio["variable"]) & (rows["level"] == ratio["level"])]
    counts = tuple(_count(mine, arm) for arm in arms)
    events = 0 if pd.isna(ratio["n_events"]) else int(ratio["n_events"])
    return Item(label, kind, counts, text, "", value, low, high, events)


def _count(rows: pd.DataFrame, arm: str) -> str:
    """Events and patients of an arm, as printed."""
    mine = rows[rows["group"].astype(str) == arm]
    numbers = dict(zip(mine["statistic"], mine["value"], strict=True))
    if not {"n_arm", "events_arm"} <= set(numbers):
        return ""
    return f"{int(numbers['events_arm'])}/{int(numbers['n_arm'])}"


def _notes(items: Sequence[Item], arms: Sequence[str]) -> tuple[str, ...]:
    """Explanations of signs that the plot uses."""
    notes = []
    if arms and any(item.below for item in items):
        notes.append(f"Under each name: events/n, {' vs '.join(arms)}.")
    if arms and any(item.interaction for item in items):
        notes.append("int. p, p for interaction.")
    if any(item.estimate.endswith(_DAGGER) for item in items):
        notes.append(f"{_DAGGER} Firth-penalised estimate with profile-likelihood interval.")
    if any(NOT_ESTIMABLE in item.estimate + item.interaction for item in items):
        notes.append(f"{NOT_ESTIMABLE}, not estimable.")
    return tuple(notes)
