"""A small book is built, changed, broken and mended: what runs again, and what stays."""

import json
import os
import time

import nbformat
import pandas as pd
import pytest
import yaml
from building import build, make_tree
from small_study import PATIENTS, STUDY, write_study

pytestmark = pytest.mark.xdist_group("build")
PAGES = {"alpha/cohort", "alpha/pfs", "beta/cohort", "beta/pfs"}
REAL = {"data_kind": "real", "short_title": "Alpha"}
SIMULATED = {"data_kind": "simulated", "short_title": "Beta"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the repository with two small studies in the place of its own."""
    root = make_tree(tmp_path_factory.mktemp("repository"))
    write_study(root / "studies", "alpha", study=REAL)
    write_study(root / "studies", "beta", study=SIMULATED)
    return root


@pytest.fixture(scope="module")
def first(tree):
    built = build(tree)
    assert built.code == 0, built.text
    return built


def snapshot(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_first_build_executes_every_page(tree, first):
    assert first.pages == PAGES
    assert "warning" not in first.text
    results = pd.read_csv(tree / "_build/results/results.csv")
    assert set(zip(results["study"], results["page"], strict=True)) == {tuple(p.split("/")) for p in PAGES}
    assert pd.read_parquet(tree / "_build/results/results.parquet").shape == results.shape


def test_site_holds_both_studies(tree, first):
    html = tree / "_build/html"
    front = (html / "index.html").read_text(encoding="utf-8")
    for name in ("Alpha", "Beta"):
        assert name in front
        page = (html / f"pages/{name.lower()}/pfs.html").read_text(encoding="utf-8")
        assert f"{name}: PFS" in page
        assert ("pseudo-cohort" in page) == (name == "Beta")


def test_no_patient_identifier_is_published(tree, first):
    pages = "".join(p.read_text(encoding="utf-8") for p in (tree / "_build/html/pages/alpha").glob("*.html"))
    assert [i for i in PATIENTS["patient_id"] if i in pages] == []


def test_no_folder_of_the_machine_is_published(tree, first):
    for path in (tree / "_build/html/_sources").rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert str(tree) not in text and "_build/work" not in text, path


def test_second_build_runs_nothing(tree, first):
    start = time.perf_counter()
    built = build(tree)
    assert (built.code, built.pages) == (0, set())
    assert "is up to date" in built.text
    assert time.perf_counter() - start < 5


def test_touching_without_change_runs_nothing(tree, first):
    os.utime(tree / "notebooks/survival.ipynb")
    assert build(tree).pages == set()


def test_same_input_gives_the_same_bytes(tree, first):
    before = snapshot(tree / "book/pages/alpha")
    results = (tree / "_build/results/alpha/pfs.csv").read_bytes()
    (tree / "book/pages/alpha/pfs.ipynb").unlink()
    next((tree / "book/pages/beta/figures").glob("cohort-*.svg")).unlink()
    built = build(tree)
    assert built.pages == {"alpha/pfs", "beta/cohort"}, built.text
    assert snapshot(tree / "book/pages/alpha") == before
    assert (tree / "_build/results/alpha/pfs.csv").read_bytes() == results


def test_editing_a_notebook_executes_its_pages_only(tree, first):
    path = tree / "notebooks/survival.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("One more sentence."))
    nbformat.write(notebook, path)
    built = build(tree)
    assert (built.code, built.pages) == (0, {"alpha/pfs", "beta/pfs"}), built.text
    assert "One more sentence." in (tree / "_build/html/pages/beta/pfs.html").read_text(encoding="utf-8")


def test_deleting_a_value_executes_that_study_only(tree, first):
    path = tree / "studies/alpha/data/patients.csv"
    path.write_text(path.read_text().replace("P01,44,yes", "P01,44,"))
    built = build(tree)
    assert (built.code, built.pages) == (0, {"alpha/cohort", "alpha/pfs"}), built.text


def test_broken_study_leaves_the_last_book(tree, first):
    html = snapshot(tree / "_build/html")
    file = tree / "studies/beta/study.yml"
    good = file.read_text()
    file.write_text(good.replace("endpoints:", "endpoint:"))
    built = build(tree)
    assert built.code != 0
    assert "did you mean 'endpoints'?" in built.text
    assert "last good book is still" in built.text
    assert "Traceback" not in built.text and len(built.text.splitlines()) < 20, built.text
    assert snapshot(tree / "_build/html") == html
    file.write_text(good)
    assert build(tree).code == 0


def test_failing_cell_is_one_message_and_leaves_the_last_book(tree, first):
    html = snapshot(tree / "_build/html")
    path = tree / "notebooks/cohort.ipynb"
    good = path.read_text()
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("report.no_such_thing"))
    nbformat.write(notebook, path)
    built = build(tree, "--study", "alpha")
    assert built.code != 0
    assert "AttributeError" in built.text and "no_such_thing" in built.text
    assert "Traceback" not in built.text and len(built.text.splitlines()) < 12, built.text
    assert snapshot(tree / "_build/html") == html
    path.write_text(good)


def test_kernel_that_dies_is_started_once_more_and_then_reported(tree, first, tmp_path):
    path = tree / "notebooks/cohort.ipynb"
    good = path.read_text()
    once = tmp_path / "died"
    first_time = f"import os, pathlib\nonce = pathlib.Path({str(once)!r})\n"
    dies = first_time + "if not once.exists():\n    once.touch()\n    os._exit(1)"
    for always, code in ((dies, 0), ("import os; os._exit(1)", 1)):
        notebook = nbformat.reads(good, as_version=4)
        notebook.cells.insert(2, nbformat.v4.new_code_cell(always))
        nbformat.write(notebook, path)
        built = build(tree, "--study", "alpha", "--page", "cohort")
        assert bool(built.code) == bool(code), built.text
        assert "page alpha/cohort ... once more: ended by itself (exit code 1)" in built.text
        assert ("the kernel that ran this page ended by itself" in built.text) == bool(code), built.text
    path.write_text(good)


def test_warning_of_the_site_is_an_error_and_leaves_the_last_book(tree, first):
    assert build(tree).code == 0
    html = snapshot(tree / "_build/html")
    path = tree / "book/glossary.md"
    good = path.read_text()
    path.write_text(good + "\nSee {ref}`nowhere` and {cite}`Nobody1900`.\n")
    for _ in range(2):  # a second build must not pass because the page is known by then
        built = build(tree)
        assert built.code != 0 and built.pages == set()
        words = ("book/glossary.md, row", "nowhere", "Nobody1900")
        assert [w for w in words if w not in built.text] == [], built.text
        assert len(built.text.splitlines()) < 10, built.text
    assert snapshot(tree / "_build/html") == html
    path.write_text(good)
    assert build(tree).code == 0


@pytest.mark.parametrize(("arguments", "words"), [
    (["--study", "alfa"], ["no such study", "did you mean 'alpha'?"]),
    (["--page", "pfs2"], ["such a page", "did you mean 'pfs'?"]),
    (["--data", "."], ["names the data of one study"]),
    (["--study", "alpha", "--data", "nowhere"], ["no such folder"]),
])
def test_wrong_words_are_answered(tree, first, arguments, words):
    built = build(tree, *arguments)
    assert built.code != 0
    assert [w for w in words if w not in built.text] == [], built.text


def test_undeclared_parameter_is_an_error(tree, tmp_path):
    chapter = {"notebook": "survival", "page": "pfs", "parameters": {"endpoint": "PFS", "landmark": 6}}
    folder = write_study(tmp_path, "wrong", study={"chapters": [chapter, "survial"]})
    built = build(tree, "--study", str(folder))
    assert built.code != 0
    assert "no such parameter" in built.text and "'landmark'" in built.text
    assert "no such notebook" in built.text and "did you mean 'survival'?" in built.text


def test_study_of_ones_own_with_data_elsewhere(tree, first, tmp_path):
    folder = write_study(tmp_path, "mine", study={**REAL, "chapters": ["cohort"]})
    data = (folder / "data").rename(tmp_path / "records")
    own = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("# A page of our own"),
        nbformat.v4.new_code_cell('study = page = prepared = out = ""', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("from her2adc.page import Page\nreport = Page(study, page, prepared, out)"),
        nbformat.v4.new_code_cell("report.close()")])
    (folder / "notebooks").mkdir()
    nbformat.write(own, folder / "notebooks/own.ipynb")
    chapters = yaml.safe_load((folder / "study.yml").read_text()) | {"chapters": ["cohort", "own"]}
    (folder / "study.yml").write_text(yaml.safe_dump(chapters))
    built = build(tree, "--study", str(folder), "--data", str(data))
    assert (built.code, built.pages) == (0, {"mine/cohort", "mine/own"}), built.text
    html = (tree / "_build/html/pages/mine/own.html").read_text(encoding="utf-8")
    assert "Alpha: A page of our own" in html


def test_page_narrows_the_build(tree, first):
    built = build(tree, "--page", "cohort", "--jobs", "1")
    assert built.code == 0, built.text
    plan = json.loads((tree / "_build/plan.json").read_text())
    assert [p["page"] for s in plan["studies"] for p in s["pages"]] == ["cohort", "cohort"]
    assert not (tree / "_build/html/pages/alpha/pfs.html").exists()


def test_two_pages_with_one_title_are_refused(tree, first, tmp_path):
    chapters = [{"notebook": "survival", "page": p} for p in ("a", "b")]
    folder = write_study(tmp_path, "twins", study={**STUDY, "chapters": chapters})
    built = build(tree, "--study", str(folder))
    assert built.code != 0
    assert "have the same title" in built.text
