"""What a study is: ``study.yml`` -> :class:`Study`."""

from her2adc.config.evolution import CONCORDANT, DIRECTIONS, DISCORDANT, Evolution, Retest, Stage
from her2adc.config.load import find_studies, load_study
from her2adc.config.models import (
    Chapter,
    Endpoint,
    Her2,
    Outcome,
    Population,
    Response,
    Study,
)
from her2adc.config.parts import (
    CLASSES,
    HER2_VARIABLES,
    MISSING,
    RESULTS,
    Data,
    Source,
    Table,
    Variable,
)

__all__ = [
    "CLASSES",
    "CONCORDANT",
    "DIRECTIONS",
    "DISCORDANT",
    "HER2_VARIABLES",
    "MISSING",
    "RESULTS",
    "Chapter",
    "Data",
    "Endpoint",
    "Evolution",
    "Her2",
    "Outcome",
    "Population",
    "Response",
    "Retest",
    "Source",
    "Stage",
    "Study",
    "Table",
    "Variable",
    "find_studies",
    "load_study",
]
