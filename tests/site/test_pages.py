"""Every page of the built site, read as files: links, images, titles, texts, numbers."""

import re
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
import yaml

pytestmark = pytest.mark.xdist_group("site")
GENERATED = {"genindex.html", "search.html"}


def resolve(page, link):
    """Path in the site that a link on a page points at, and its fragment."""
    target, fragment = urldefrag(unquote(link))
    parts = page.split("/")[:-1] if target else page.split("/")
    for part in filter(None, target.split("/")):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "index.html", fragment


def visible(soup):
    """Text of the article without its code."""
    article = soup.find("article")
    copy = type(soup)(str(article), "html.parser")
    for part in copy.select("details.hide, pre, script, style, .headerlink"):
        part.decompose()
    return copy.get_text(" ")


def test_links_lead_somewhere(book, pages):
    broken = []
    for name, soup in pages.items():
        for tag in soup.find_all("a", href=True):
            if urlsplit(tag["href"]).scheme or tag["href"] in ("#", ""):
                continue
            target, fragment = resolve(name, tag["href"])
            if not (book / target).is_file():
                broken.append(f"{name}: {tag['href']}")
            elif fragment and target in pages and not pages[target].find(id=fragment):
                broken.append(f"{name}: {tag['href']} (no such place on the page)")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(book, pages):
    wrong = []
    for name, soup in pages.items():
        for tag in soup.find_all(["script", "img", "link", "iframe", "source", "object"]):
            link = tag.get("src") or (tag.get("href") if tag.get("rel") != ["canonical"] else None)
            if not link:
                continue
            if urlsplit(link).scheme in ("http", "https") or link.startswith("//"):
                wrong.append(f"{name}: {link}")
            elif not link.startswith("data:"):
                target, _ = resolve(name, urlsplit(link).path)
                wrong += [] if (book / target).is_file() else [f"{name}: {link} is missing"]
    assert wrong == []


def test_images_have_alternative_text(pages):
    bare = [f"{name}: {tag.get('src')}" for name, soup in pages.items() if soup.find("article")
            for tag in soup.find("article").find_all("img") if len(tag.get("alt", "")) < 15]
    assert bare == []


def test_titles_are_unique(pages):
    titles = {}
    for name, soup in pages.items():
        if name not in GENERATED:
            headings = soup.find("article").find_all("h1")
            assert len(headings) == 1, name
            titles.setdefault(headings[0].get_text().strip("#\n "), []).append(name)
    assert {t: n for t, n in titles.items() if len(n) > 1} == {}


def test_every_page_is_in_the_contents(pages, study_pages):
    links = {resolve("index.html", a["href"])[0] for a in pages["index.html"].select("nav.bd-links a[href]")}
    assert set(study_pages) <= links


def test_pseudo_cohorts_say_so(repository, pages, study_pages):
    for name, (study, _) in study_pages.items():
        text = (repository / study["file"]).read_text(encoding="utf-8")
        pseudo = yaml.safe_load(text)["data_kind"] != "real"
        banner = pages[name].select(".pseudo-cohort")
        assert bool(banner) == pseudo, name
        if pseudo:
            assert "No patient on this page is real" in banner[0].get_text(), name


def test_survival_pages_have_numbers_at_risk(book, pages, study_pages):
    survival = [n for n, (_, p) in study_pages.items() if p["notebook"].endswith("/survival.ipynb")]
    assert survival
    for name in survival:
        images = [i["src"] for i in pages[name].find("article").find_all("img") if "kaplan-meier" in i["src"]]
        assert images, name
        for image in images:
            text = (book / resolve(name, image)[0]).read_text(encoding="utf-8")
            assert re.search(r">\s*(Number )?[Aa]t risk", text), f"{name}: {image}"


def test_no_number_is_left_unformatted(pages):
    wrong = []
    for name, soup in pages.items():
        if name in GENERATED | {"bibliography.html"}:  # DOIs look like long numbers
            continue
        text = visible(soup)
        wrong += [f"{name}: ...{text[max(0, m.start() - 40):m.end()]}"
                  for m in re.finditer(r"(?<![\w-])-?(nan|NaN|NaT|inf|<NA>)(?![\w-])|\d\.\d{7,}", text)]
    assert wrong == []


def test_no_raw_markup_is_left(pages, study_pages):
    for name in study_pages:
        text = visible(pages[name])
        assert not re.search(r"\{\w+\}`|^:::|```", text, re.M), name


def test_results_hold_every_page(repository, study_pages):
    import pandas as pd

    results = pd.read_csv(repository / "_build/results/results.csv")
    assert set(zip(results["study"], results["page"], strict=True)) == {
        (study["id"], page["page"]) for study, page in study_pages.values()}
