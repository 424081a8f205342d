"""Named pieces of pages: what a notebook shows with one call on its page."""

from her2adc.blocks.cohort import follow_up, followed, her2_as_read, main_label, missing_values
from her2adc.blocks.common import (
    about,
    comparison,
    endpoint_details,
    endpoint_named,
    her2_rule,
    notes,
    outcome_named,
    references,
    remarks,
    response_details,
    unclassified_table,
)
from her2adc.blocks.evolution import (
    her2_alluvial,
    her2_discordance,
    her2_outcome,
    her2_reading,
    her2_rules,
    her2_sensitivity,
    her2_transitions,
)
from her2adc.blocks.her2_pairs import Her2Pairs, her2_pairs
from her2adc.blocks.imputation import imputed
from her2adc.blocks.outcomes import logistic_table, outcome_figure, outcome_sentence, outcome_table
from her2adc.blocks.safety import (
    EACH_ONCE,
    TREATED,
    adverse_event_classes,
    onset_curve,
    recorded,
    special_interest,
    treatment_periods,
)
from her2adc.blocks.subgroups import (
    factor_table,
    forest_figures,
    level_table,
    populations_table,
    subgroup_sentence,
)
from her2adc.blocks.survival import (
    regression,
    survival_figure,
    survival_sentence,
    survival_table,
)

__all__ = [
    "EACH_ONCE",
    "TREATED",
    "Her2Pairs",
    "about",
    "adverse_event_classes",
    "comparison",
    "endpoint_details",
    "endpoint_named",
    "factor_table",
    "follow_up",
    "followed",
    "forest_figures",
    "her2_alluvial",
    "her2_as_read",
    "her2_discordance",
    "her2_outcome",
    "her2_pairs",
    "her2_reading",
    "her2_rule",
    "her2_rules",
    "her2_sensitivity",
    "her2_transitions",
    "imputed",
    "level_table",
    "logistic_table",
    "main_label",
    "missing_values",
    "notes",
    "onset_curve",
    "outcome_figure",
    "outcome_named",
    "outcome_sentence",
    "outcome_table",
    "populations_table",
    "recorded",
    "references",
    "regression",
    "remarks",
    "response_details",
    "special_interest",
    "subgroup_sentence",
    "survival_figure",
    "survival_sentence",
    "survival_table",
    "treatment_periods",
    "unclassified_table",
]
