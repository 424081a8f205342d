"""Figures for the printed page; they draw results and compute no estimate."""

from her2adc.figures.curves import SurvivalPanel, month_ticks
from her2adc.figures.files import save
from her2adc.figures.flow import inclusion_flow
from her2adc.figures.forest import forest
from her2adc.figures.missing import missing_pattern
from her2adc.figures.response import response_bars
from her2adc.figures.safety import adverse_events
from her2adc.figures.survival import kaplan_meier, kaplan_meier_panels

__all__ = [
    "SurvivalPanel",
    "adverse_events",
    "forest",
    "inclusion_flow",
    "kaplan_meier",
    "kaplan_meier_panels",
    "missing_pattern",
    "month_ticks",
    "response_bars",
    "save",
]
