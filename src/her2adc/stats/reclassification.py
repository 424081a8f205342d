"""What of HER2 evolution depends on the guideline edition, on ambiguous scores, on the specimen picked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from her2adc.config import Study
from her2adc.results import frame, one, row
from her2adc.specimens import class_names, classify_tests, restage
from her2adc.stats.agreement import kappa
from her2adc.stats.evolution import count_pairs, discordance, eligibility

__all__ = [
    "AS_STUDIED",
    "UNCLASSIFIED",
    "Scenario",
    "changed",
    "reclassified",
    "scenarios",
    "sensitivity",
]

AS_STUDIED = "As on this page"
UNCLASSIFIED = "Not classified"
Edition = Literal[2007, 2013, 2018]
Ambiguous = Literal["exclude", "lower", "upper"]
Pick = Literal["earliest", "latest"]
EDITIONS: dict[Edition, str] = {
    2007: "ASCO/CAP 2007",
    2013: "ASCO/CAP 2013",
    2018: "ASCO/CAP 2018, affirmed 2023",
}
RANGES: dict[Ambiguous, str] = {
    "exclude": "Score ranges left out",
    "lower": "Score ranges read as the lower score",
    "upper": "Score ranges read as the upper score",
}
PICKS: dict[Pick, str] = {
    "earliest": "Earliest specimen of each stage",
    "latest": "Latest specimen of each stage",
}
_RANGE = re.compile(r"\d-\d\+")


@dataclass(frozen=True)
class Scenario:
    """A study with one rule changed; with ``counts_first`` ISH is read from ratio and copies."""

    label: str
    study: Study
    counts_first: bool = False


def changed(
    study: Study,
    *,
    edition: int | None = None,
    ambiguous: str | None = None,
    pick: str | None = None,
) -> Study:
    """Return the study with another edition, another reading of ranges, or another specimen picked.

    Parameters
    ----------
    study
        The study, with ``her2`` and ``evolution``.
    edition, ambiguous, pick
        What ``her2.edition``, ``her2.ambiguous`` and ``pick`` of every stage are to be; None
        leaves what the study says.

    Returns
    -------
    Study

    Raises
    ------
    pydantic.ValidationError
        When a value is not one that ``study.yml`` could have.
    """
    assert study.her2 is not None and study.evolution is not None
    rule = {k: v for k, v in {"edition": edition, "ambiguous": ambiguous}.items() if v is not None}
    stages = [s.model_dump() | ({"pick": pick} if pick else {}) for s in study.evolution.stages]
    her2 = type(study.her2).model_validate(study.her2.model_dump() | rule)
    evolution = type(study.evolution).model_validate(study.evolution.model_dump() | {"stages": stages})
    return study.model_copy(update={"her2": her2, "evolution": evolution})


def scenarios(study: Study, tables: Mapping[str, pd.DataFrame]) -> tuple[list[Scenario], dict[str, int]]:
    """List the changes of rule that could change a result of these specimens, and why others could not.

    Parameters
    ----------
    study
        The study.
    tables
        Tables of its cohort.

    Returns
    -------
    list of Scenario
        Editions where ratio or copies are recorded, readings of ranges where there are ranges, other
        specimens where a patient has several for one stage.
    dict of int
        ``specimens``, and how many have ``counts`` and a ``range``; patients with ``several``
        specimens with a class for one stage.
    """
    assert study.her2 is not None and study.evolution is not None
    tests = tables["eligible_her2_tests"]
    read = classify_tests(study.her2, tests)
    recorded = [tests[c].notna() for c in ("ish_ratio", "ish_copies") if c in tests]
    classified = tests[read["her2_class"].notna()]
    per_stage = [
        classified.loc[classified["specimen"].isin(s.specimen), "patient_id"].value_counts()
        for s in study.evolution.stages
    ]
    counts = {
        "specimens": len(tests),
        "counts": int(pd.concat(recorded, axis=1).any(axis=1).sum()) if recorded else 0,
        "range": int(read["ihc_form"].str.fullmatch(_RANGE.pattern).fillna(False).sum()),
        "several": len({p for n in per_stage for p in n.index[n > 1]}),
    }
    found: list[Scenario] = []
    if counts["counts"]:
        found += [Scenario(label, changed(study, edition=e), True) for e, label in EDITIONS.items()]
    if counts["range"]:
        own = study.her2.ambiguous
        found += [Scenario(label, changed(study, ambiguous=a)) for a, label in RANGES.items() if a != own]
    if counts["several"]:
        other = [(p, changed(study, pick=p)) for p in PICKS]
        found += [Scenario(PICKS[p], s) for p, s in other if s.evolution != study.evolution]
    return found, counts


def sensitivity(
    study: Study, tables: Mapping[str, pd.DataFrame], before: str, after: str
) -> pd.DataFrame:
    """Repeat the main results under other rules.

    Parameters
    ----------
    study
        The study.
    tables
        Tables of its cohort.
    before, after
        Columns of the two stages.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "her2_sensitivity": by rule (group) ``pairs``, ``discordance``,
        ``kappa`` and ``gain`` of eligibility; ``specimens``, and those with ``counts`` or a ``range``,
        and patients with ``several`` specimens for one stage.
    """
    assert study.evolution is not None
    others, counts = scenarios(study, tables)
    rows = [row("her2_sensitivity", name, n, method="count", n=counts["specimens"], n_events=n)
            for name, n in counts.items()]  # fmt: skip
    for s in [Scenario(AS_STUDIED, study), *others]:
        patients, _ = restage(s.study, tables, counts_first=s.counts_first)
        rows += _main_results(patients, before, after, study.evolution.eligible, s.label)
    return frame(rows)


def _main_results(
    patients: pd.DataFrame, before: str, after: str, eligible: tuple[str, ...], label: str
) -> list[dict[str, Any]]:
    """Pairs, discordance, kappa and gain of one rule."""
    table = count_pairs(patients, before, after)
    share = one(discordance(patients, before, after), statistic="discordant")
    gain = one(eligibility(patients, before, after, eligible), statistic="gain")
    n, agreement = int(table.sum()), kappa(table)
    rows = [row("her2_sensitivity", "pairs", n, group=label, method="count", n=n, n_events=n)]
    for statistic, found in (("discordance", share), ("gain", gain)):
        names = ("conf_low", "conf_high", "conf_level", "method", "n", "n_events")
        kept: dict[str, Any] = {name: found[name] for name in names}
        rows.append(row("her2_sensitivity", statistic, float(found["value"]), group=label, **kept))
    rows.append(
        row("her2_sensitivity", "kappa", agreement.value, conf_low=agreement.low, conf_high=agreement.high,
            conf_level=0.95, group=label, method="Cohen's kappa, Fleiss-Cohen-Everitt interval", n=n)
    )  # fmt: skip
    return rows


def reclassified(study: Study, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the specimens that another edition, or another reading of ranges, puts in another class.

    Parameters
    ----------
    study
        The study.
    tables
        Tables of its cohort.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "her2_reclassification": ``count`` of specimens by rule (group),
        class in this study (variable) and class under that rule (level), for the rules that change
        at least one specimen; :data:`UNCLASSIFIED` is a class here.
    """
    assert study.her2 is not None
    tests = tables["eligible_her2_tests"]
    own = classify_tests(study.her2, tests)["her2_class"].fillna(UNCLASSIFIED)
    names = [*class_names(study.her2), UNCLASSIFIED]
    rows = []
    for s in scenarios(study, tables)[0]:
        assert s.study.her2 is not None
        other = classify_tests(s.study.her2, tests, counts_first=s.counts_first)["her2_class"]
        other = other.fillna(UNCLASSIFIED)
        if own.eq(other).all():
            continue
        table = pd.crosstab(own, other).reindex(index=names, columns=names, fill_value=0)
        rows += [
            row("her2_reclassification", "count", int(n), group=s.label, variable=first, level=second,
                method="count", n=len(tests), n_events=int(n))
            for first, line in zip(names, table.to_numpy(), strict=True)
            for second, n in zip(names, line, strict=True)
        ]  # fmt: skip
    return frame(rows)
