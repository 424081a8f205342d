"""Patients treated with two antibody-drug conjugates in sequence, simulated with a known truth."""

from her2adc.simulate.course import DAYS_PER_MONTH, Course, course
from her2adc.simulate.parameters import COVARIATES, Covariate, SimulationParameters
from her2adc.simulate.tables import Simulation, analysis_data, simulate

__all__ = [
    "COVARIATES",
    "DAYS_PER_MONTH",
    "Course",
    "Covariate",
    "Simulation",
    "SimulationParameters",
    "analysis_data",
    "course",
    "simulate",
]
