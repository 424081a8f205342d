"""The built book of the repository, served on this machine and opened in headless Chromium."""

from __future__ import annotations

import functools
import http.server
import json
import os
import threading
from typing import NoReturn

import browsing
import pytest
from bs4 import BeautifulSoup
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def plan(book, repository) -> dict:
    """Return the plan of the build: studies and their pages."""
    return json.loads((repository / "_build/plan.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pages(book) -> dict[str, BeautifulSoup]:
    """Return every page of the site by its path."""
    apart = ("_static", "_sources")
    found = sorted(p for p in book.rglob("*.html") if p.relative_to(book).parts[0] not in apart)
    assert len(found) > 8
    return {p.relative_to(book).as_posix(): BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser")
            for p in found}


@pytest.fixture(scope="session")
def study_pages(plan, pages) -> dict[str, tuple[dict, dict]]:
    """Return study and chapter of every page that a notebook made, by its path."""
    made = {f"pages/{s['id']}/{p['page']}.html": (s, p) for s in plan["studies"] for p in s["pages"]}
    assert set(made) <= set(pages)
    return made


@pytest.fixture(scope="session")
def address(book):
    """Serve the book; return its address."""
    handler = functools.partial(Quiet, directory=str(book))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Open headless Chromium. Without Chromium the test is skipped, but fails in CI."""
    found = browsing.find()
    if not found:
        missing("")
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    try:
        opened = webdriver.Chrome(options=options, service=Service(found[1]))
    except WebDriverException as error:
        missing(f"; {found[0]} does not start: {str(error.msg).splitlines()[0]}")
    yield opened
    opened.quit()


def missing(why: str) -> NoReturn:
    """Skip a test for want of a browser; in CI fail."""
    message = f"{browsing.MISSING}{why}; to install one: {browsing.INSTALL}"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
