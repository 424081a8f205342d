"""The part of a study file that says how two sequences of drugs are compared."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from her2adc.config.parts import Names, Part

TargetTrialItem = Literal[
    "eligibility", "strategies", "assignment", "time zero", "outcome", "estimand", "analysis"
]


class SequenceComparison(Part):
    """How the order of two antibody-drug conjugates (ADC) is compared.

    The two ADCs are the first two of ``sequencing.adcs``; the clock of ``endpoint`` starts at the first
    dose of the first. ``covariates`` are known by then: all methods but the naive and the crude one
    adjust or weigh for them. ``landmarks`` are months after that dose. ``grace_months`` is the time after
    progression within which the second ADC has to start to follow a strategy. ``target_trial`` replaces
    items of the table that states the trial which the analysis imitates.
    """

    endpoint: str = "OS"
    covariates: Names = ()
    landmarks: tuple[float, ...] = (3, 6, 12)
    grace_months: float = Field(default=3, gt=0)
    target_trial: dict[TargetTrialItem, str] = {}
