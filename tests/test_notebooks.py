"""Every notebook is as a notebook of the book has to be, and the rule sees what is not."""

import nbformat
import pytest
from building import ROOT
from nbclient import NotebookClient

from her2adc.build.check import hygiene, toc_problems

NOTEBOOKS = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("studies/*/notebooks/*.ipynb")])
GIVEN = 'study = page = prepared = out = ""'


def names(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_hygiene(path):
    assert hygiene(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_runs_by_hand_with_its_defaults(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, kernel_name="python3", timeout=300,
                   resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    assert [o for o in outputs if o.get("name") == "stderr"] == []


def good(*code):
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Title"),
               nbformat.v4.new_code_cell(GIVEN, metadata={"tags": ["parameters"]}),
               *(nbformat.v4.new_code_cell(source) for source in code)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})


def test_good_notebook_passes():
    assert hygiene(good("total = sum([1, 2])")) == []


@pytest.mark.parametrize(("code", "word"), [
    ("def f():\n    return 1", "defines"),
    ("f = lambda x: x", "defines"),
    ("for study in studies:\n    print(study)", "loop"),
    ("import warnings\nwarnings.filterwarnings('ignore')", "warnings"),
    ("\n".join(f"a{i} = {i}" for i in range(16)), "longer"),
    ("%matplotlib inline", "plain Python"),
])
def test_bad_cells_are_found(code, word):
    (problem,) = hygiene(good(code))
    assert word in problem and problem.startswith("cell 3")


def test_missing_parts_are_found():
    notebook = good("1")
    notebook.cells[1].metadata["tags"] = []
    notebook.cells[0].source = "## Title"
    notebook.metadata["kernelspec"]["name"] = "other"
    notebook.cells[2].execution_count = 1
    assert len(hygiene(notebook)) == 4
    notebook = good("1")
    notebook.cells[1].source = 'study = ""'
    assert hygiene(notebook) == ["does not declare the parameters page, prepared, out"]


def test_committed_contents_list_what_ships(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert toc_problems() == []
