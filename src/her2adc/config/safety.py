"""The part of a study file that says what was collected on adverse events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from her2adc.config.parts import Names, Part

ADC_SPECIAL: dict[str, tuple[str, ...]] = {
    "Interstitial lung disease or pneumonitis": (
        "Interstitial lung disease", "ILD", "Pneumonitis", "Interstitial lung disease/pneumonitis",
    ),
    "Neutropenia": (
        "Neutropenia", "Neutrophil count decreased", "Febrile neutropenia", "Neutropenic sepsis",
    ),
    "Nausea or vomiting": ("Nausea", "Vomiting"),
    "Diarrhoea": ("Diarrhea", "Diarrhoea"),
    "Left ventricular dysfunction": (
        "Ejection fraction decreased", "Left ventricular systolic dysfunction", "Heart failure",
        "Left ventricular dysfunction", "LVEF decreased",
    ),
    "Ocular surface event": (
        "Dry eye", "Keratitis", "Blurred vision", "Conjunctivitis", "Corneal ulcer", "Watering eyes",
    ),
    "Stomatitis or mucositis": ("Stomatitis", "Mucositis oral", "Oral mucositis", "Mucositis"),
}  # fmt: skip
"""Adverse events of special interest of antibody-drug conjugates, and the terms that count as them."""


Action = Literal["dose reduced", "interrupted", "drug withdrawn"]


def _terms(value: Any) -> Any:
    """``adc`` -> the usual events of ADCs; a list of terms -> each term under its own name."""
    if value == "adc":
        return ADC_SPECIAL
    if isinstance(value, list | tuple):
        return {str(term): (str(term),) for term in value}
    return value


class Period(Part):
    """A treatment period: from the first dose to ``days_after`` days after the last one.

    ``start`` and ``stop`` are date columns of the patients; an empty ``stop`` means ongoing. A period
    ends early when the next one starts.
    """

    label: str
    start: str
    stop: str


class Safety(Part):
    """What was collected on adverse events.

    ``recorded_from`` is the lowest grade a term was collected from, ``actions`` which actions on the drug
    were collected. ``special_interest`` names the
    events of special interest: a list of terms, names with the terms that count as each, or ``adc`` for
    the usual ones of antibody-drug conjugates. ``periods`` are the treatment periods by which events
    are shown; ``observed_to`` names the date columns of which the latest ends the observation of a
    patient, and ``death`` the date of death, which competes with a first event.
    """

    recorded_from: dict[str, Annotated[int, Field(ge=1, le=5)]] = {}
    actions: tuple[Action, ...] = ("dose reduced", "interrupted", "drug withdrawn")
    special_interest: Annotated[dict[str, Names], BeforeValidator(_terms)] = {}
    periods: dict[str, Period] = {}
    days_after: int = Field(default=30, ge=0)
    observed_to: Names = ()
    death: str | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Safety:
        if self.periods and not self.observed_to:
            raise ValueError("'periods' need 'observed_to', the date columns of last contact and death")
        return self

    @property
    def date_columns(self) -> set[str]:
        """Columns of the patients that are read as dates."""
        periods = {c for p in self.periods.values() for c in (p.start, p.stop)}
        return periods | set(self.observed_to) | ({self.death} if self.death else set())
