"""How a test runs a build of the book."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[1]


@dataclass
class Built:
    """What a build said."""

    code: int
    text: str

    @property
    def pages(self) -> set[str]:
        """Pages that it executed, as ``study/page``."""
        return set(re.findall(r"^page (\S+) \.\.\. [\d.]+ s", self.text, re.M))


def command(*arguments: str) -> list[str]:
    """Words that start a build."""
    return [sys.executable, "-m", "her2adc.build", "book", *arguments]


def environment(root: Path) -> dict[str, str]:
    """Environment in which a build uses the package of its own tree."""
    return {**os.environ, "PYTHONPATH": str(root / "src"),
            "JUPYTER_PATH": str(Path(sys.prefix) / "share/jupyter")}


def build(root: Path, *arguments: str) -> Built:
    """Run a build in a tree like the repository, with the package of that tree."""
    run = subprocess.run(command(*arguments), cwd=root, capture_output=True, text=True,
                         env=environment(root), check=False)
    return Built(run.returncode, run.stdout + run.stderr)


def make_tree(root: Path) -> Path:
    """Copy what a build needs of the repository, without its studies."""
    for name in ("src", "workflow", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "book", root / "book", ignore=shutil.ignore_patterns("pages"))
    for name in ("_config.yml", "_toc.yml", "requirements.txt", "CHANGELOG.md"):
        shutil.copy(ROOT / name, root / name)
    return root


def own_pages(folder: Path, codes: Sequence[str]) -> None:
    """Give a study pages of its own, ``own0`` and so on, that each run one piece of code."""
    for number, code in enumerate(codes):
        cells = [nbformat.v4.new_markdown_cell(f"# Own page {number}"),
                 nbformat.v4.new_code_cell('study = page = prepared = out = ""',
                                           metadata={"tags": ["parameters"]}),
                 nbformat.v4.new_code_cell("from her2adc.page import Page\n"
                                           "report = Page(study, page, prepared, out)"),
                 nbformat.v4.new_code_cell(code),
                 nbformat.v4.new_code_cell("report.close()")]
        (folder / "notebooks").mkdir(exist_ok=True)
        for index, cell in enumerate(cells):
            cell["id"] = f"cell-{index}"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"notebooks/own{number}.ipynb")
    study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
    study["chapters"] = [f"own{number}" for number in range(len(codes))]
    (folder / "study.yml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")


def snapshot(folder: Path) -> dict[str, bytes]:
    """Bytes of every file below a folder."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}
