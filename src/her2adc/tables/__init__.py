"""Tables for the printed page: results rows in, strings out; nothing is computed."""

from her2adc.tables.listings import follow_up, listing
from her2adc.tables.models import cox, forest, subgroups
from her2adc.tables.outcomes import populations, response, survival
from her2adc.tables.output import notes_markdown, to_csv, to_html, to_markdown
from her2adc.tables.patients import baseline, missing
from her2adc.tables.safety import safety
from her2adc.tables.table import Table

__all__ = [
    "Table",
    "baseline",
    "cox",
    "follow_up",
    "forest",
    "listing",
    "missing",
    "notes_markdown",
    "populations",
    "response",
    "safety",
    "subgroups",
    "survival",
    "to_csv",
    "to_html",
    "to_markdown",
]
