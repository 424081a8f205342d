"""A made-up study with biomarkers, written to a folder. No patient is real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

DAY = pd.Timestamp("2021-01-01")
GENES = {"ESR1": (0.30, 0.25), "PIK3CA": (0.35, 0.05), "ERBB2": (0.06, 0.06), "TP53": (0.40, 0.05)}
"""Chance to be altered before, and to be gained by who is tested again."""
STUDY: dict[str, Any] = {
    "title": "A made-up study of biomarkers",
    "short_title": "Markers",
    "question": "Which markers go with progression?",
    "design": "Made up for a test",
    "data_kind": "simulated",
    "data": {
        "patients": "patients.csv",
        "her2_tests": "her2_tests.csv",
        "biomarkers": "biomarkers.csv",
    },
    "her2": {"table": "her2_tests", "specimen": ["metastasis"], "pick": "earliest", "ihc": ["ihc"],
             "ish": ["ish"]},
    "group": "arm",
    "variables": {
        "age": {"label": "Age", "unit": "years"},
        "arm": {"label": "First ADC", "levels": ["T-DXd", "SG"]},
        "ki67": {"label": "Ki-67", "unit": "%"},
    },
    "baseline": {"variables": ["age"]},
    "endpoints": {
        "PFS": {"label": "Progression-free survival", "definition": "from ADC1 to progression or death",
                "start": "adc1_start", "events": ["progression", "death"], "censor": "last_seen"},
    },
    "main_endpoint": "PFS",
    "response": {"column": "best"},
    "biomarkers": {
        "time_points": {
            "before": {"label": "Before ADC1", "until": "adc1_start"},
            "between": {"label": "Between ADC1 and ADC2", "since": "adc1_start", "until": "adc2_start"},
            "after": {"label": "After ADC2", "since": "adc2_start"},
        },
        "markers": {
            "trop2": {"label": "TROP2", "from": ["TROP2 H-score"], "unit": "points", "cut": [100, 200],
                      "cut_source": "the assay's manual", "minimum": 0, "maximum": 300,
                      "values": {"negative": 0}, "missing": ["failed"]},
            "tmb": {"label": "Tumour mutational burden", "unit": "mutations/Mb", "transformation": "log2",
                    "offset": 1},
            "ki67": {"label": "Ki-67", "variable": "ki67", "unit": "%", "data_driven": False},
        },
        "genes": list(GENES),
        "altered": {"Mutation": ["mutated"], "Amplification": ["amplified"]},
        "adjustment": ["age"],
        "resistance": "progression",
        "permutations": 199,
        "replicates": 50,
        "remark": {"specimen": "Formalin-fixed biopsies of metastases"},
    },
    "chapters": ["biomarkers"],
}  # fmt: skip


def tables(n: int = 150, seed: int = 5) -> dict[str, pd.DataFrame]:
    """Return patients, specimens and measurements; TROP2 lowers the hazard, ESR1 raises it."""
    rng = np.random.default_rng(seed)
    ids = [f"P{i:03d}" for i in range(1, n + 1)]
    trop2 = np.clip(np.round(rng.normal(150, 80, n)), 0, 300)
    before = {g: rng.random(n) < p for g, (p, _) in GENES.items()}
    hazard = np.exp(-0.006 * (trop2 - 150) + 0.7 * before["ESR1"])
    start = DAY + pd.to_timedelta(rng.integers(0, 700, n), unit="D")
    fail = np.maximum(1, np.round(rng.exponential(280 / hazard))).astype(int)
    seen = rng.integers(60, 900, n)
    event, end = fail <= seen, np.minimum(fail, seen)
    dead = event & (rng.random(n) < 0.2)
    stop = pd.Series(start + pd.to_timedelta(end, unit="D"))
    second = stop + pd.to_timedelta(rng.integers(7, 40, n), unit="D")
    second = second.where(pd.Series(event & ~dead & (rng.random(n) < 0.7)))
    best = np.where(rng.random(n) < 0.35 + trop2 / 800, "PR", "SD")
    best = np.where(event & (rng.random(n) < 0.25), "PD", best)
    patients = pd.DataFrame({
        "patient_id": ids, "age": rng.integers(32, 80, n), "arm": rng.choice(["T-DXd", "SG"], n),
        "ki67": np.where(rng.random(n) < 0.1, np.nan, rng.integers(2, 80, n)), "adc1_start": start,
        "adc2_start": second, "progression": stop.where(pd.Series(event & ~dead)),
        "death": stop.where(pd.Series(dead)), "last_seen": stop, "best": best,
    })  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    tests: list[tuple[Any, ...]] = []
    for i, p in enumerate(ids):
        day = start[i] - pd.Timedelta(days=int(rng.integers(0, 60)))
        ihc = rng.choice(["0", "1+", "2+"], p=[0.3, 0.45, 0.25])
        tests.append((p, "metastasis", day, ihc, "not amplified"))
        if rng.random() < 0.9:
            rows.append((p, "TROP2 H-score", day, "failed" if rng.random() < 0.04 else f"{trop2[i]:g}"))
        if rng.random() < 0.6:
            rows.append((p, "tmb", day, f"{rng.gamma(2, 2):.1f}"))
        if rng.random() < 0.8:
            kinds = {g: "amplified" if g == "ERBB2" else "mutated" for g in GENES}
            rows += [(p, g, day, kinds[g] if before[g][i] else "wild type") for g in GENES]
        if event[i] and not dead[i] and rng.random() < 0.5:
            again = stop[i] + pd.Timedelta(days=2)
            ihc = rng.choice(["0", "1+", "2+"], p=[0.45, 0.4, 0.15])
            tests.append((p, "metastasis", again, ihc, "not amplified"))
            for g, (_, gain) in GENES.items():
                rest = "not tested" if rng.random() < 0.05 else "wild type"
                rows.append((p, g, again, "mutated" if before[g][i] or rng.random() < gain else rest))
    names = ["patient_id", "specimen", "date", "ihc", "ish"]
    return {
        "patients": patients,
        "her2_tests": pd.DataFrame(tests, columns=names),
        "biomarkers": pd.DataFrame(rows, columns=["patient_id", "marker", "date", "value"]),
    }


def write_study(root: Path, *, found: dict[str, pd.DataFrame] | None = None, **changes: Any) -> Path:
    """Write the study to ``root/markers`` and return that folder; ``changes`` are keys of ``biomarkers``."""
    folder = root / "markers"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    text = {**STUDY, "biomarkers": {**STUDY["biomarkers"], **changes}}
    (folder / "study.yml").write_text(yaml.safe_dump(text, sort_keys=False), encoding="utf-8")
    for name, table in (tables() if found is None else found).items():
        table.to_csv(folder / "data" / f"{name}.csv", index=False, date_format="%Y-%m-%d")
    return folder
