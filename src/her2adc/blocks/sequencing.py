"""Pieces of the sequencing chapter: lines, attrition, states, response and progression by ADC."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from her2adc import figures, prose, results, tables
from her2adc.blocks.common import endpoint_named
from her2adc.page import Page, Shown
from her2adc.stats import (
    analyses,
    competing,
    multistate,
    pfs_ratio,
    response,
    sequence_times,
    sequences_data,
    survival,
)
from her2adc.stats.sequence_times import ARM, DIED, FOLLOWED, STATES

LINES = {"Population": "patients who started a first ADC of those compared"}
SECOND = "On second ADC"
_CLASSES = ("Endocrine-based", "Anti-HER2", "PARP inhibitor", "Immunotherapy", "Chemotherapy", "Other")


def first_adc(report: Page) -> pd.DataFrame:
    """Return the patients whose first ADC is one of the two compared, with times since its first dose."""
    rule = report.study.sequencing
    if rule is None:
        raise LookupError("the study file has no part 'sequencing'; add it, or leave the chapter out")
    return sequence_times.since_first(report.data, rule.adcs)


def timed(report: Page, endpoint: str = "", endpoints: Sequence[str] = ()) -> tuple[str, list[str]]:
    """Return overall survival from the first ADC, and the endpoints that the page draws.

    Parameters
    ----------
    report
        The page.
    endpoint
        Overall survival from the first ADC; "" takes the endpoint of the study that is it.
    endpoints
        Endpoints drawn; none takes PFS1, PFS2 and OS as far as the study has them, or the main endpoint.

    Returns
    -------
    str, list of str
    """
    study = report.study
    endpoint = endpoint or (study.survival_from_adc or "")
    if not endpoint:
        raise LookupError("no endpoint of the study is overall survival from the first ADC; name it")
    usual: list[str] = [e for e in ("PFS1", "PFS2", "OS") if e in study.endpoints]
    return endpoint, list(endpoints) or usual or [endpoint_named(report)]


def _second(report: Page, endpoints: Sequence[str]) -> str | None:
    """Return the second endpoint, when its clock starts at the second ADC."""
    if len(endpoints) < 2:
        return None
    rule = report.study.endpoints[endpoints[1]]
    return endpoints[1] if rule.start in (None, "adc2_start") else None


def line_flow(report: Page, patients: pd.DataFrame, endpoint: str = "OS", depth: int = 3) -> Shown:
    """Show the lines of therapy from the first ADC on as an alluvial plot."""
    adcs = report.study.sequencing.adcs if report.study.sequencing else ()
    known = patients.assign(died=patients[f"{endpoint}_event"].astype("boolean").fillna(False))
    flows = sequence_times.paths(known, report.cohort.tables["lines"], adcs, depth)
    stages = [str(c) for c in flows if c != "n"]
    classes = [DIED, FOLLOWED, *_CLASSES, "Other ADC", *reversed(adcs)]
    used = [c for c in classes if flows[stages].isin([c]).any(axis=None)]
    names = ["First ADC", "Next line", *(f"Next line +{k}" for k in range(1, depth - 1))]
    return report.figure(
        "lines",
        figures.alluvial(
            flows, stages=stages, labels=names, classes=used, quiet=(DIED, FOLLOWED), origin="first"
        ),
        flows,
        title="Lines of therapy from the first ADC on",
        caption="Block heights are patients; bands are coloured by the first ADC, with counts where they "
        f"hold more than 3% of the patients. {_counted(report, patients)}",
        alt=f"Flow of {len(patients)} patients from the first ADC over {depth - 1} further lines.",
        details=LINES,
    )


def _counted(report: Page, patients: pd.DataFrame) -> str:
    """Say how the same ADC is counted when it is resumed, and of how many patients that is."""
    rule = report.study.sequencing
    assert rule is not None
    n = int(patients["adc_resumed"].eq("Yes").sum()) if "adc_resumed" in patients else 0
    pause = "" if rule.gap_days is None else f"a pause of more than {rule.gap_days} days or "
    counts = "another ADC" if rule.rechallenge == "new" else "the same ADC"
    who = f"{n or 'no'} patient{'' if n == 1 else 's'}"
    return f"The same ADC resumed after {pause}another line counts as {counts} ({who})."


def funnel(report: Page, patients: pd.DataFrame, rows: pd.DataFrame) -> Shown:
    """Show the way from the first to the second ADC as a funnel, with what is lost on it."""
    return report.figure(
        "funnel",
        figures.attrition(rows, states=list(STATES)),
        rows,
        title="The way from the first to the second ADC",
        caption="Percentages of a step are of all patients, those beside it of the patients who reached it.",
        alt=prose.attrition(rows, list(STATES)),
        details={**LINES, "Method": prose.methods(rows)},
    )


def attrition(report: Page, patients: pd.DataFrame, rows: pd.DataFrame) -> Shown:
    """Show how many patients reach a second ADC, and what happens to the others."""
    groups = list(patients[ARM].cat.categories)
    return report.table(
        "attrition",
        tables.attrition(rows, groups),
        title="From the first to the second ADC",
        caption="Every patient starts in the first state and leaves it at most once.",
        details={**LINES, "Method": prose.methods(rows)},
    )


def second_adc_incidence(report: Page, patients: pd.DataFrame, endpoint: str = "OS") -> Shown:
    """Show the cumulative incidence of a second ADC with death as competing event."""
    timed = sequences_data.time_to_next(patients, {"second ADC": "adc2_time"}, endpoint, name="ADC2")
    groups = [g for g in patients[ARM].cat.categories if patients[ARM].eq(g).any()]
    curve = competing.curve(timed, "ADC2", ARM)
    rows = report.add(competing.cumulative_incidence(timed, "ADC2", ARM, landmarks=(6, 12, 24)))
    causes = {"second ADC": "Second ADC", "death": "Death before a second ADC"}
    return report.figure(
        "second-adc",
        figures.cumulative_incidence(
            curve, rows, causes=list(causes), groups=groups, labels=causes, landmark=12,
            clock="Time since first dose of the first ADC",
        ),
        curve,
        title="Second ADC, and death before it, by first ADC",
        caption="Aalen-Johansen estimates with 95% confidence bands; below, patients at risk and events so "
        "far.",
        alt=prose.incidence(rows, causes),
        details={**LINES, "Method": prose.methods(rows)},
    )  # fmt: skip


def occupation(report: Page, patients: pd.DataFrame, endpoint: str = "OS") -> Shown:
    """Show where patients are over time after the first ADC."""
    groups = [g for g in patients[ARM].cat.categories if patients[ARM].eq(g).any()]
    table = multistate.wide(multistate.occupation(patients, STATES, endpoint, ARM))
    rows = report.add(multistate.state_occupation(patients, STATES, endpoint, ARM))
    return report.figure(
        "states",
        figures.state_occupation(
            table, states=[*STATES, multistate.DEAD], groups=groups,
            clock="Time since first dose of the first ADC", at_risk=partial(_at_risk, patients, endpoint),
        ),
        table,
        title="Where patients are after the first ADC",
        caption=prose.OCCUPATION,
        alt="Stacked probabilities of being on the first ADC, between therapies, on another therapy, on the "
        "second ADC, after it, or dead.",
        details={**LINES, "Method": prose.methods(rows)},
    )  # fmt: skip


def _at_risk(patients: pd.DataFrame, endpoint: str, times: Sequence[float]) -> pd.DataFrame:
    """Ask the data for the numbers at risk by first ADC."""
    return survival.at_risk(patients, endpoint, ARM, times)


def swimmer(report: Page, patients: pd.DataFrame, endpoint: str = "OS") -> Shown:
    """Show each patient's therapies over time."""
    adcs = report.study.sequencing.adcs if report.study.sequencing else ()
    bars = sequence_times.bars(patients, report.cohort.tables["lines"], adcs, endpoint)
    marks = sequence_times.marks(patients, endpoint)
    agents = [a for a in (*adcs, "Other ADC", *reversed(_CLASSES)) if bars["agent"].eq(a).any()]
    return report.figure(
        "swimmer",
        figures.swimmer(
            bars, marks, agents=agents, quiet=("Other",), clock="Time since first dose of the first ADC"
        ),
        bars,
        title="Therapies of each patient since the first ADC",
        caption=prose.SWIMMER,
        alt=f"Swimmer plot of {patients['patient_id'].nunique()} patients.",
        details=LINES,
    )


