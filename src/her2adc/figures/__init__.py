"""Figures for the printed page; they draw results and compute no estimate."""

from her2adc.figures.alluvial import alluvial
from her2adc.figures.attrition import attrition
from her2adc.figures.balance import balance
from her2adc.figures.curves import SurvivalPanel, month_ticks
from her2adc.figures.estimates_forest import estimates_forest
from her2adc.figures.files import save
from her2adc.figures.flow import inclusion_flow
from her2adc.figures.forest import forest
from her2adc.figures.incidence import cumulative_incidence
from her2adc.figures.missing import missing_pattern
from her2adc.figures.oncoprint import oncoprint
from her2adc.figures.outcome_rates import outcome_rates
from her2adc.figures.overlap import propensity_overlap
from her2adc.figures.rates_forest import rates_forest
from her2adc.figures.response import response_bars
from her2adc.figures.safety import adverse_events
from her2adc.figures.spline import spline
from her2adc.figures.state_occupation import state_occupation
from her2adc.figures.survival import kaplan_meier, kaplan_meier_panels
from her2adc.figures.swimmer import swimmer
from her2adc.figures.waterfall import waterfall

__all__ = [
    "SurvivalPanel",
    "adverse_events",
    "alluvial",
    "attrition",
    "balance",
    "cumulative_incidence",
    "estimates_forest",
    "forest",
    "inclusion_flow",
    "kaplan_meier",
    "kaplan_meier_panels",
    "missing_pattern",
    "month_ticks",
    "oncoprint",
    "outcome_rates",
    "propensity_overlap",
    "rates_forest",
    "response_bars",
    "save",
    "spline",
    "state_occupation",
    "swimmer",
    "waterfall",
]
