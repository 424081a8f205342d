"""Patients treated with two antibody-drug conjugates in sequence, simulated with a known truth."""

from her2adc.simulate.course import DAYS_PER_MONTH, Course, course
from her2adc.simulate.measurements import Alteration, measurements
from her2adc.simulate.parameters import COVARIATES, Covariate, SimulationParameters
from her2adc.simulate.records import dated, last_doses, late_responses, lost, stacked, streams
from her2adc.simulate.specimens import her2_tests
from her2adc.simulate.spelling import written
from her2adc.simulate.tables import Simulation, analysis_data, simulate
from her2adc.simulate.therapies import adjuvant, before_adc, diagnosed, named
from her2adc.simulate.toxicity import adc_courses, adverse_events

__all__ = [
    "COVARIATES",
    "DAYS_PER_MONTH",
    "Alteration",
    "Course",
    "Covariate",
    "Simulation",
    "SimulationParameters",
    "adc_courses",
    "adjuvant",
    "adverse_events",
    "analysis_data",
    "before_adc",
    "course",
    "dated",
    "diagnosed",
    "her2_tests",
    "last_doses",
    "late_responses",
    "lost",
    "measurements",
    "named",
    "simulate",
    "stacked",
    "streams",
    "written",
]
