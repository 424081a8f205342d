"""Analysis reports for real-world breast-cancer cohorts on antibody-drug conjugates."""

__version__ = "0.1.0"