def timelines(report: Page, patients: pd.DataFrame, endpoints: Sequence[str]) -> tuple[pd.DataFrame, Shown]:
    """Return the estimates of several endpoints by first ADC, and show them."""
    rows = results.concat(
        [analyses.endpoint(patients, e, ARM, report.study.endpoints[e].landmarks, "", report.study.conf_type)
         for e in endpoints]
    )  # fmt: skip
    rows = report.add(rows)
    groups = list(patients[ARM].cat.categories)
    definitions = [f"{report.study.label(e)}: {report.study.endpoints[e].definition}" for e in endpoints]
    shown = report.table(
        "timelines",
        tables.timelines(rows, report.labels(endpoints), groups),
        title="Times from the first and from the second ADC, by first ADC",
        caption=". ".join(definitions) + ".",
        details={**LINES, "Method": prose.methods(rows)},
    )
    return rows, shown


def panels(report: Page, patients: pd.DataFrame, rows: pd.DataFrame, endpoints: Sequence[str]) -> Shown:
    """Show Kaplan-Meier curves of several endpoints by first ADC, a panel each."""
    groups = [g for g in patients[ARM].cat.categories if patients[ARM].eq(g).any()]
    curves = {e: survival.curve(patients, e, ARM, report.study.conf_type) for e in endpoints}
    first, *later = (report.study.label(e) for e in endpoints)
    drawn = [
        figures.SurvivalPanel(curves[e], results.select(rows, variable=e), report.study.label(e),
                              at_risk=partial(_at_risk, patients, e))
        for e in endpoints
    ]
    return report.figure(
        "survival",
        figures.kaplan_meier_panels(drawn, endpoint_label="Free of the event", groups=groups, clock="Time"),
        pd.concat([c.assign(endpoint=e) for e, c in curves.items()]),
        title=f"{prose.listed([first, *map(prose.lower_first, later)])} by first ADC",
        caption=prose.curve_caption(results.select(rows, variable=endpoints[0])),
        alt=prose.survival(results.select(rows, variable=endpoints[0]), report.study.label(endpoints[0]),
                           {g: g for g in groups}),
        details={**LINES, "Method": prose.methods(rows)},
    )  # fmt: skip


