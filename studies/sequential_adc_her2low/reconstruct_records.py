"""Records around the simulated courses: other ADCs, history, therapies, and what is odd about them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from her2adc.simulate import adjuvant, before_adc, diagnosed, last_doses, named

# what a simulated ADC is in the records, with the chance of each, by its place in the sequence
AGENTS: Mapping[tuple[str, int], Mapping[str, float]] = {
    ("T-DXd", 1): {"T-DXd": 0.95, "DV": 0.03, "T-DM1": 0.02},
    ("SG", 1): {"SG": 0.93, "sac-TMT": 0.04, "Dato-DXd": 0.03},
    ("T-DXd", 2): {"T-DXd": 0.84, "DV": 0.07, "T-DM1": 0.02, "Dato-DXd": 0.03, "sac-TMT": 0.04},
    ("SG", 2): {"SG": 0.80, "sac-TMT": 0.08, "Dato-DXd": 0.06, "DV": 0.06},
}
THIRD, SHARE_THIRD = ("Dato-DXd", "sac-TMT", "DV"), 0.15
AGES = {"<50": (29, 50), "50-64": (50, 65), "65+": (65, 85)}
LINES = {"0-1": {0: 0.2, 1: 0.8}, "2": {2: 1.0}, "3+": {3: 0.55, 4: 0.30, 5: 0.15}}
HISTOLOGY = {"positive": {"ductal": 0.82, "lobular": 0.13, "other": 0.05},
             "negative": {"ductal": 0.90, "lobular": 0.02, "other": 0.08}}  # fmt: skip
SHARE_DE_NOVO, SHARE_BRAIN, SHARE_BONE, MAINTENANCE, SHARE_COMBINED = 0.25, 0.12, 0.60, 0.25, 0.12
# assessed, and not analysed: HER2 before the first ADC
OUT = {"zero": 20, "positive": 8, "no ISH": 5}
DOUBLED, OVERLAPS, TOUCHING, UNENDED = 4, 5, 5, 4
ADCS = frozenset(name for chances in AGENTS.values() for name in chances)
OTHER = "other therapy"


def pick(chances: Mapping[str, float], rng: np.random.Generator) -> str:
    """Draw one of several names by their chances."""
    return str(rng.choice(list(chances), p=list(chances.values())))


def other_adcs(
    patients: pd.DataFrame, exposures: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let some of the two ADCs be others, and some late therapies a third ADC."""
    p, e = patients.copy(), exposures.copy()
    agent = e["agent"].astype(str).to_numpy(dtype=object)
    for column, place in (("adc1", 1), ("adc2", 2)):
        had = [None if pd.isna(a) else str(a) for a in p[column]]
        now = {i: pick(AGENTS[a, place], rng) for i, a in zip(p["patient_id"], had, strict=True) if a}
        old = dict(zip(p["patient_id"], had, strict=True))
        for row, (patient, line) in enumerate(zip(e["patient_id"], e["line"], strict=True)):
            if old[patient] == exposures["agent"].iloc[row] and (line == 1) == (place == 1):
                agent[row] = now[patient]
        p[column] = p["patient_id"].map(now).astype(object)
    second = e["patient_id"].map(p.set_index("patient_id")["adc2_start"])
    late = (agent == OTHER) & (e["start"] > second).to_numpy() & (rng.random(len(e)) < SHARE_THIRD)
    used = {i: set() for i in p["patient_id"]}
    for row, patient in enumerate(e["patient_id"]):
        free = [a for a in THIRD if a not in used[patient]]
        if late[row] and free:
            agent[row] = str(rng.choice(free))
        used[patient].add(agent[row])
    return p, e.assign(agent=agent)


