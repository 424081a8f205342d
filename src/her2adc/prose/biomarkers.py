"""Sentences and captions of the page on biomarkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.config import Marker, TimePoint
from her2adc.markup import Myst
from her2adc.prose.words import listed, lower_first
from her2adc.results import one, select

SMALL = 0.05
"""Corrected p-value below which a marker is named."""
_RATIOS = {"hazard_ratio": "hazard ratio", "odds_ratio": "odds ratio"}
CUTOFF_WARNING = Myst(
    "**These cut-offs must not be used for other patients.** A cut-off that was looked for in the data makes "
    "an effect look larger and a p-value smaller than they are, and the next study finds another one. "
    "The table shows how much: the corrected p-value pays for every cut-off that was tried, and the "
    "corrected hazard ratio is that of patients who had no part in choosing. Where it is near 1, or on its "
    "other side, nothing is left."
)
CUTOFF_CAPTION = Myst(
    "Hazard ratio above the cut-off against at or below it. Apparent: as the data say after the search for "
    "the largest log-rank statistic {cite:p}`Lausen1992`. Corrected: p by permutation; hazard ratio as the "
    "mean effect of the cut-offs that bootstrap samples chose, in the patients whom they left out "
    "{cite:p}`Schumacher1997`. At least a tenth of the patients lie on either side."
)
LEVELS_CAPTION = (
    "Cut-offs laid down before the data were seen; each belongs to the level above it. One model for each "
    "marker, without other variables; p-values against the lowest level, not corrected for the number of "
    "markers."
)
TESTED_TWICE = (
    "Patients tested at both time points only. Gained: of those wild type before; lost: of those altered "
    "before. p of McNemar's exact test. Who is tested again has mostly progressed and is well enough for a "
    "biopsy: the numbers do not hold for all patients."
)
REMARK_CAPTION = Myst(
    "Items of REMARK {cite:p}`McShane2005,Altman2012` that concern the analysis, answered from the study "
    "file and the data."
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
    what, n = lower_first(endpoint), len(tests)
    if not n:
        return f"No marker could be tested for {what}."
    small = tests[tests["value"] < SMALL]
    named = [_named(rows, str(v), labels) for v in (small if len(small) else tests.head(1))["variable"]]
    tested = f"tested for {what} ({population})"
    if n == 1:
        return f"The one marker {tested} was {named[0]}."
    if small.empty:
        return (
            f"None of the {n} markers {tested} was associated with it after correction for their number; the "
            f"smallest p-value was that of {named[0]}."
        )
    found = f"{listed(named)} {'was' if len(small) == 1 else 'were'} associated with it"
    return f"Of {n} markers {tested}, {found} after correction for their number."


def _named(rows: pd.DataFrame, name: str, labels: Mapping[str, str]) -> str:
    """Marker with its ratio and p-values."""
    mine = select(rows, variable=name)
    ratio = select(mine, statistic=list(_RATIOS)).iloc[0]
    text = fmt.estimate(ratio["value"], ratio["conf_low"], ratio["conf_high"], 2)
    what = _RATIOS[str(ratio["statistic"])]
    if str(ratio["analysis"]).endswith("_adjusted"):
        what = f"adjusted {what}"
    state = "" if ratio["level"] == "per SD" else " altered"
    what += " per standard deviation" if ratio["level"] == "per SD" else " against wild type"
    plain, holm = (float(one(mine, statistic=s)["value"]) for s in ("p_value", "p_holm"))
    numbers = text.replace(" (", ", ", 1).removesuffix(")")
    p = f"{fmt.p_equals(plain)}, Holm {fmt.p_equals(holm)}"
    return f"{labels.get(name, name)}{state} ({what} {numbers}; {p})"


def alterations_gained(rows: pd.DataFrame, labels: Mapping[str, str], points: Mapping[str, str]) -> str:
    """Return which alterations were gained or lost once the number of tests is paid for; nothing without any.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> at = {"variable": "ESR1", "level": "a -> b"}
    >>> rows = frame([row("alterations_paired", "gained", 0.25, n=40, n_events=10, **at),
    ...     row("alterations_paired", "lost", 0, n=9, n_events=0, **at),
    ...     row("alterations_paired", "p_holm", 0.004, **at)])
    >>> alterations_gained(rows, {}, {"a": "Before", "b": "After"})
    'ESR1 was gained by 10 of 40 patients without it before and tested again after (Holm p = 0.004).'
    """
    tests = select(rows, statistic="p_holm").sort_values("value", kind="stable")
    parts = []
    for name, level, p in tests.loc[tests["value"] < SMALL, ["variable", "level", "value"]].to_numpy():
        mine = select(rows, variable=name, level=level)
        gained, lost = (one(mine, statistic=s) for s in ("gained", "lost"))
        first, again = (lower_first(points.get(part, part)) for part in str(level).split(" -> "))
        verb, with_it, of = ("gained", "without", gained) if gained["n_events"] > lost["n_events"] else (
            "lost", "with", lost)  # fmt: skip
        who = f"{of['n_events']} of {of['n']} patients {with_it} it {first} and tested again {again}"
        gene = labels.get(str(name), str(name))
        parts.append(f"{gene} was {verb} by {who} (Holm {fmt.p_equals(float(p))})")
    return f"{'; '.join(parts)}." if parts else ""


def markers_caption(rows: pd.DataFrame, adjustment: Sequence[str], point: TimePoint) -> str:
    """Return how to read ratios of markers."""
    tests = select(rows, statistic="p_holm", analysis=rows["analysis"].iloc[-1])["value"]
    count = int(tests.notna().sum())
    text = f"Measured {lower_first(point.label)}. Continuous markers per standard deviation, not cut. "
    both = "alone and " if len(set(rows["analysis"])) > 1 else ""
    others = f", {both}adjusted for {listed([lower_first(a) for a in adjustment])}" if adjustment else ""
    text += f"One model for each marker{others}. "
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
    return Myst(
        "Restricted cubic spline {{cite:p}}`Harrell2015` with {} knots (triangles){}; ratio "
        "against the median of the marker (dotted), with pointwise 95% confidence limits. Below, how many "
        "patients have which value: where there are few, the curve says little."
    ).format(knots, others)


def alterations_caption(points: Sequence[str]) -> str:
    """Return how to read the oncoprint."""
    again = " The same patient stands in the same column of every panel." if len(points) > 1 else ""
    return f"A column is a patient. Grey is wild type, white not tested.{again} Right, altered of tested."


def late_markers(rows: pd.DataFrame, days: int = 0) -> str:
    """Return how many patients have values that were measured after the clock had started.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> late_markers(frame([row("markers", "late", 2)]))
    'Values of 2 patients were measured after the clock had started, and are left out.'
    """
    found = select(rows, statistic="late", variable="")["value"]
    if found.empty or not found.iloc[0]:
        return ""
    n = int(found.iloc[0])
    after = f"more than {days} days after" if days else "after"
    who = f"{n} patient{'s' if n > 1 else ''}"
    return f"Values of {who} were measured {after} the clock had started, and are left out."


def handling(name: str, marker: Marker) -> str:
    """Return how the values of a marker were used.

    Examples
    --------
    >>> handling("trop2", Marker(label="TROP2", cut=(100,), cut_source="the protocol"))
    'TROP2: as measured; cut-off 100 from the protocol'
    """
    plus = f" of the value plus {marker.offset:g}" if marker.offset else ""
    scale = "as measured" if marker.transformation == "none" else f"{marker.transformation}{plus}"
    text = f"{marker.label}: {scale}"
    if marker.cut:
        cuts = listed([f"{c:g}" for c in marker.cut])
        source = f" from {marker.cut_source}" if marker.cut_source else ""
        text += f"; cut-off{'s' if len(marker.cut) > 1 else ''} {cuts}{source}"
    return text


def holm(p: float) -> str:
    """Return the corrected p-value as it stands under the name of a marker.

    Examples
    --------
    >>> holm(0.028), holm(float("nan"))
    ('Holm p = 0.028', '')
    """
    return "" if pd.isna(p) else f"Holm {fmt.p_equals(p)}"


def alterations_alt(rows: pd.DataFrame, labels: Mapping[str, str], points: Mapping[str, str]) -> str:
    """Return how many of those tested are altered, in words.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("alterations", "altered", 0.5, variable="ESR1", level="t", n=4, n_events=2)])
    >>> alterations_alt(rows, {}, {"t": "Before ADC1"})
    'Before ADC1: ESR1 2 of 4.'
    """
    found = select(rows, statistic="altered")
    parts = []
    for point, title in points.items():
        mine = found[found["level"].eq(point)][["variable", "n_events", "n"]].to_numpy()
        genes = [f"{labels.get(str(v), str(v))} {k} of {n}" for v, k, n in mine]
        parts.append(f"{title}: {', '.join(genes)}")
    return f"{'; '.join(parts)}."


def her2_over_time(known: int, patients: int) -> str:
    """Return how to read HER2 along the line of therapy, and whom the figure leaves out."""
    lost = f" {patients - known} patients without any are left out." if patients > known else ""
    return (
        f"{known} patients with a HER2 class at one time point or more. The height of a block is the number "
        "of patients; each band leads from the class at one time point, whose colour it has, to the class at "
        f"the next; grey is no class. Percentages are of those with one.{lost} Who is biopsied again is a "
        "selection."
    )


def her2_moves(before: str, after: str) -> str:
    """Return how to read the transitions between two time points."""
    return (
        f"Rows: class {before}; columns: class {after}. Number (% of the row); in the last row % of all "
        "pairs. Exact confidence intervals are in the results file."
    )
