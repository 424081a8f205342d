"""Sentences made from the results table. A sentence that names a result that does not exist fails.

Nothing is computed or rounded here: numbers come from rows, their form from :mod:`her2adc.format`.
"""

from her2adc.prose.cohort import (
    HER2_TEXTS,
    HER2_UNCLASSIFIED,
    baseline,
    baseline_caption,
    cohort,
    flow_alt,
    flow_caption,
)
from her2adc.prose.response import response
from her2adc.prose.safety import safety
from her2adc.prose.subgroups import forest_alt, forest_caption, subgroups
from her2adc.prose.survival import REGRESSION, cox_caption, curve_caption, survival
from her2adc.prose.words import (
    compared,
    level_name,
    listed,
    lower_first,
    median,
    methods,
    multiplicity,
    rate,
    with_population,
)

__all__ = [
    "HER2_TEXTS",
    "HER2_UNCLASSIFIED",
    "REGRESSION",
    "baseline",
    "baseline_caption",
    "cohort",
    "compared",
    "cox_caption",
    "curve_caption",
    "flow_alt",
    "flow_caption",
    "forest_alt",
    "forest_caption",
    "level_name",
    "listed",
    "lower_first",
    "median",
    "methods",
    "multiplicity",
    "rate",
    "response",
    "safety",
    "subgroups",
    "survival",
    "with_population",
]
