"""How a test runs a build of the book."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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


def build(root: Path, *arguments: str) -> Built:
    """Run a build in a tree like the repository, with the package of that tree."""
    environment = {**os.environ, "PYTHONPATH": str(root / "src"),
                   "JUPYTER_PATH": str(Path(sys.prefix) / "share/jupyter")}
    run = subprocess.run([sys.executable, "-m", "her2adc.build", "book", *arguments], cwd=root,
                         capture_output=True, text=True, env=environment, check=False)
    return Built(run.returncode, run.stdout + run.stderr)
