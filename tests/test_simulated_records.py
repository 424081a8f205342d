"""Records around simulated courses: what is drawn is what the parameters say, and the tables agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.agents import known, read
from her2adc.exposures import reason_of
from her2adc.simulate import (
    Simulation,
    SimulationParameters,
    adc_courses,
    adjuvant,
    adverse_events,
    before_adc,
    dated,
    diagnosed,
    her2_tests,
    last_doses,
    late_responses,
    lost,
    measurements,
    named,
    simulate,
    stacked,
    streams,
    written,
)
from her2adc.simulate.measurements import GENES
from her2adc.simulate.specimens import KINDS, MOVES
from her2adc.simulate.spelling import REASONS, SPELLINGS
from her2adc.simulate.therapies import REGIMENS
from her2adc.simulate.toxicity import FATAL_WITHIN, ILD, PROFILES, Event, Profile

ADCS = ("T-DXd", "SG")


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def history(study: Simulation, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patients with their diagnoses, and their lines before ADC1."""
    random = rng(seed)
    kinds = {"positive": ["first endocrine", "chemotherapy"], "negative": ["first chemotherapy"]}
    p = study.patients.assign(de_novo=random.random(len(study.patients)) < 0.3)
    plan = {i: kinds[h] for i, h in zip(p["patient_id"], p["hormone_receptor"], strict=True)}
    earlier = before_adc(plan, random, 0.5)
    return diagnosed(p, earlier, random), earlier


# --- periods and dates ---------------------------------------------------------------------------


def test_periods_are_one_study_numbered_by_first_dose() -> None:
    few = SimulationParameters(n=40, accrual=6.0)
    parts = {name: (simulate(few, i), i * 400) for i, name in enumerate(("early", "late"))}
    study = stacked(parts, "period", "X-")
    p = study.patients
    assert p["patient_id"].tolist() == [f"X-{i:03d}" for i in range(1, 81)]
    assert p["opening_day"].is_monotonic_increasing
    assert p["period"].value_counts().to_dict() == {"early": 40, "late": 40}
    assert (p.loc[p["period"] == "late", "opening_day"] >= 400).all()
    for table, whole in ((study.exposures, "exposures"), (study.assessments, "assessments")):
        assert len(table) == sum(len(getattr(part, whole)) for part, _ in parts.values())
        assert set(table["patient_id"]) <= set(p["patient_id"])
    # a patient keeps the own course: the first line starts on day 0 with the agent of the patient
    first = study.exposures[study.exposures["line"] == 1].set_index("patient_id")["agent"]
    assert (first.reindex(p["patient_id"]).to_numpy() == p["adc1"].astype(str).to_numpy()).all()


def test_one_part_of_a_recipe_does_not_move_another() -> None:
    assert streams(3, ["a", "b"])["b"].random() == streams(3, ["a", "b", "c"])["b"].random()
    assert streams(3, ["a", "b"])["a"].random() != streams(3, ["a", "b"])["b"].random()


def test_dates_of_days() -> None:
    table = pd.DataFrame({"patient_id": ["a", "b"], "start": [0, -31], "stop": [np.nan, 28.0]})
    found = dated(table, pd.Series({"a": 0, "b": 31}), pd.Timestamp("2024-01-01"), ["start", "stop"])
    assert found["start"].tolist() == ["2024-01-01", "2024-01-01"]
    assert found["stop"].tolist() == ["", "2024-02-29"]


def test_last_doses_and_late_responses_stay_in_their_lines() -> None:
    study = simulate(SimulationParameters(n=300), 1)
    e, a = study.exposures, study.assessments
    changed = last_doses(e, rng())
    ended = e["reason"].isin(["progression", "death"])
    back = (e["stop"] - changed["stop"])[ended]
    assert back.between(0, 14).all() and back.max() == 14
    assert (changed["stop"] > changed["start"])[ended & (e["stop"] > e["start"])].all()
    pd.testing.assert_series_equal(e["stop"][~ended], changed["stop"][~ended])
    late = late_responses(a, rng(), share=0.5)
    moved = a["response"] != late["response"]
    assert a.loc[moved, "response"].isin(["CR", "PR"]).all()
    assert set(late.loc[moved, "response"]) == {"SD", "PR"}
    lines = ["patient_id", "line"]
    shown = [t[t["response"].isin(["CR", "PR"])].groupby(lines).size() for t in (a, late)]
    assert shown[0].index.equals(shown[1].index)  # no line loses its response
    share = (shown[1] < shown[0])[shown[0] > 1].mean()
    assert share == pytest.approx(0.5, abs=0.12)


