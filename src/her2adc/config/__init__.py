"""What a study is: ``study.yml`` -> :class:`Study`."""

from her2adc.config.biomarkers import (
    ALTERED,
    NOT_TESTED,
    WILD_TYPE,
    Biomarkers,
    Gene,
    Marker,
    TimePoint,
)
from her2adc.config.comparison import SequenceComparison
from her2adc.config.evolution import CONCORDANT, DIRECTIONS, DISCORDANT, Evolution, Retest, Stage
from her2adc.config.load import find_studies, load_study, placed
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
    NO,
    RESULTS,
    YES,
    Data,
    Source,
    Table,
    Variable,
)
from her2adc.config.places import link_problems, shown_name, study_id
from her2adc.config.safety import ADC_SPECIAL, Period, Safety
from her2adc.config.sequencing import ADC, IGNORED, Drug, Sequencing

__all__ = [
    "ADC",
    "ADC_SPECIAL",
    "ALTERED",
    "CLASSES",
    "CONCORDANT",
    "DIRECTIONS",
    "DISCORDANT",
    "HER2_VARIABLES",
    "IGNORED",
    "MISSING",
    "NO",
    "NOT_TESTED",
    "RESULTS",
    "WILD_TYPE",
    "YES",
    "Biomarkers",
    "Chapter",
    "Data",
    "Drug",
    "Endpoint",
    "Evolution",
    "Gene",
    "Her2",
    "Marker",
    "Outcome",
    "Period",
    "Population",
    "Response",
    "Retest",
    "Safety",
    "SequenceComparison",
    "Sequencing",
    "Source",
    "Stage",
    "Study",
    "Table",
    "TimePoint",
    "Variable",
    "find_studies",
    "link_problems",
    "load_study",
    "placed",
    "shown_name",
    "study_id",
]
