"""Which stages a page on HER2 evolution compares, and by which rules the specimens are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from her2adc import prose
from her2adc.config import Evolution, Stage, Study
from her2adc.errors import Problem, StudyError, nearest
from her2adc.page import Page
from her2adc.specimens import class_names, compare_stages, restage
from her2adc.stats import reclassification


@dataclass(frozen=True)
class Her2Pairs:
    """Patients with their classes by stage, and which two stages make a pair.

    Attributes
    ----------
    study : Study
        The study, with the rules of the page.
    patients, tests : DataFrame
        Analysed patients by these rules, and their specimens.
    stages : tuple of Stage
        Stages that are drawn, in order.
    before, after : Stage
        The two stages of a pair.
    strata : list of str
        Variables by which discordance is shown.
    """

    study: Study
    patients: pd.DataFrame
    tests: pd.DataFrame
    stages: tuple[Stage, ...]
    before: Stage
    after: Stage
    strata: list[str]

    @property
    def rule(self) -> Evolution:
        """What the study says of the stages."""
        assert self.study.evolution is not None
        return self.study.evolution

    @property
    def columns(self) -> list[str]:
        """Columns of the classes at the stages drawn."""
        return [self.rule.column(s.name) for s in self.stages]

    @property
    def pair(self) -> tuple[str, str]:
        """Columns of the two stages of a pair."""
        return self.rule.column(self.before.name), self.rule.column(self.after.name)

    @property
    def names(self) -> tuple[str, str]:
        """Names of the two stages, in the middle of a sentence."""
        return prose.lower_first(self.before.label), prose.lower_first(self.after.label)

    @property
    def labels(self) -> dict[str, str]:
        """Names of the stages by their columns."""
        return {self.rule.column(s.name): s.label for s in self.rule.stages}

    @property
    def strata_labels(self) -> dict[str, str]:
        """Names of the strata, with the unit of those that divide a number."""
        found = {name: self.study.variable(name) for name in self.strata}
        return {n: f"{v.label}, {v.unit}" if v.cut and v.unit else v.label for n, v in found.items()}

    @property
    def classes(self) -> list[str]:
        """Classes from low to high."""
        assert self.study.her2 is not None
        return class_names(self.study.her2)


def her2_pairs(
    report: Page,
    before: str | None = None,
    after: str | None = None,
    *,
    strata: str | Sequence[str] | None = None,
    pick: str | None = None,
    ambiguous: str | None = None,
    edition: int | None = None,
) -> Her2Pairs:
    """Choose the stages of a page and, when asked, read the specimens by other rules.

    Parameters
    ----------
    report
        The page.
    before, after
        Names of the two stages of a pair; the first two of the study otherwise.
    strata
        Variables by which discordance is shown; those of the study and the interval otherwise.
    pick, ambiguous, edition
        Other rules; None leaves what the study says.

    Returns
    -------
    Her2Pairs

    Raises
    ------
    StudyError
        When the study has no ``evolution``, or no stage of that name.
    """
    study, patients, tests = report.study, report.data, report.cohort.tables.get("her2_tests")
    if study.evolution is None:
        remedy = "add 'evolution' to the study, or leave this chapter out"
        raise StudyError([Problem("study.yml", "HER2 is not followed over specimens here", remedy)])
    if pick or ambiguous or edition:
        study = reclassification.changed(study, edition=edition, ambiguous=ambiguous, pick=pick)
        patients, tests = restage(study, report.cohort.tables)
    rule = study.evolution
    assert rule is not None and tests is not None
    stages = rule.stages if before is None and after is None else ()
    first = _stage(rule, before or rule.stages[0].name)
    second = _stage(rule, after or rule.stages[1].name)
    patients = compare_stages(study, patients, first.name, second.name)
    chosen = [strata] if isinstance(strata, str) else list(rule.strata if strata is None else strata)
    if strata is None and patients["her2_interval"].notna().any():
        chosen.append("her2_interval")
    return Her2Pairs(study, patients, tests, stages or (first, second), first, second, chosen)


def _stage(rule: Evolution, name: str) -> Stage:
    """Return the stage of that name."""
    for stage in rule.stages:
        if stage.name == name:
            return stage
    known = [s.name for s in rule.stages]
    raise StudyError([Problem("study.yml", "there is no such stage", nearest(name, known), value=name)])
