"""Pieces of the safety page: events by class, of special interest, and by treatment period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.page import Page, Shown
from her2adc.stats import competing, safety, safety_terms, safety_time

TREATED = {"Population": "all treated patients"}
EACH_ONCE = "Each patient counts once a line, with the worst grade."


def recorded(report: Page, **how: Any) -> pd.DataFrame:
    """Return patients with adverse events by term or set of terms, as the study collected them.

    Parameters
    ----------
    report
        The page.
    **how
        ``sets`` and ``analysis`` of :func:`her2adc.stats.safety.events`; or ``events``, ``data``, ``by``
        and ``terms`` instead of those of the study.

    Returns
    -------
    DataFrame
    """
    rules = report.study.safety
    given = {"events": report.cohort.tables["adverse_events"], "data": report.data, "by": report.by, **how}
    events, data, by = (given.pop(k) for k in ("events", "data", "by"))
    return safety.events(events, data, by, rules.recorded_from, actions=rules.actions, **given)


def adverse_event_classes(report: Page, rows: pd.DataFrame) -> Shown:
    """Show adverse events by system organ class and term."""
    events = report.cohort.tables["adverse_events"]
    terms = [t for t in dict.fromkeys(rows["variable"]) if t != safety.ANY_EVENT]
    classes = safety_terms.by_class(safety_terms.classes_of(events), terms)
    found = report.add(recorded(report, sets=classes, analysis="safety_class"))
    return report.table(
        "adverse-events",
        tables.safety(results.concat([rows, found]), report.groups(), by_class=classes),
        title="Patients with adverse events, by system organ class and term",
        caption=EACH_ONCE,
        details={**TREATED, "Method": prose.methods(rows)},
    )


def treatment_periods(report: Page) -> Shown | None:
    """Show adverse events by treatment period; nothing when the study names no periods."""
    rules = report.study.safety
    if not rules.periods:
        return None
    spans, assigned = _in_time(report)
    parts = []
    for key, period in rules.periods.items():
        rows = _period(report, spans, assigned, key, None)
        parts.append(rows.assign(group=period.label, population=period.label))
    rows = report.add(results.concat(parts).assign(analysis="safety_period"))
    labels = [p.label for p in rules.periods.values()]
    return report.table(
        "periods",
        tables.safety(rows.assign(analysis="safety"), labels),
        title="Patients with adverse events, by treatment period",
        caption=f"From the first dose to {rules.days_after} days after the last, or to the first dose of "
        f"the next period. {EACH_ONCE} {prose.outside_periods(assigned)}",
        details={"Population": "patients who started the period", "Method": prose.methods(rows)},
    )


def special_interest(report: Page, special: pd.DataFrame) -> Shown | None:
    """Show events of special interest: how many, and by period how often and when."""
    rules = report.study.safety
    if special.empty:
        return None
    if not rules.periods:
        return report.table(
            "special-interest",
            tables.safety(special.assign(analysis="safety"), report.groups()),
            title="Adverse events of special interest",
            caption=EACH_ONCE,
            details={**TREATED, "Terms": _terms(report), "Method": prose.methods(special)},
        )
    spans, assigned = _in_time(report)
    sets, periods = rules.special_interest, rules.periods
    counts = [
        _period(report, spans, assigned, key, sets).assign(population=p.label) for key, p in periods.items()
    ]
    found = report.add(results.concat(counts))
    rates = report.add(safety_time.rates(assigned, spans, report.data, sets, periods))
    times = report.add(safety_time.onset(assigned, spans, report.data, sets, periods))
    return report.table(
        "special-interest",
        tables.special_interest(found, rates, times),
        title="Adverse events of special interest, by treatment period",
        caption=f"From the first dose to {rules.days_after} days after the last, or to the first dose of "
        "the next period.",
        details={
            "Population": "patients who started the period",
            "Terms": _terms(report),
            "Method": prose.methods(results.concat([found, rates, times])),
        },
    )


def onset_curve(report: Page, event: str | None = None, period: str | None = None) -> Shown | None:
    """Show the cumulative incidence of an event of special interest with competing death.

    Parameters
    ----------
    report
        The page.
    event
        Name of the event; by default the first of the study that anybody had in the period.
    period
        Key of the period; the first by default.

    Returns
    -------
    Shown or None
        Nothing without periods, or when nobody had such an event.
    """
    rules = report.study.safety
    if not rules.periods:
        return None
    spans, assigned = _in_time(report)
    key = period or next(iter(rules.periods))
    known = assigned.loc[assigned["period"].eq(key), "term"]
    names = [event] if event else list(rules.special_interest)
    seen = next((n for n in names if known.isin(rules.special_interest[n]).any()), None)
    if seen is None:
        return None
    label = rules.periods[key].label
    found = safety_time.first_event(assigned, spans, report.data, key, rules.special_interest[seen])
    curve = competing.curve(found, "onset")
    rows = report.add(competing.cumulative_incidence(found, "onset", landmarks=(3, 6, 12), population=label))
    what = {"event": seen, safety_time.DEATH: "Death without it"}
    return report.figure(
        "onset",
        figures.cumulative_incidence(
            curve, rows, causes=list(what), labels=what, landmark=6, clock="Time since first dose"
        ),
        curve,
        title=f"Time to first {prose.lower_first(seen)}, {prose.lower_first(label)}",
        caption="Aalen-Johansen estimates with 95% confidence bands; below, patients at risk and events so "
        "far. A patient who dies without the event can no longer have it.",
        alt=prose.incidence(rows, what),
        details={"Population": f"patients who started {label}", "Method": prose.methods(rows)},
    )


def _in_time(report: Page) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Treatment periods, and the adverse events with theirs."""
    spans = safety_time.windows(report.data, report.study.safety)
    return spans, safety_time.assign(report.cohort.tables["adverse_events"], spans)


def _period(
    report: Page,
    spans: pd.DataFrame,
    assigned: pd.DataFrame,
    key: str,
    sets: Mapping[str, Sequence[str]] | None,
) -> pd.DataFrame:
    """Patients with events in a period, of those who started it."""
    started = report.data["patient_id"].isin(spans.loc[spans["period"].eq(key), "patient_id"])
    name = "safety_special" if sets else "safety"
    inside, terms = assigned[assigned["period"].eq(key)], safety.terms_of(assigned)
    return recorded(
        report, events=inside, data=report.data[started], by=None, terms=terms, sets=sets, analysis=name
    )


def _terms(report: Page) -> str:
    """Terms that count as each event of special interest, where they are not its name."""
    sets = report.study.safety.special_interest
    return "; ".join(f"{name}: {', '.join(terms)}" for name, terms in sets.items() if terms != (name,))
