"""A book whose every text is hostile, opened in Chromium: nothing runs, each text reads as typed."""

import csv
import functools
import http.server
import json
import re
import shutil
import threading
from urllib.parse import urlsplit

import pytest
from building import build
from conftest import Quiet
from hostile_study import SECRET, write_hostile

pytestmark = pytest.mark.xdist_group("hostile")
SHOWN = """
const copy = (document.querySelector("article") ?? document.body).cloneNode(true);
copy.querySelectorAll("script, style, pre").forEach(part => part.remove());
const pictures = [...copy.querySelectorAll("img")].map(image => image.alt);
return [copy.textContent, ...pictures, document.querySelector("nav.bd-links")?.textContent].join(" ");
"""
"""Text of a page, its folds and alternative texts, and the contents."""
TRACES = """
return {
  hit: window.hit ?? null,
  scripts: [...document.querySelectorAll("script:not([src])")].filter(s => /hit/.test(s.textContent)).length,
  pictures: document.querySelectorAll("img[src*=hostile]").length,
  links: [...document.querySelectorAll("a[href]")].map(a => a.getAttribute("href"))
    .filter(h => /^\\s*(javascript|data|file):|\\/\\/hostile/i.test(h)),
  handlers: document.querySelectorAll("[onerror]").length,
  headings: document.querySelectorAll("h1").length,
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
};
"""
NOTHING = {"hit": None, "scripts": 0, "pictures": 0, "links": [], "handlers": 0, "headings": 2, "wide": 0}
OWN = ("data", "chrome", "chrome-untrusted", "devtools")
"""What Chromium asks of itself."""
ISOLATES = re.compile("[\u2066-\u2069\u202a-\u202e\ufffd\x00-\x08\x0e-\x1f]")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, repository):
    """Build the book of the hostile study; return the tree, and what was typed."""
    root = tmp_path_factory.mktemp("hostile")
    for name in ("src", "workflow", "notebooks"):
        shutil.copytree(repository / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(repository / "book", root / "book", ignore=shutil.ignore_patterns("pages"))
    for name in ("_config.yml", "_toc.yml", "requirements.txt", "CHANGELOG.md"):
        shutil.copy(repository / name, root / name)
    shipped = repository / "studies/sequential_adc_her2low"
    _, typed = write_hostile(root / "studies", shipped, root / "secret.txt")
    built = build(root)
    assert built.code == 0, built.text
    return root, typed


@pytest.fixture(scope="module")
def opened(hostile, browser):
    """Open every page and the search; return by page its text, its traces and the requests it made."""
    html = hostile[0] / "_build/html"
    handler = functools.partial(Quiet, directory=str(html))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    names = sorted(str(p.relative_to(html)) for p in (html / "pages/hostile").glob("*.html"))
    found = {}
    browser.get_log("performance")
    for name in ["index.html", *names, "search.html?q=K003", "search.html?q=K000"]:
        browser.get(f"{address}/{name}")
        if name.startswith("search"):
            browser.implicitly_wait(5)
            browser.find_elements("css selector", "#search-results li")
        text = browser.execute_script(SHOWN)
        messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        found[name] = text, browser.execute_script(TRACES), [s["request"]["url"] for s in sent]
    server.shutdown()
    return address, found


def folded(text):
    return ISOLATES.sub("", re.sub(r"\s+", "", text))


def test_nothing_runs_and_nothing_is_asked_for(opened):
    address, found = opened
    wrong = {name: traces for name, (_, traces, _) in found.items()
             if traces != {**NOTHING, "headings": 1 if name.startswith("search") else 2}}
    assert not wrong, "\n".join(f"{k}: {v}" for k, v in wrong.items())
    asked = {url for _, _, urls in found.values() for url in urls if urlsplit(url).scheme not in OWN}
    assert [url for url in asked if not url.startswith(address) or "hostile-request" in url] == []


def test_nothing_is_included(hostile, opened):
    root, _ = hostile
    assert [name for name, (text, _, _) in opened[1].items() if SECRET in text] == []
    files = [p for p in (root / "_build/html").rglob("*") if p.is_file()]
    assert [p for p in files if SECRET.encode() in p.read_bytes()] == []


def test_every_text_reads_as_typed(hostile, opened):
    shown = folded(" ".join(text for text, _, _ in opened[1].values()))
    lost = {kind: text[:200] for kind, text in hostile[1].items() if folded(text) not in shown}
    assert not lost, "\n".join(f"{k}: {v!r}" for k, v in lost.items())


def test_no_offered_cell_is_a_formula(hostile):
    wrong = []
    for path in (hostile[0] / "_build/html/_downloads").rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        wrong += [f"{path.name}: {cell[:60]}" for cell in cells
                  if re.match(r'[\s"]*[=+@＝＋＠-]', cell) and not re.match(r"-?\d", cell)]
    assert wrong == []
