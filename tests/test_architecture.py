"""Imports go downwards only, and nothing shared names a study."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "her2adc"
# each module may import those before it
ORDER = """
errors
markup
notes
software
annealing
reconstruct
simulate
config
schema
cells
grammar
comparing
expressions
readers
raw
wanted
identity
her2
naming
meanings
intake
columns
dates
typed
specimens
agents
exposures
courses
lines
adcs
observation
endpoints
chronology
recist
responses
adc_outcomes
sequences
markers
inclusion
cohort
checks
prepare
results
stats
format
prose
tables
figures
page
blocks
build
__main__
""".split()  # noqa: SIM905


def part(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("her2adc"):
            rest = node.module.split(".")[1:]
            names |= {rest[0]} if rest else {a.name for a in node.names}
        if isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("her2adc.")}
    return names


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_downwards(path):
    if path == SOURCE / "__init__.py":
        assert not imported(path)
        return
    own = part(path)
    assert own in ORDER, f"{own} has no place in the order of modules"
    upward = {n for n in imported(path) if n != own and ORDER.index(n) >= ORDER.index(own)}
    assert not upward, f"{own} imports {sorted(upward)}, which stand above it"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("stats/*.py")), ids=lambda p: p.name)
def test_statistics_do_not_draw(path):
    assert "matplotlib" not in path.read_text(encoding="utf-8")


def test_nothing_shared_names_a_study():
    ids = [p.parent.name for p in ROOT.glob("studies/*/study.yml")]
    assert ids
    for path in [*SOURCE.rglob("*.py"), *(ROOT / "workflow").glob("*"), ROOT / "Makefile"]:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert [i for i in ids if i in text] == [], path


def test_modules_stay_small():
    sizes = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in SOURCE.rglob("*.py")}
    assert {str(p): n for p, n in sizes.items() if n > 400} == {}
