"""Cases of the build: any folder name; data files of the package."""

import shutil
from pathlib import Path

from her2adc.__main__ import main
from her2adc.build.keys import keys
from her2adc.build.plan import make_plan

CASES = Path(__file__).parent


def test_2024_TDXd(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "studies/2024_TDXd"
    shutil.copytree(CASES / "2024_TDXd", folder)
    assert main(["validate", str(folder)]) == 0
    assert "2024_TDXd (id s_2024_tdxd): no problem found" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert [s.shown for s in make_plan(["2024_TDXd"]).studies] == ["2024_TDXd (id s_2024_tdxd)"]


def test_agents_stale(tmp_path, monkeypatch):
    root = CASES.parents[1]
    shutil.copytree(root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(CASES / "2024_TDXd", tmp_path / "studies/any")
    monkeypatch.chdir(tmp_path)
    before = keys(make_plan())
    path = tmp_path / "src/her2adc/agents.yml"
    text = path.read_text(encoding="utf-8").replace("short: T-DXd", "short: DS-8201a")
    path.write_text(text, encoding="utf-8")
    after = keys(make_plan())
    assert before.keys() == after.keys() and not set(before.values()) & set(after.values())
