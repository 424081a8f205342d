"""Shared by all tests: the repository and its built book."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import ROOT, build
from reference.summary import pytest_terminal_summary  # noqa: F401 - a hook


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
