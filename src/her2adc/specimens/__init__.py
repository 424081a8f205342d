"""Specimens: what each text was read as, which specimen stands for a patient or a stage, and its class."""

from her2adc.specimens.picking import UNORDERED, pick
from her2adc.specimens.reading import (
    NO_SPECIMEN,
    class_names,
    classify_patients,
    classify_tests,
)
from her2adc.specimens.settling import settle
from her2adc.specimens.stages import (
    add_stages,
    compare_stages,
    eligible_tables,
    restage,
    stage_problems,
    stage_remarks,
)

__all__ = [
    "NO_SPECIMEN",
    "UNORDERED",
    "add_stages",
    "class_names",
    "classify_patients",
    "classify_tests",
    "compare_stages",
    "eligible_tables",
    "pick",
    "restage",
    "settle",
    "stage_problems",
    "stage_remarks",
]
