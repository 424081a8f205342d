"""A small made-up study, written to a folder; tests change a file or a key of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

PATIENTS = pd.DataFrame(
    {
        "patient_id": [f"P{i:02d}" for i in range(1, 13)],
        "age": [44, 51, 63, 70, 38, 55, 61, 49, 72, 58, 66, 47],
        "liver": ["yes", "no"] * 6,
        "her2_ihc": ["1+", "2+", "2+", "3+", "IHC 3+", "1+", "0", "2", "3 +", "1+", "2+", "3+"],
        "her2_ish": ["", "not amplified", "FISH-", "", "", "", "", "amplified", "", "", "", ""],
        "start": ["2023-01-10"] * 12,
        "progression": [
            "2023-03-10",
            "",
            "2023-06-01",
            "",
            "",
            "2023-04-15",
            "",
            "2023-08-20",
            "",
            "2023-05-05",
            "",
            "2023-12-01",
        ],
        "last_seen": [
            "2023-03-10",
            "2023-09-01",
            "2023-06-01",
            "2024-01-15",
            "2023-11-11",
            "2023-04-15",
            "2023-10-10",
            "2023-08-20",
            "2024-02-02",
            "2023-05-05",
            "2023-07-07",
            "2023-12-01",
        ],
    }
)
ASSESSMENTS = pd.DataFrame(
    [(p, "2023-03-01", r) for p, r in zip(PATIENTS["patient_id"], ["PD", "PR", "SD", "PR"] * 3, strict=True)],
    columns=["patient_id", "date", "response"],
)
EVENTS = pd.DataFrame(
    {
        "patient_id": ["P01", "P02", "P02", "P04"],
        "term": ["Nausea", "Nausea", "Neutropenia", "ILD"],
        "grade": [1, 3, 4, 2],
        "onset": ["2023-02-01"] * 4,
        "related": ["yes"] * 4,
        "action": ["none", "none", "dose reduced", "drug withdrawn"],
    }
)
STUDY: dict[str, Any] = {
    "title": "A small study",
    "short_title": "Small",
    "question": "Does it work?",
    "design": "Made up for a test",
    "data_kind": "simulated",
    "data": {
        "patients": "patients.csv",
        "assessments": "assessments.csv",
        "adverse_events": "adverse_events.csv",
    },
    "her2": {"edition": 2018, "analysed": ["HER2-low", "HER2-positive"]},
    "variables": {
        "age": {"label": "Age", "unit": "years", "minimum": 18, "maximum": 110},
        "age_60": {"label": "Age", "from": "age", "cut": [60]},
        "liver": {"label": "Liver metastasis", "levels": "yes_no"},
    },
    "baseline": {"variables": ["age", "liver"]},
    "endpoints": {
        "PFS": {
            "label": "Progression-free survival",
            "definition": "from start to progression",
            "start": "start",
            "events": "progression",
            "censor": "last_seen",
            "landmarks": [6],
        }
    },
    "main_endpoint": "PFS",
    "follow_up": {"start": "start", "end": "last_seen"},
    "response": {"start": "start"},
    "subgroups": ["age_60", "liver"],
    "chapters": [
        "cohort",
        {"notebook": "survival", "page": "pfs", "title": "PFS", "parameters": {"endpoint": "PFS"}},
    ],
}


def write_study(
    root: Path,
    name: str = "small",
    *,
    study: dict[str, Any] | None = None,
    patients: pd.DataFrame = PATIENTS,
    assessments: pd.DataFrame = ASSESSMENTS,
) -> Path:
    """Write the study to ``root/name`` and return that folder."""
    folder = root / name
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "study.yml").write_text(
        yaml.safe_dump({**STUDY, **(study or {})}, sort_keys=False), encoding="utf-8"
    )
    patients.to_csv(folder / "data" / "patients.csv", index=False)
    assessments.to_csv(folder / "data" / "assessments.csv", index=False)
    EVENTS.to_csv(folder / "data" / "adverse_events.csv", index=False)
    return folder
