"""Named pieces of pages: what a notebook shows with one call on its page."""

from her2adc.blocks.common import (
    about,
    endpoint_details,
    her2_rule,
    missing_table,
    notes,
    populations_table,
    regression,
    remarks,
    response_details,
    unclassified_table,
)

__all__ = [
    "about",
    "endpoint_details",
    "her2_rule",
    "missing_table",
    "notes",
    "populations_table",
    "regression",
    "remarks",
    "response_details",
    "unclassified_table",
]
