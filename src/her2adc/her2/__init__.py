"""IHC and ISH -> HER2-zero, -ultralow, -low or -positive, by guideline edition.

Free text is normalised by rule and every normalisation can be listed; what cannot be classified is
listed with its reason and never guessed.
"""

from her2adc.her2.classes import (
    Ambiguous,
    Edition,
    Her2Class,
    classify,
    ish_from_counts,
    result_text,
    score_read,
)
from her2adc.her2.texts import normalise_ihc, normalise_ish, outside_reading

__all__ = [
    "Ambiguous",
    "Edition",
    "Her2Class",
    "classify",
    "ish_from_counts",
    "normalise_ihc",
    "normalise_ish",
    "outside_reading",
    "result_text",
    "score_read",
]
