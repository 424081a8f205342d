"""What the README says is true: its study file loads and runs on a table of that shape."""

import re
from pathlib import Path

import pandas as pd

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_study_file_of_the_readme(tmp_path):
    text = re.search(r"```yaml\n(.+?)```", README, re.S)[1]
    (tmp_path / "ours" / "data").mkdir(parents=True)
    (tmp_path / "ours" / "study.yml").write_text(text, encoding="utf-8")
    pd.DataFrame({"patient_id": ["A", "B"], "age": [50, 60], "liver": ["yes", "no"], "her2_ihc": ["3+", "1+"],
                  "her2_ish": ["", ""], "start": ["2024-01-01"] * 2, "progression": ["2024-03-01", ""],
                  "death": ["", ""], "last_seen": ["2024-03-01", "2024-06-01"]},
                 ).to_excel(tmp_path / "ours" / "data" / "cohort.xlsx", index=False)
    cohort = prepare_cohort(load_study(tmp_path / "ours"))
    assert cohort.data["her2_class"].tolist() == ["HER2-positive", "HER2-low"]
    assert text.count("\n") <= 14


def test_files_and_targets_named_are_there():
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake (\w+)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.M), target
