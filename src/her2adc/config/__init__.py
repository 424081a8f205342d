"""What a study is: ``study.yml`` -> :class:`Study`."""

from her2adc.config.load import find_studies, load_study
from her2adc.config.models import (
    CLASSES,
    HER2_VARIABLES,
    MISSING,
    RESULTS,
    Chapter,
    Data,
    Endpoint,
    Her2,
    Population,
    Response,
    Source,
    Study,
    Table,
    Variable,
)

__all__ = [
    "CLASSES",
    "HER2_VARIABLES",
    "MISSING",
    "RESULTS",
    "Chapter",
    "Data",
    "Endpoint",
    "Her2",
    "Population",
    "Response",
    "Source",
    "Study",
    "Table",
    "Variable",
    "find_studies",
    "load_study",
]
