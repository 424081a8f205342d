"""Prints the agreement with R at the end of the session."""

from .summary import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]
