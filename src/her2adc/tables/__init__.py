"""Tables for the printed page: results rows in, strings out; nothing is computed."""

from her2adc.tables.biomarkers import (
    alteration_changes,
    alterations,
    chosen_cutoffs,
    marker_associations,
    marker_levels,
)
from her2adc.tables.evolution import her2_agreement, her2_pairing, her2_transitions
from her2adc.tables.her2_checks import (
    her2_eligibility,
    her2_reclassification,
    her2_retest,
    her2_sensitivity,
)
from her2adc.tables.imputation import imputed
from her2adc.tables.listings import follow_up, listing
from her2adc.tables.models import cox, forest, logistic, subgroups
from her2adc.tables.odds import outcome
from her2adc.tables.outcomes import populations, response, survival
from her2adc.tables.output import notes_markdown, to_csv, to_html, to_markdown
from her2adc.tables.patients import baseline, missing
from her2adc.tables.safety import overview, safety, special_interest, worst_grades
from her2adc.tables.sequencing import (
    adc_responses,
    attrition,
    comparison,
    pfs_ratio,
    positivity,
    shared,
    timelines,
)
from her2adc.tables.strata import level_tests, pairwise, survival_strata
from her2adc.tables.table import Table

__all__ = [
    "Table",
    "adc_responses",
    "alteration_changes",
    "alterations",
    "attrition",
    "baseline",
    "chosen_cutoffs",
    "comparison",
    "cox",
    "follow_up",
    "forest",
    "her2_agreement",
    "her2_eligibility",
    "her2_pairing",
    "her2_reclassification",
    "her2_retest",
    "her2_sensitivity",
    "her2_transitions",
    "imputed",
    "level_tests",
    "listing",
    "logistic",
    "marker_associations",
    "marker_levels",
    "missing",
    "notes_markdown",
    "outcome",
    "overview",
    "pairwise",
    "pfs_ratio",
    "populations",
    "positivity",
    "response",
    "safety",
    "shared",
    "special_interest",
    "subgroups",
    "survival",
    "survival_strata",
    "timelines",
    "to_csv",
    "to_html",
    "to_markdown",
    "worst_grades",
]