def test_lost_values() -> None:
    found = lost(pd.Series(range(20_000)), 0.2, rng())
    assert found.eq("").mean() == pytest.approx(0.2, abs=0.01)


# --- therapies -----------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_lines_before_the_first_adc(seed: int) -> None:
    a = ["first endocrine", "endocrine", *["chemotherapy"] * 3]
    rows = before_adc({"a": a, "b": ["first chemotherapy"], "c": []}, rng(seed), 0.5)
    assert set(rows["patient_id"]) == {"a", "b"}
    assert (rows["start"] < rows["stop"]).all() and (rows["stop"] < 0).all()
    spans = rows.groupby(["patient_id", "line"]).agg(start=("start", "min"), stop=("stop", "max"))
    assert spans.loc["a"].index.tolist() == [1, 2, 3, 4, 5]
    assert (spans.loc["a"]["start"].to_numpy()[1:] - spans.loc["a"]["stop"].to_numpy()[:-1] >= 7).all()
    drugs = rows[rows["patient_id"].eq("a") & rows["reason"].eq("progression")]["agents"].explode()
    assert drugs[drugs != "anastrozole"].is_unique
    last = rows.groupby(["patient_id", "line"])["reason"].last()
    assert last.eq("progression").all()
    with pytest.raises(ValueError, match="no first chemotherapy regimen is left"):
        before_adc({"a": ["first chemotherapy"] * 4}, rng(seed))


def test_diagnoses_come_before_all_therapy() -> None:
    study = simulate(SimulationParameters(n=200), 3)
    p, earlier = history(study, 3)
    first = p["patient_id"].map(earlier.groupby("patient_id")["start"].min())
    assert (first - p["metastatic"]).between(14, 45).all()
    assert (p["diagnosed"] <= p["metastatic"]).all()
    assert ((p["metastatic"] - p["diagnosed"] < 30) == p["de_novo"]).all()
    early = adjuvant(p[~p["de_novo"]], rng())
    relapse = early["patient_id"].map(p.set_index("patient_id")["metastatic"])
    assert (early["stop"] <= relapse).all() and (early["start"] < early["stop"]).all()
    assert set(early["type"]) == {"adjuvant", "neoadjuvant"}


def test_other_therapies_are_named_after_what_came_before() -> None:
    study = simulate(SimulationParameters(n=300, lines=6), 5)
    p, earlier = history(study, 5)
    lines = named(study.exposures, earlier, p.set_index("patient_id")["hormone_receptor"].astype(str), rng())
    whole = pd.concat([earlier, lines]).drop_duplicates(["patient_id", "line", "agents"])
    drugs = whole.explode("agents")
    assert not drugs[drugs["agents"] != "anastrozole"].duplicated(["patient_id", "agents"]).any()
    done = earlier.groupby("patient_id")["line"].max()
    first = lines[lines["start"].eq(0)].set_index("patient_id")
    assert (first["line"] == done.reindex(first.index) + 1).all()
    assert first["agents"].map(len).eq(1).all()


def test_every_name_is_known_to_the_dictionary() -> None:
    regimens = {drug for found in REGIMENS.values() for regimen in found for drug in regimen}
    for drug in regimens | set(SPELLINGS) | {"anastrozole", "epirubicin", "letrozole", "cyclophosphamide"}:
        (agent,) = read(drug).agents
        for text in SPELLINGS.get(drug, (drug,)):
            assert read(text).agents == (agent,), text
            assert not read(text).unknown
    assert {a.short for a in known().values()} >= {d for d in SPELLINGS if d[0].isupper()}
    for reason, texts in REASONS.items():
        assert {reason_of(t) for t in texts if t} == {reason}


def test_written_rows_hold_the_same_drugs() -> None:
    rows = pd.DataFrame({"agents": [("ribociclib", "letrozole"), ("SG",)] * 200, "reason": "progression"})
    apart, whole = (written(rows, rng(), apart=share) for share in (1.0, 0.0))
    assert len(apart) == 600 and len(whole) == 400
    assert whole["agent"].iloc[0::2].str.contains(" \\+ ").all()
    assert {a.name for text in apart["agent"] for a in read(text).agents} == {
        "ribociclib", "letrozole", "sacituzumab govitecan",
    }  # fmt: skip


