"""Shared by all tests: the repository and its built book."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import browsing
import pytest
from building import ROOT, build
from reference import summary


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def book(repository) -> Path:
    """Return the folder of the built book of the repository, brought up to date first."""
    built = build(repository)
    assert built.code == 0, built.text
    assert "warning:" not in built.text, built.text
    return repository / "_build/html"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how the statistics agree with R, and what was skipped for want of a browser."""
    summary.pytest_terminal_summary(terminalreporter, config)
    browsing.summary(terminalreporter)
