"""Measurements of biomarkers -> one value a patient, marker and time point, and HER2 at the time points.

A measurement belongs to the first time point that it fits. What was not measured stays missing: a gene
without a result is never taken for wild type.
"""

from her2adc.markers.choosing import MEASUREMENTS, chosen, her2_at, wide
from her2adc.markers.deriving import Measured, derive
from her2adc.markers.reading import at_time_points, named_rows, values

__all__ = [
    "MEASUREMENTS",
    "Measured",
    "at_time_points",
    "chosen",
    "derive",
    "her2_at",
    "named_rows",
    "values",
    "wide",
]
