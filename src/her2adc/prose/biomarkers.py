"""Sentences and captions of the page on biomarkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.config import Marker, TimePoint
from her2adc.prose.words import listed, lower_first
from her2adc.results import select

SMALL = 0.05
"""Corrected p-value below which a marker is named."""
_RATIOS = {"hazard_ratio": "hazard ratio", "odds_ratio": "odds ratio"}
CUTOFF_WARNING = (
    "**These cut-offs must not be used for other patients.** A cut-off that was looked for in the data makes "
    "an effect look larger and a p-value smaller than they are, and the next study finds another one. "
    "The table shows how much: the corrected p-value pays for every cut-off that was tried, and the corrected "
    "hazard ratio is that of patients who had no part in choosing. Where it is near 1, or on its other "
    "side, nothing is left."
)
CUTOFF_CAPTION = (
    "Hazard ratio above the cut-off against at or below it. Apparent: as the data say after the search. "
    "Corrected: p by permutation; hazard ratio as the mean effect of the cut-offs that bootstrap "
    "samples chose, in the patients whom they left out. At least a tenth of the patients lie on either side."
)
LEVELS_CAPTION = (
    "Cut-offs laid down before the data were seen; each belongs to the level above it. One model for each "
    "marker, without other variables; p-values against the lowest level, not corrected for the number of markers."
)
TESTED_TWICE = (
    "Patients tested at both time points only. Gained: of those wild type before; lost: of those altered before. "
    "p of McNemar's exact test. Who is tested again has mostly progressed and is well enough for a "
    "biopsy: the numbers do not hold for all patients."
)
RESISTANCE_CAPTION = (
    "Altered of those tested. Patients without progression may still progress, so that this table says "
    "less than the hazard ratios above."
)


def biomarkers(rows: pd.DataFrame, labels: Mapping[str, str], endpoint: str, population: str) -> str:
    """Return which markers go with the endpoint once their number is paid for.

    Parameters
    ----------
    rows
        Rows of one analysis ``marker_<kind>`` or ``marker_<kind>_adjusted``.
    labels
        Printed names of markers and genes.
    endpoint
        Printed name of what they are tested for.
    population
        How many patients and events.

    Returns
    -------
    str
    """
    tests = select(rows, statistic="p_holm").dropna(subset=["value"]).sort_values("value", kind="stable")
    if tests.empty:
        return f"No marker could be tested for {lower_first(endpoint)}."
    adjusted = "adjusted " if str(rows["analysis"].iloc[0]).endswith("_adjusted") else ""
    small = tests[tests["value"] < SMALL]
    named = [_named(rows, v, labels, adjusted) for v in (small if len(small) else tests.head(1))["variable"]]
    count = f"{len(tests)} marker{'s' if len(tests) > 1 else ''}"
    tested = f"tested for {lower_first(endpoint)} ({population})"
    if small.empty:
        none = "None of the" if len(tests) > 1 else "The one"
        only = f"{none} {count} {tested}" if len(tests) > 1 else f"The one marker {tested}"
        verb = "was associated" if len(tests) > 1 else "was not associated"
        most = f"; the smallest p-value was that of {named[0]}" if len(tests) > 1 else f": {named[0]}"
        return f"{only} {verb} with it after correction for their number{most}."
    return f"Of {count} {tested}, {listed(named)} {_stayed(len(small))} after correction for their number."


def _stayed(n: int) -> str:
    return "was associated with it" if n == 1 else "were associated with it"


def _named(rows: pd.DataFrame, name: str, labels: Mapping[str, str], adjusted: str) -> str:
    """Marker with its ratio and p-values."""
    mine = rows[rows["variable"].eq(name)].drop_duplicates("statistic").set_index("statistic")
    statistic = next(s for s in _RATIOS if s in mine.index)
    ratio, level = mine.loc[statistic], str(mine.loc[statistic, "level"])
    text = fmt.estimate(ratio["value"], ratio["conf_low"], ratio["conf_high"], 2)
    against = "per standard deviation" if level == "per SD" else "altered against wild type"
    p = f"{fmt.p_equals(float(mine.loc['p_value', 'value']))}, Holm {fmt.pvalue(float(mine.loc['p_holm', 'value']))}"
    return f"{labels.get(name, name)} ({adjusted}{_RATIOS[statistic]} {against} {text}; {p})"


def changed(rows: pd.DataFrame, labels: Mapping[str, str], points: Mapping[str, str]) -> str:
    """Return the gene gained most often between two time points, or nothing without any.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("alterations_paired", "gained", 0.25, variable="ESR1", level="a -> b", n=8,
    ...     n_events=2), row("alterations_paired", "p_value", 0.5, variable="ESR1", level="a -> b")])
    >>> changed(rows, {}, {"a": "Before ADC1", "b": "After ADC1"})
    'Most often gained from before ADC1 to after ADC1 was ESR1, by 2 of 8 patients without it (p = 0.50).'
    """
    gained = select(rows, statistic="gained")
    gained = gained[gained["n_events"].fillna(0) > 0].sort_values("value", ascending=False, kind="stable")
    if gained.empty:
        return ""
    most = gained.iloc[0]
    first, second = (lower_first(points.get(p, p)) for p in str(most["level"]).split(" -> "))
    test = select(rows, statistic="p_value", variable=most["variable"], level=most["level"])["value"].iloc[0]
    who = f"{most['n_events']} of {most['n']} patients without it"
    name = labels.get(str(most["variable"]), str(most["variable"]))
    return f"Most often gained from {first} to {second} was {name}, by {who} ({fmt.p_equals(float(test))})."


def markers_caption(rows: pd.DataFrame, adjustment: Sequence[str], point: TimePoint) -> str:
    """Return how to read ratios of markers."""
    count = int(select(rows, statistic="p_holm", analysis=rows["analysis"].iloc[-1])["value"].notna().sum())
    text = f"Measured {lower_first(point.label)}. Continuous markers per standard deviation, without cut-offs. "
    if adjustment:
        text += f"Adjusted models hold {listed([lower_first(a) for a in adjustment])} besides the one marker. "
    else:
        text += "One model for each marker. "
    text += f"Holm and Benjamini-Hochberg (BH) correct for all {count} tests. "
    if rows["method"].str.contains("Firth").any():
        text += "Where a level has no events, Firth-penalised estimates are shown. "
    return text + "Patients without a value are left out of that marker's model."


def markers_alt(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Return all ratios of a forest of markers in words."""
    found = rows[rows["statistic"].isin(_RATIOS)]
    parts = [
        f"{labels.get(str(name), str(name))} {fmt.estimate(value, low, high, 2)}"
        for name, value, low, high in found[["variable", "value", "conf_low", "conf_high"]].to_numpy()
    ]
    what = _RATIOS[str(found["statistic"].iloc[0])]
    return f"{what[:1].upper()}{what[1:]} of each marker: {'; '.join(parts)}."


