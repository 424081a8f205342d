"""Whether git holds data of real patients."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from her2adc.config.places import file_names

TABLE = re.compile(r"\.(xls[xmb]?|ods|csv|tsv|z?sav|dta|sas7bdat|xpt|parquet|feather|rds|rdata|zip)$", re.I)
PSEUDO = ("reconstructed", "simulated")
APART = ("tests", "src")
"""What lies there is made up, and reviewed as such."""


def privacy_problems(root: Path = Path()) -> list[str]:
    """Say which files in git are, or may be, data of real patients.

    Parameters
    ----------
    root
        The repository.

    Returns
    -------
    list of str
        One line a file; empty when there is none, or when this is no git repository.
    """
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    if listed.returncode:
        return []
    names = [Path(name) for name in listed.stdout.decode("utf-8", "surrogateescape").split("\0") if name]
    names = [name for name in names if name.parts[0] not in APART]
    found = []
    for name in names:
        folder = next((f for f in name.parents if (root / f / "study.yml").is_file()), None)
        if reason := _reason(name, folder, _study(root / folder / "study.yml") if folder else {}):
            found.append(f"{name}: {reason}; to take it out: git rm --cached '{name}', and before a push "
                         "also out of the commits that hold it")
    return found


def _reason(name: Path, folder: Path | None, study: dict[str, Any]) -> str:
    """Say why a file may not be in git; "" when it may."""
    in_data = len(name.parts) > 3 and name.parts[0] == "studies" and name.parts[2] == "data"
    if folder is None:
        return "is data of no study that is known here" if in_data or TABLE.search(name.name) else ""
    if study.get("data_kind") in PSEUDO:
        return ""
    data = part if isinstance(part := study.get("data"), dict) else {}
    place = folder / str(data.get("folder", "data"))
    named = {place / file for file in file_names(study)}
    if in_data or name in named or place in name.parents or TABLE.search(name.name):
        return f"belongs to {folder}, whose patients are real"
    return ""


def _study(file: Path) -> dict[str, Any]:
    """Read a study file; one that cannot be read counts as of real patients."""
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        raw = None
    return raw if isinstance(raw, dict) else {}
