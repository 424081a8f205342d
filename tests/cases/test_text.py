"""Labels and levels with signs that mean something in markup are printed as written, on every page."""

import ast
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from docutils.core import publish_doctree
from myst_parser.parsers.docutils_ import Parser

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study

ROOT = Path(__file__).parents[2]
CASE = Path(__file__).parent / "labels_markup"
CHAPTERS = {"baseline": {}, "subgroups": {}, "survival": {"endpoint": "PFS", "by": "pd_l1"}}


def run(root, notebook, parameters):
    """MyST of every cell of a notebook, executed here."""
    places = {"study": root / CASE.name, "prepared": root / "prepared", "out": root / "out"}
    values = {**{k: str(v) for k, v in places.items()}, "page": notebook, **parameters}
    scope, shown = {}, []
    for cell in nbformat.read(ROOT / f"notebooks/{notebook}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            *lines, last = [ast.get_source_segment(cell.source, n) for n in ast.parse(cell.source).body]
            exec("\n".join(lines), scope)
            if "parameters" in cell.metadata.get("tags", []):
                exec(last, scope)
                scope |= values
                continue
            value = eval(last, scope)
            shown.append("" if value is None else value.markdown)
    return shown


def read(myst):
    """Text of a piece of MyST, without blanks; roles and directives of Sphinx stay as they are."""
    body = re.sub(r"^:::+\{?.*?(\*\*|$)|^:(name|class|alt): .*$", r"\1", myst, flags=re.M)
    settings = {"report_level": 5, "halt_level": 6, "_disable_config": True}
    return re.sub(r"\s", "", publish_doctree(body, parser=Parser(), settings_overrides=settings).astext())


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    root = tmp_path_factory.mktemp("labels")
    folder = shutil.copytree(CASE, root / "labels_markup")
    study = load_study(folder)
    prepare_cohort(study).save(root / "prepared")
    made = {name: [read(part) for part in run(root, name, values)] for name, values in CHAPTERS.items()}
    return study, made, root / "out"


@pytest.mark.parametrize("name", ["pd_l1", "site"])
def test_labels_and_levels_read_as_written(pages, name):
    study, made, _ = pages
    variable = study.variable(name)
    for page in ("baseline", "subgroups"):
        shown = " ".join(made[page])
        texts = [variable.label, *variable.level_names]
        assert [text for text in texts if re.sub(r"\s", "", text) not in shown] == [], page


def test_groups_of_curves_read_as_written(pages):
    study, made, _ = pages
    label = re.sub(r"\s", "", study.variable("pd_l1").label)
    assert label in made["survival"][1] and "$5to$10" in made["survival"][1]


def test_files_of_several_groups_have_names_of_their_own(pages):
    names = {p.name for p in (pages[2] / "figures").iterdir()}
    assert all(re.fullmatch(r"[a-z0-9-]+\.(svg|pdf|png|csv)", name) for name in names), names