def spline_notes(rows: pd.DataFrame) -> list[str]:
    """Return the p-values of a spline as lines of a figure."""
    p = {s: float(select(rows, statistic=s)["value"].iloc[0]) for s in ("p_value", "p_nonlinear")}
    return [f"Association {fmt.p_equals(p['p_value'])}", f"Nonlinearity {fmt.p_equals(p['p_nonlinear'])}"]


def spline_caption(rows: pd.DataFrame, adjustment: Sequence[str]) -> str:
    """Return how to read a spline."""
    knots = len(select(rows, statistic="knot"))
    others = f", adjusted for {listed([lower_first(a) for a in adjustment])}" if adjustment else ""
    return (
        f"Restricted cubic spline with {knots} knots (ticks) at Harrell's quantiles{others}; ratio against the "
        "median of the marker (dotted), with pointwise 95% confidence limits. Below, how many patients have which "
        "value: where there are few, the curve says little."
    )


def alterations_caption(points: Sequence[str]) -> str:
    """Return how to read the oncoprint."""
    again = " The same patient stands in the same column of every panel." if len(points) > 1 else ""
    return f"A column is a patient. Grey is wild type, white is not tested.{again} At the right, altered of tested."


def late(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Return how many values were left out because they were measured after the clock had started.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> late(frame([row("markers", "late", 2, variable="trop2")]), {"trop2": "TROP2"})
    '2 values of TROP2 were measured after the clock had started, and are left out.'
    """
    found = select(rows, statistic="late")
    found = found[found["value"] > 0]
    if found.empty:
        return ""
    parts = [
        f"{int(n)} value{'s' if n > 1 else ''} of {labels.get(str(v), str(v))}"
        for v, n in found[["variable", "value"]].to_numpy()
    ]
    verb = "was" if len(found) == 1 and found["value"].iloc[0] == 1 else "were"
    return f"{listed(parts)} {verb} measured after the clock had started, and {'is' if verb == 'was' else 'are'} left out."


def handling(name: str, marker: Marker) -> str:
    """Return how the values of a marker were used.

    Examples
    --------
    >>> handling("trop2", Marker(label="TROP2", cut=(100,), cut_source="the protocol"))
    'TROP2: as measured; cut-off 100 from the protocol'
    """
    plus = f" of the value plus {marker.offset:g}" if marker.offset and marker.transformation != "none" else ""
    scale = "as measured" if marker.transformation == "none" else f"{marker.transformation}{plus}"
    text = f"{marker.label}: {scale}"
    if marker.cut:
        cuts = listed([f"{c:g}" for c in marker.cut])
        source = f" from {marker.cut_source}" if marker.cut_source else ""
        text += f"; cut-off{'s' if len(marker.cut) > 1 else ''} {cuts}{source}"
    return text