def history(
    patients: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Age, sites and earlier lines of each patient, and the kinds of these lines; scores of the excluded."""
    p = patients.copy()
    p["age"] = [int(rng.integers(*AGES[g])) for g in p["age_group"]]
    p["prior_lines"] = [int(pick({str(k): v for k, v in LINES[g].items()}, rng)) for g in p["previous_lines"]]
    p["histology"] = [pick(HISTOLOGY[h], rng) for h in p["hormone_receptor"]]
    for column, share in (("de_novo", SHARE_DE_NOVO), ("brain", SHARE_BRAIN), ("bone", SHARE_BONE)):
        p[column] = rng.random(len(p)) < share
    p["her2_ihc"] = p["her2_ihc"].astype(str)
    p["out"] = ""
    rows = iter(rng.permutation(p.index))
    for why, count in OUT.items():
        mine = [next(rows) for _ in range(count)]
        p.loc[mine, "out"] = why
        p.loc[mine, "her2_ihc"] = {"zero": "0", "positive": "3+", "no ISH": "2+"}[why]
    receptors = zip(p["patient_id"], p["hormone_receptor"], p["prior_lines"], strict=True)
    return p, {patient: _kinds(str(receptor), n, rng) for patient, receptor, n in receptors}


def _kinds(receptor: str, n: int, rng: np.random.Generator) -> list[str]:
    """Usual kinds of the lines before the first ADC."""
    if receptor == "negative":
        return ["first chemotherapy", *["chemotherapy"] * (n - 1)][:n]
    second = "endocrine" if n > 1 and rng.random() < 0.5 else "chemotherapy"
    return ["first endocrine", second, *["chemotherapy"] * (n - 2)][:n]


def therapies(
    patients: pd.DataFrame,
    exposures: pd.DataFrame,
    plan: dict[str, list[str]],
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Patients with their diagnoses, lines from the first ADC on, and all therapies there are."""
    earlier = before_adc(plan, rng, MAINTENANCE)
    p = diagnosed(patients, earlier, rng)
    receptor = p.set_index("patient_id")["hormone_receptor"].astype(str)
    lines = _combined(last_doses(named(exposures, earlier, receptor, rng), rng), receptor, rng)
    early = adjuvant(p[~p["de_novo"]], rng)
    return p, lines, pd.concat([early, earlier, lines, _beside(p, rng)], ignore_index=True)


def _combined(lines: pd.DataFrame, receptor: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Immunotherapy beside some courses of SG in triple-negative disease."""
    sg = lines["agents"].map(lambda a: a == ("SG",)) & lines["patient_id"].map(receptor).eq("negative")
    both = sg & (rng.random(len(lines)) < SHARE_COMBINED)
    agents = [("SG", "pembrolizumab") if b else a for a, b in zip(lines["agents"], both, strict=True)]
    return lines.assign(agents=pd.Series(agents, lines.index))


def _beside(p: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Drugs that make no line: for bones in those with bone metastasis, growth factors under SG."""
    drug = rng.choice(["denosumab", "zoledronic acid"], len(p))
    bone = pd.DataFrame({"patient_id": p["patient_id"], "agents": [(str(d),) for d in drug]})
    bone = bone.assign(start=p["metastatic"] + 30, stop=p["last_contact"], reason="", type="supportive")
    factor = bone.assign(agents=[("pegfilgrastim",)] * len(p), start=2, stop=p["adc1_stop"].clip(upper=90))
    given = p["adc1"].eq("SG") & (rng.random(len(p)) < 0.3) & p["adc1_stop"].gt(2)
    return pd.concat([bone[p["bone"]], factor[given]], ignore_index=True)


def irregular(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Make a few rows double, overlapping, in two parts, or without an end, as records are."""
    rows = rows.sort_values(["patient_id", "start", "agent"], kind="stable", ignore_index=True)
    order = ["patient_id", "agent", "start", "stop", "reason", "type", "line"]
    last = rows["line"].eq(rows.groupby("patient_id")["line"].transform("max"))
    alone = rows.groupby(["patient_id", "line"])["agent"].transform("size").eq(1)
    usable = rows["line"].notna() & ~last & alone & rows["stop"].notna()
    far = rows["stop"] - rows["start"] > 60
    adcs = rows.index[usable & far & rows["start"].ge(0)]
    chosen = rng.choice(adcs, OVERLAPS + TOUCHING + DOUBLED, replace=False)
    overlap, parts, double = np.split(chosen, [OVERLAPS, OVERLAPS + TOUCHING])
    before = rows.index[usable & rows["start"].lt(0) & rows["line"].add(1).eq(
        rows["patient_id"].map(rows[rows["start"].eq(0)].groupby("patient_id")["line"].min()))]  # fmt: skip
    ended = rng.choice(before, UNENDED, replace=False)
    following = rows[rows["line"].notna()].groupby(["patient_id", "line"])["start"].min()
    after = [following[rows["patient_id"][i], rows["line"][i] + 1] for i in overlap]
    rows.loc[overlap, "stop"] = np.array(after) + rng.integers(2, 13, OVERLAPS)
    rows.loc[ended, ["stop", "reason"]] = [np.nan, ""]
    second = rows.loc[parts].copy()
    middle = np.floor((second["start"] + second["stop"]) / 2)
    rows.loc[parts, "stop"], rows.loc[parts, "reason"] = middle, ""
    more = [second.assign(start=middle + 1), rows.loc[double]]
    whole = pd.concat([rows, *more]).sort_values(["patient_id", "start", "agent"], kind="stable")
    return whole[order].reset_index(drop=True)


def screened_out(tests: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    """Specimens of the patients who are not HER2-low: some positive by ISH alone, some without ISH."""
    why = tests["patient_id"].map(patients.set_index("patient_id")["out"])
    before = tests["specimen"].isin(["primary", "before ADC1"])
    tests = tests[~(why.eq("no ISH") & tests["specimen"].eq("before ADC1"))].copy()
    open_ = why.eq("no ISH") & before
    tests.loc[open_ & tests["specimen"].eq("primary"), ["ihc", "ish"]] = ["2+", ""]
    positive = patients.loc[patients["out"].eq("positive"), "patient_id"].iloc[::2]
    by_ish = tests["patient_id"].isin(positive) & before
    tests.loc[by_ish, ["ihc", "ish"]] = ["2+", "amplified"]
    return tests.reset_index(drop=True)