# --- adverse events ------------------------------------------------------------------------------


def courses(n: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    study = simulate(SimulationParameters(n=n, toxicity=(0.016, 0.009), death_median=10.0), seed)
    lines = study.exposures.assign(agents=[(a,) for a in study.exposures["agent"]])
    return study.patients, adc_courses(lines, study.patients, ADCS)


def test_events_are_as_frequent_and_severe_as_their_profile() -> None:
    _, own = courses(6000)
    found = adverse_events(own, rng())
    sg = own[own["agent"].eq("SG") & own["reason"].ne("adverse event")]
    keys = ["patient_id", "start"]
    when = found.merge(sg[[*keys, "until"]], on="patient_id")
    when = when[when["onset"].between(when["start"], when["until"])]
    worst = when.groupby(["term", *keys])["grade"].max()
    for event in PROFILES["SG"].events:
        grades = worst.loc[event.term] if event.term in worst.index else pd.Series(dtype=int)
        assert len(grades) / len(sg) == pytest.approx(event.any_grade, abs=0.02), event.term
        assert grades.ge(3).sum() / len(sg) == pytest.approx(event.severe, abs=0.02), event.term
    # late events befall longer courses
    first = own[own["agent"].eq("T-DXd") & own["start"].eq(0)]
    ill = first["patient_id"].isin(found[found["term"].eq("LVEF decreased")]["patient_id"])
    share = ill.groupby(first["until"] > 120).mean()
    assert share[True] > 1.5 * share[False]


def test_what_was_done_about_events() -> None:
    p, own = courses(3000)
    found = adverse_events(own, rng())
    withdrawn = found[found["action"].eq("drug withdrawn")]
    assert len(withdrawn) == int(own["reason"].eq("adverse event").sum())
    assert withdrawn["grade"].ge(2).all() and withdrawn["related"].eq("yes").all()
    known_ = p.set_index("patient_id")
    last, death = (found["patient_id"].map(known_[c]) for c in ("last_contact", "death"))
    assert (found["onset"] >= 0).all() and (found["onset"] <= last).all()
    assert (found["resolved"].dropna() > found["onset"][found["resolved"].notna()]).all()
    assert (found["resolved"].dropna() <= last[found["resolved"].notna()]).all()
    fatal = found["grade"].eq(5)
    assert fatal.any()
    assert found.loc[fatal, "term"].eq(ILD).all() and found.loc[fatal, "serious"].eq("yes").all()
    assert (death - found["onset"])[fatal].between(0, FATAL_WITHIN).all()
    assert found.loc[found["grade"].eq(1), "serious"].eq("no").all()
    assert found.loc[found["term"].eq("Alopecia"), "action"].eq("none").all()
    assert found["grade"].between(1, 5).all()
    assert set(found["action"]) == {"none", "dose reduced", "interrupted", "drug withdrawn"}


def test_until_when_events_are_recorded() -> None:
    lines = pd.DataFrame({
        "patient_id": ["a", "a", "b"], "agents": [("T-DXd",), ("SG", "pembrolizumab"), ("SG",)],
        "start": [0, 110, 0], "stop": [100.0, 150.0, np.nan], "reason": "progression",
    })  # fmt: skip
    patients = pd.DataFrame({"patient_id": ["a", "b"], "last_contact": [170, 60], "death": [170.0, None]})
    assert adc_courses(lines, patients, ADCS)["until"].tolist() == [109.0, 170.0, 60.0]


def test_profiles_are_shares() -> None:
    for profile in PROFILES.values():
        assert sum(profile.withdrawn_for.values()) == pytest.approx(1.0)
        for event in profile.events:
            assert 0 <= event.severe <= event.any_grade <= 1
    nothing = {"other": Profile((Event("Nausea", 0.5),), {"Nausea": 1.0})}
    _, own = courses(50)
    assert set(adverse_events(own, rng(), nothing)["term"]) == {"Nausea"}


# --- specimens and markers -----------------------------------------------------------------------


def test_chances_of_the_next_score_sum_to_one() -> None:
    for moves in MOVES.values():
        assert set(moves) == {"0", "1+", "2+", "3+"}
        assert all(sum(chances.values()) == pytest.approx(1.0) for chances in moves.values())


def test_specimens_in_order_and_with_ish_where_it_decides() -> None:
    study = simulate(SimulationParameters(n=2000), 2)
    p, _ = history(study, 2)
    found = her2_tests(p, rng())
    assert set(found["specimen"]) == set(KINDS)
    assert not found.duplicated(["patient_id", "specimen"]).any()
    assert ((found["ish"] != "") == found["ihc"].eq("2+")).all()
    wide = found.pivot_table(index="patient_id", columns="specimen", values="date")
    own = p.set_index("patient_id").loc[wide.index]
    assert (wide["primary"] == own["diagnosed"]).all()
    before, after = wide["before ADC1"].dropna(), wide["after ADC1"].dropna()
    assert (before < 0).all() and (before >= own.loc[before.index, "metastatic"]).all()
    assert (after >= own.loc[after.index, "progression1"]).all()
    assert not (after >= own.loc[after.index, "next_start"]).any()
    assert (wide["after ADC2"] > own["adc2_start"])[wide["after ADC2"].notna()].all()
    score = found[found["specimen"].eq("before ADC1")].set_index("patient_id")["ihc"]
    assert (score == own.loc[score.index, "her2_ihc"].astype(str)).all()
    # an ADC of HER2 takes more of it away
    low = found[found["specimen"].eq("after ADC1")].set_index("patient_id")
    low = low[own.loc[low.index, "her2_ihc"].eq("1+").to_numpy()]
    gone = low["ihc"].eq("0").groupby(own.loc[low.index, "adc1"].astype(str)).mean()
    assert gone["T-DXd"] == pytest.approx(0.45, abs=0.09)
    assert gone["SG"] == pytest.approx(0.27, abs=0.09)


def test_markers_are_as_frequent_as_asked_and_as_prognostic() -> None:
    p = simulate(SimulationParameters(n=6000), 4).patients
    found = measurements(p, rng(), before=(1.0, 1.0), after=(1.0, 1.0))
    own = p.set_index("patient_id")
    first = found[found["date"] < 0]
    positive = own["hormone_receptor"].eq("positive").reindex(first["patient_id"]).to_numpy()
    for gene in GENES:
        mine = first["marker"].eq(gene.gene) & first["value"].eq(gene.value)
        for rows, share in ((positive, gene.positive), (~positive, gene.negative)):
            n = first[rows]["patient_id"].nunique()
            # the mean chance over patients is nearer to one half than the chance of the average one
            wide = 0.06 if gene.prognosis else 0.025
            assert (mine & rows).sum() / n == pytest.approx(share, abs=wide), gene.gene
    for name, low, high in (("TP53", 0.1, 0.5), ("ESR1", -0.03, 0.03)):
        mutated = first[first["marker"].eq(name) & first["value"].eq("mutated")]["patient_id"]
        assert low < own["frailty"].reindex(mutated).mean() < high
    assert (found["date"] <= found["patient_id"].map(own["last_contact"])).all()


def test_trop2_goes_with_nothing_and_falls_after_an_adc_of_trop2() -> None:
    p = simulate(SimulationParameters(n=6000), 4).patients
    own = p.set_index("patient_id")
    found = measurements(p, rng(), before=(0.0, 1.0), after=(0.0, 1.0))
    found = found[found["value"] != "failed"].assign(value=lambda t: t["value"].astype(float))
    assert set(found["marker"]) == {"TROP2 H-score"} and found["value"].between(0, 300).all()
    first = found[found["date"] < 0].set_index("patient_id")["value"]
    assert abs(np.corrcoef(first, own["frailty"].reindex(first.index))[0, 1]) < 0.04
    second = found["patient_id"].map(own["adc2_start"]).fillna(np.inf)
    between = found[found["date"].gt(0) & (found["date"] < second)].set_index("patient_id")["value"]
    both = between.index.intersection(first.index)
    fall = (first[both] - between[both]).groupby(own.loc[both, "adc1"].astype(str)).mean()
    assert fall["SG"] > 30 and abs(fall["T-DXd"]) < 5


def test_nobody_tested() -> None:
    p = simulate(SimulationParameters(n=30), 4).patients
    assert measurements(p, rng(), before=(0.0, 0.0), after=(0.0, 0.0)).empty