def adc_responses(report: Page, patients: pd.DataFrame) -> Shown | None:
    """Show objective response to the first and to the second ADC; nothing without assessments."""
    if "best_response_adc1" not in patients:
        return None
    parts = []
    for k, name in ((1, "First ADC"), (2, "Second ADC")):
        had = patients[patients[f"adc{k}_start"].notna()]
        rows = response.rates(had, f"best_response_adc{k}", ARM, benefit=f"clinical_benefit_adc{k}")
        parts.append(rows.assign(population=[f"{name}: {p}" for p in rows["population"]]))
    rows = report.add(results.concat(parts))
    return report.table(
        "adc-response",
        tables.adc_responses(rows, list(patients[ARM].cat.categories)),
        title="Objective response to each ADC, by first ADC",
        caption="Responders / patients, rate (exact 95% confidence interval). The second ADC is given to "
        "those who live to receive it: its denominators are smaller, and its patients selected.",
        details={**LINES, "Method": prose.methods(rows)},
    )


def ratio(report: Page, patients: pd.DataFrame, endpoints: Sequence[str]) -> Shown | None:
    """Show the ratio of the second to the first progression-free survival within patients.

    Nothing when the second of the endpoints does not start at the second ADC.
    """
    if (second := _second(report, endpoints)) is None:
        return None
    first = endpoints[0]
    rows = report.add(pfs_ratio.pfs_ratio(patients, first, second, ARM))
    return report.table(
        "pfs-ratio",
        tables.pfs_ratio(rows, list(patients[ARM].cat.categories)),
        title=f"{second}/{first} ratio, by first ADC",
        caption="Patients whose progression on the first ADC was seen and who received a second; 1.3 is the "
        "usual threshold for benefit. The ratio is unknown while the second progression has not happened.",
        details={**LINES, "Method": prose.methods(rows)},
    )


def cross_resistance(report: Page, patients: pd.DataFrame, endpoints: Sequence[str]) -> Shown | None:
    """Show outcome on the second ADC by whether it shares target or payload class with the first.

    Nothing when the second of the endpoints does not start at the second ADC.
    """
    if (second := _second(report, endpoints)) is None:
        return None
    had = patients[patients["adc2_start"].notna()]
    parts = []
    for column in ("same_target", "same_payload_class"):
        if column in had and had[column].notna().any():
            label = prose.lower_first(report.study.label(column).removeprefix("Second ADC with "))
            named = had[column].astype(object).map({"Yes": label, "No": label.replace("the same", "another")})
            levels = [label.replace("the same", "another"), label]
            known = had.assign(shared=pd.Categorical(named, [v for v in levels if named.eq(v).any()]))
            found = [survival.summarise(known, second, "shared", (6,), report.study.conf_type)]
            if "best_response_adc2" in had:
                benefit = "clinical_benefit_adc2"
                found.append(response.rates(known, "best_response_adc2", "shared", benefit=benefit))
            parts += [r[r["group"].ne(results.ALL_PATIENTS)] for r in found]
    if not parts:
        return None
    rows = report.add(results.concat(parts))
    return report.table(
        "cross-resistance",
        tables.shared(rows),
        title="Outcome on the second ADC by what it shares with the first",
        caption="Not adjusted, and of selected patients: who receives which second ADC depends on the first.",
        details={"Population": "patients who received a second ADC", "Method": prose.methods(rows)},
    )
