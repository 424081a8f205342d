"""The reporting items of marker studies (REMARK), each with what the study and its data say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.config import Study
from her2adc.prose.biomarkers import handling
from her2adc.prose.words import listed, lower_first
from her2adc.results import select

NOT_STATED = "Not stated in the study file."
Item = tuple[str, str, str]


def remark_items(
    study: Study, rows: pd.DataFrame, flow: Sequence[Mapping[str, int]], shown: Mapping[str, bool]
) -> list[Item]:
    """Return the items as number, question, and answer.

    Parameters
    ----------
    study
        A study with ``biomarkers``.
    rows
        Rows of analysis ``markers``.
    flow
        Steps of the inclusion flow.
    shown
        Whether the page shows ``response``, ``levels``, ``cutoffs``, ``splines``.

    Returns
    -------
    list of tuple
    """
    rule = study.biomarkers
    assert rule is not None
    names = [rule.label(n) for n in (*rule.markers, *rule.genes)]
    return [
        ("1", "Markers, and the question", f"{listed(names)}. {study.question}"),
        ("2", "Patients", _patients(study, flow)),
        ("4", "Specimens", f"{_given(study, 'specimen')} {_when(study, rows)}"),
        ("5", "Assays", _given(study, "assay")),
        ("5", "Blinding", _given(study, "blinding")),
        ("6", "Study design", _stop(study.design)),
        ("7", "Endpoints", _endpoints(study)),
        ("8", "Variables examined", _variables(study, names)),
        ("9", "Sample size", _given(study, "sample_size")),
        ("10", "Statistical methods", _methods(shown)),
        ("11", "Handling of marker values", _handling(study, shown)),
        ("12", "Patients and events in the analysis", _flow(rows)),
        ("13", "Markers known and missing", _known(study, rows)),
        ("14", "Markers and standard variables", "Not shown on this page."),
        ("15, 17", "Every marker, whatever it showed", "All markers named above are in the tables, alone."),
        ("16", "Multivariable", _multivariable(study)),
        ("18", "Further analyses", _further(shown)),
        ("19", "Limits", "At the end of this page."),
    ]  # fmt: skip


def _patients(study: Study, flow: Sequence[Mapping[str, int]]) -> str:
    """Where the patients are from, and how many were analysed."""
    many = f"{flow[-1]['n']} of {flow[0]['n']} patients were analysed"
    if flow[-1]["n"] < flow[0]["n"]:
        many += "; the page on the cohort shows why the others were not"
    return f"{_stop(study.setting)} {many}.".strip()


def _stop(text: str) -> str:
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."


def _given(study: Study, item: str) -> str:
    """What only the authors know."""
    assert study.biomarkers is not None
    said: dict[str, str] = {str(k): v for k, v in study.biomarkers.remark.items()}
    return _stop(said.get(item, NOT_STATED))


def _value(rows: pd.DataFrame, statistic: str, column: str = "value") -> float | None:
    """Value of a row without a marker, None without one."""
    found = select(rows, statistic=statistic, variable="")
    return None if found.empty or pd.isna(found[column].iloc[0]) else float(found[column].iloc[0])


def _when(study: Study, rows: pd.DataFrame) -> str:
    """Time point that is tested, and how long before the clock the specimens were taken."""
    rule = study.biomarkers
    assert rule is not None
    text = f"Tested: {lower_first(rule.time_points[rule.time_point].label)}"
    middle, low, high = (_value(rows, f"months_{s}") for s in ("median", "min", "max"))
    if middle is None or low is None or high is None:
        return f"{text}."
    span = f"{fmt.number(middle)} months (range {fmt.number(low)} to {fmt.number(high)})"
    return f"{text}, a median of {span} before the start of the clock."


def _endpoints(study: Study) -> str:
    rule = study.biomarkers
    assert rule is not None
    parts = []
    if name := rule.endpoint or study.main_endpoint:
        e = study.endpoints[name]
        parts.append(f"{e.label}: {e.definition}")
    if rule.response in study.outcomes:
        o = study.outcomes[str(rule.response)]
        parts.append(f"{o.label}: {o.definition}")
    elif study.response:
        parts.append("Objective response: complete or partial response as best response")
    return " ".join(_stop(p) for p in parts)


def _variables(study: Study, names: Sequence[str]) -> str:
    rule = study.biomarkers
    assert rule is not None
    others = [lower_first(study.label(a)) for a in rule.adjustment]
    more = f"adjusted for {listed(others)}" if others else "no other variables"
    return f"{len(names)} marker{'s' if len(names) > 1 else ''}; {more}."


def _methods(shown: Mapping[str, bool]) -> str:
    text = "Cox models for time to event"
    if shown.get("response"):
        text += ", logistic models for response"
    text += "; p-values of Holm and of Benjamini and Hochberg over all markers. "
    return f"{text}Patients without a marker are left out of its model, and no value is imputed."


def _handling(study: Study, shown: Mapping[str, bool]) -> str:
    rule = study.biomarkers
    assert rule is not None
    parts = [handling(n, m) for n, m in rule.markers.items()]
    if rule.genes:
        parts.append("genes: altered or wild type, not tested left out")
    text = "; ".join(parts) + ". No marker was divided at its median."
    if shown.get("cutoffs"):
        text += " Cut-offs looked for in the data are shown as a warning, with corrected p-value and effect."
    said = rule.remark.get("cut_offs", "")
    return f"{text} {_stop(said)}".strip()


def _flow(rows: pd.DataFrame) -> str:
    some, seen, events = _value(rows, "any_known"), _value(rows, "with_endpoint"), _value(
        rows, "with_endpoint", "n_events")  # fmt: skip
    total = select(rows, statistic="any_known")["n"].iloc[0]
    text = f"{some:.0f} of {total} patients have at least one marker"
    if seen is not None and events is not None:
        text += f", {seen:.0f} of them the endpoint, with {events:.0f} events"
    return f"{text}."


def _known(study: Study, rows: pd.DataFrame) -> str:
    rule = study.biomarkers
    assert rule is not None
    known = select(rows, statistic="known", level=rule.time_point)
    parts = []
    for name, value, n in known[["variable", "value", "n"]].to_numpy():
        text = f"{rule.label(name)} {value:.0f} ({n - value:.0f} missing"
        middle = select(rows, variable=name, level=rule.time_point)
        wanted = ("median", "lower_quartile", "upper_quartile")
        quantiles = [select(middle, statistic=s)["value"] for s in wanted]
        if all(len(q) for q in quantiles):
            m, low, high = (fmt.number(float(q.iloc[0])) for q in quantiles)
            text += f"; median {m}, IQR {low} to {high}"
        parts.append(f"{text})")
    return f"{'; '.join(parts)}."


def _multivariable(study: Study) -> str:
    rule = study.biomarkers
    assert rule is not None
    if rule.adjustment:
        return "Every marker also adjusted, with these variables alone; not several markers in one model."
    return "None: the study file names no variables to adjust for."


def _further(shown: Mapping[str, bool]) -> str:
    found = {
        "splines": "restricted cubic splines with a test of nonlinearity",
        "levels": "cut-offs laid down before the data were seen",
        "cutoffs": "cut-offs chosen in the data (corrected by permutation and by bootstrap)",
        "proportional": "tests of proportional hazards",
    }
    parts = [text for name, text in found.items() if shown.get(name)]
    return f"{listed(parts)[:1].upper()}{listed(parts)[1:]}." if parts else "None."
