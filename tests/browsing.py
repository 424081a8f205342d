"""The browser of the tests of the site: where it is, and what is said when there is none."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = ("Google Chrome", "Chromium")
MISSING = "no browser for the tests of the site"
INSTALL = {"darwin": "brew install --cask google-chrome && brew install chromedriver"}.get(
    sys.platform, "apt-get install chromium chromium-driver, or dnf install chromium chromedriver")


def find() -> tuple[str, str] | None:
    """Paths of Chromium and of its driver, or None."""
    apps = [f"{base}/Applications/{name}.app/Contents/MacOS/{name}"
            for name in MAC for base in ("", Path.home())]
    chromium = next(filter(None, map(shutil.which, NAMES)), None) or next(filter(shutil.which, apps), None)
    driver = shutil.which("chromedriver")
    return (chromium, driver) if chromium and driver else None


def summary(terminalreporter: Any) -> None:
    """Say in one line which tests were not run for want of a browser, and how to get one."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if MISSING in str(r.longrepr)]
    if skipped:
        line = f"{len(skipped)} tests of the site were skipped: no Chromium and chromedriver run here"
        terminalreporter.write_line(f"{line}; to install them: {INSTALL}")
