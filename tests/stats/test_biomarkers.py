"""Statistics of biomarkers against R, by hand, and by what must not matter."""

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from her2adc.columns import cut as cut_levels
from her2adc.config import Biomarkers, Marker, Study, Variable
from her2adc.results import one, select
from her2adc.stats import (
    alterations,
    biomarker_models,
    biomarkers,
    cutpoint,
    optimism,
    spline_basis,
    splines,
)
from her2adc.stats.cutpoint_rows import cutpoint as cutpoint_rows

from .conftest import GOLDEN, close, number

ALTERED = pd.CategoricalDtype(["Wild type", "Altered"], ordered=True)


@cache
def golden_table():
    table = pd.read_csv(GOLDEN / "biomarkers.csv", dtype=str, keep_default_na=False)
    return table.assign(value=table["value"].map(number))


def golden(case, statistic, level=None):
    table = golden_table()
    found = table[table["case"].eq(case) & table["statistic"].eq(statistic)]
    found = found if level is None else found[found["level"].eq(str(level))]
    assert len(found), f"no golden {case} {statistic} {level}"
    return found["value"].to_numpy()


@pytest.fixture(scope="module")
def veteran():
    data = pd.read_csv(GOLDEN / "veteran.csv").rename(columns={"time": "OS_time", "event": "OS_event"})
    data = data.sort_values(["karno", "OS_time", "OS_event"]).reset_index(drop=True)
    return data.assign(test=data["trt"].eq("test").astype(float))


@pytest.fixture(scope="module")
def gbsg():
    data = pd.read_csv(GOLDEN / "gbsg.csv")
    return data.assign(OS_time=data["rfstime"], OS_event=data["status"].eq(1))


def check_spline(found, case, at):
    close(found.knots, golden(case, "knot"))
    for statistic in ("p_value", "p_nonlinear"):
        close(one(found.rows, statistic=statistic)["value"], golden(case, statistic), label=statistic)
    close(found.reference, golden(case, "reference"))
    grid = found.curve["value"].to_numpy()
    places = [int(np.abs(grid - v).argmin()) for v in at]
    for column in ("ratio", "conf_low", "conf_high"):
        wanted = [golden(case, column, v)[0] for v in at]
        close(found.curve[column].to_numpy()[places], wanted, label=column)


def on_grid(monkeypatch, at):
    monkeypatch.setattr(splines.np, "linspace", lambda a, b, n, real=np.linspace: (
        np.union1d(real(a, b, n), at) if n == 121 else real(a, b, n)))


# ---- splines ------------------------------------------------------------------------------------------


def test_basis_and_knots_agree_with_r(veteran):
    for case, rows, number_of in (("veteran.age4", veteran, 4), ("veteran.small", veteran.iloc[::2], 4),
                                  ("veteran.age3.adjusted", veteran, 3)):
        values = rows["age"].to_numpy(dtype=float)
        knots = spline_basis.knots_of(values, number_of)
        close(knots, golden(case, "knot"))
        made = spline_basis.basis(values, knots)
        for j in range(number_of - 1):
            close(made[:5, j], golden(case, f"basis{j + 1}"))


def test_cox_splines_agree_with_r(veteran, gbsg, monkeypatch):
    on_grid(monkeypatch, [0, 3, 6, 9, 40, 45, 50, 60, 65, 70])
    check_spline(splines.cox_spline(veteran, "OS", "age"), "veteran.age4", (40, 50, 60, 70))
    adjusted = splines.cox_spline(veteran, "OS", "age", ["test", "karno"], knots=3)
    check_spline(adjusted, "veteran.age3.adjusted", (40, 60, 70))
    check_spline(splines.cox_spline(veteran.iloc[::2], "OS", "age"), "veteran.small", (45, 65))
    data = gbsg.assign(pgr=np.log2(gbsg["pgr"] + 1))
    check_spline(splines.cox_spline(data, "OS", "pgr"), "gbsg.pgr4", (0, 3, 6, 9))


def test_logistic_spline_agrees_with_r(monkeypatch):
    on_grid(monkeypatch, [100, 130, 180])
    data = pd.read_csv(GOLDEN / "birthwt.csv").assign(low=lambda d: d["low"].eq(1))
    data["lwt"] = data["lwt"].astype(float)
    found = splines.logistic_spline(data, "low", "lwt", ["smoke"])
    check_spline(found, "birthwt.lwt4", (100, 130, 180))


def test_spline_is_linear_beyond_its_knots():
    knots = (1.0, 4.0, 7.0, 10.0)
    for beyond in (np.array([-5.0, -2.0, 1.0]), np.array([10.0, 15.0, 20.0])):
        made = spline_basis.basis(beyond, knots)
        close(made[1] - made[0], made[2] - made[1], atol=1e-9)


@pytest.mark.parametrize(("values", "why"), [
    ([5.0] * 40, "too few"), ([1.0, 2.0] * 20, "too few"), ([np.nan] * 40, "too few"),
])
def test_no_spline_without_values(values, why):
    data = pd.DataFrame({"m": values, "OS_time": np.arange(1.0, 41), "OS_event": True})
    data = data.assign(pcr=[True, False] * 20)
    for found in (splines.cox_spline(data, "OS", "m"), splines.logistic_spline(data, "pcr", "m")):
        assert found.curve.empty and found.knots == ()
        assert found.rows["method"].str.contains(why).all() and found.rows["value"].isna().all()


def test_no_curve_of_few_events():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"m": rng.normal(size=40), "OS_time": rng.exponential(size=40)})
    data = data.assign(OS_event=data.index < 19, pcr=data.index < 21, all=data.index < 20)
    cox, logistic = splines.cox_spline, splines.logistic_spline
    for made in (cox(data, "OS", "m", least=20), logistic(data, "pcr", "m", least=20)):
        assert made.curve.empty and "fewer than 20" in made.rows["method"].iloc[0]
    assert len(splines.logistic_spline(data, "all", "m", least=20).curve)


def test_no_spline_without_events_or_with_separation():
    rng = np.random.default_rng(1)
    m = rng.normal(size=60)
    data = pd.DataFrame({"m": m, "OS_time": rng.exponential(size=60), "OS_event": False, "pcr": m > 0})
    assert "no events" in splines.cox_spline(data, "OS", "m").rows["method"].iloc[0]
    assert "separated" in splines.logistic_spline(data, "pcr", "m").rows["method"].iloc[0]
    data = data.assign(pcr=True)
    assert "one outcome" in splines.logistic_spline(data, "pcr", "m").rows["method"].iloc[0]
    monotone = data.assign(OS_time=-m + 10, OS_event=True)
    assert "monotone" in splines.cox_spline(monotone, "OS", "m").rows["method"].iloc[0]


# ---- cut-offs that the data choose -----------------------------------------------------------------------


def test_largest_statistic_agrees_with_r(veteran):
    times, events = veteran["OS_time"].to_numpy(dtype=float), veteran["OS_event"].to_numpy()
    scores = cutpoint.logrank_scores(times, events)
    close(scores[:20], golden("maxstat.tied", "score"))
    for marker in ("age", "karno"):
        rows = cutpoint_rows(veteran, "OS", marker, permutations=99, replicates=50).set_index("statistic")
        for name in ("cut", "statistic", "candidates", "p_lausen_schumacher", "p_apparent",
                     "hazard_ratio_apparent"):
            close(rows.loc[name, "value"], golden("maxstat.tied", name, marker), label=name)
        for limit in ("conf_low", "conf_high"):
            close(rows.loc["hazard_ratio_apparent", limit], golden("maxstat.tied", limit, marker))


def test_without_ties_and_by_permutation_as_r(veteran):
    data = veteran.drop_duplicates("OS_time")
    assert len(data) == golden("maxstat.untied", "n")[0]
    scores = cutpoint.logrank_scores(data["OS_time"].to_numpy(dtype=float), data["OS_event"].to_numpy())
    for marker in ("age", "karno"):
        values = data[marker].to_numpy(dtype=float)
        found = cutpoint.maximum(values, scores)
        names = ("cut", "statistic", "p_lausen_schumacher", "p_permutation")
        cut, statistic, formula, wanted = (golden("maxstat.untied", s, marker)[0] for s in names)
        close([found.cut, found.statistic], [cut, statistic])
        close(cutpoint.lausen_schumacher(found.statistic), formula)
        p = cutpoint.permutation_p(values, scores, 9999)
        assert abs(p - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / 9999) + 2e-4


def test_formula_of_lausen_and_schumacher():
    for row in golden_table()[golden_table()["case"].eq("lausen")].itertuples():
        close(cutpoint.lausen_schumacher(float(row.level)), row.value)


def test_effect_in_patients_left_out_agrees_with_r(veteran):
    draws = pd.read_csv(GOLDEN / "biomarkers_draws.csv", header=None).to_numpy()
    rng, n = np.random.default_rng(3), len(veteran)
    assert (draws == [rng.integers(0, n, n) for _ in draws]).all()
    values, times = (veteran[c].to_numpy(dtype=float) for c in ("karno", "OS_time"))
    found = optimism.optimism(values, times, veteran["OS_event"].to_numpy(), replicates=len(draws), seed=3)
    close(found.log_ratio, golden("optimism", "log_ratio"))
    chosen = np.sort(golden("optimism", "cut"))
    assert found.used == len(draws) and found.low == chosen[0] and found.high == chosen[-1]


def test_correction_removes_what_choosing_adds():
    rng = np.random.default_rng(7)
    apparent, left, small, naive = [], [], 0, 0
    for _ in range(40):
        values, times = rng.normal(size=60), rng.exponential(size=60)
        events = rng.random(60) < 0.7
        found = cutpoint.maximum(values, scores := cutpoint.logrank_scores(times, events))
        above = values > found.cut
        apparent.append(abs(math.log(optimism.effect_above(above, times, events).ratio[0])))
        left.append(optimism.optimism(values, times, events, replicates=50, seed=1).log_ratio)
        small += cutpoint.permutation_p(values, scores, 199) < 0.05
        naive += 2 * scipy_stats.norm.sf(found.statistic) < 0.05
    assert np.mean(apparent) > 0.45 and abs(np.mean(left)) < 0.12
    assert naive / 40 > 0.25 and small / 40 < 0.15


@pytest.mark.parametrize("change", [
    lambda d: d.assign(m=5.0), lambda d: d.assign(m=np.nan), lambda d: d.assign(OS_event=False),
    lambda d: d.assign(m=[1.0] * 39 + [2.0]), lambda d: d.iloc[:1],
])
def test_no_cutpoint_and_no_crash(change):
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"m": rng.normal(size=40), "OS_time": rng.exponential(size=40), "OS_event": True})
    rows = cutpoint_rows(change(data), "OS", "m", permutations=99, replicates=50)
    assert len(rows) == 1 and math.isnan(rows["value"].iloc[0]) and "not estimable" in rows["method"].iloc[0]


def test_ties_everywhere_and_one_side_without_events():
    data = pd.DataFrame({"m": [1.0, 2.0] * 20, "OS_time": [6.0, 5.0] * 20, "OS_event": [False, True] * 20})
    rows = cutpoint_rows(data, "OS", "m", permutations=99, replicates=50).set_index("statistic")
    assert rows.loc["cut", "value"] == 1 and rows.loc["candidates", "value"] == 1
    assert "Firth" in rows.loc["hazard_ratio_apparent", "method"]
    assert math.isfinite(rows.loc["hazard_ratio_corrected", "value"])


def test_delayed_entry_has_no_cutpoint():
    data = pd.DataFrame({"m": range(9), "OS_time": range(2, 11), "OS_event": True, "OS_entry": 0.5})
    with pytest.raises(ValueError, match="delayed entry"):
        cutpoint_rows(data, "OS", "m")


marker_values = st.lists(st.integers(0, 12), min_size=25, max_size=50)


@settings(max_examples=25, deadline=None)
@given(marker_values, st.integers(0, 2**32 - 1))
def test_a_rising_transformation_leaves_the_cutoff_at_the_same_patients(values, seed):
    rng = np.random.default_rng(seed)
    m, times = np.array(values, dtype=float), np.round(rng.exponential(10, len(values)) + 1)
    scores = cutpoint.logrank_scores(times, rng.random(len(values)) < 0.7)
    plain, other = cutpoint.maximum(m, scores), cutpoint.maximum(np.exp(m / 3), scores)
    assert plain.candidates == other.candidates
    if plain.candidates:
        assert ((m > plain.cut) == (np.exp(m / 3) > other.cut)).all()
        close(plain.statistic, other.statistic)
        assert cutpoint.permutation_p(m, scores, 99) == cutpoint.permutation_p(np.exp(m / 3), scores, 99)


@settings(max_examples=5, deadline=None)
@given(marker_values, st.integers(0, 2**32 - 1))
def test_the_order_of_the_patients_does_not_matter(values, seed):
    rng = np.random.default_rng(seed)
    n = len(values)
    data = pd.DataFrame({"m": np.array(values, dtype=float), "OS_time": np.round(rng.exponential(10, n) + 1),
                         "OS_event": rng.random(n) < 0.7})
    mixed = data.iloc[rng.permutation(n)].reset_index(drop=True)
    first, second = (cutpoint_rows(d, "OS", "m", permutations=99, replicates=50) for d in (data, mixed))
    close(first["value"], second["value"], rtol=1e-9)
    curve, other = (splines.cox_spline(d, "OS", "m", knots=3) for d in (data, mixed))
    close(curve.curve["ratio"], other.curve["ratio"], rtol=1e-6)


# ---- markers one by one ----------------------------------------------------------------------------------


def asked(data, markers=(), genes=(), response=None, **rule):
    """Make candidates of columns of a table; markers may have settings."""
    given = {m: {"label": m} for m in markers} if not isinstance(markers, dict) else markers
    points = {"t": {"label": "T", "names": ["t"]}}
    parts = {"time_points": points, "markers": given, "genes": list(genes), **rule}
    if response:
        parts["response"] = response
    study = Study.model_validate({
        "id": "s", "title": "", "short_title": "", "question": "", "design": "", "data_kind": "simulated",
        "data": {"patients": "p.csv", "biomarkers": "b.csv"}, "baseline": {"variables": ["age"]},
        "endpoints": {"OS": {"label": "OS", "definition": "", "time": "t", "event": "e"}},
        "main_endpoint": "OS",
        "outcomes": {"pCR": {"label": "pCR", "definition": "", "column": "pCR"}}, "chapters": ["x"],
        "biomarkers": parts})  # fmt: skip
    named = {f"{c}_t": data[c] for c in (*given, *genes)}
    empty = pd.DataFrame(columns=["patient_id", "name", "time_point", "date"])
    return biomarkers.candidates(study, data.assign(**named), empty)


def test_hazard_ratios_per_sd_and_adjusted_p_agree_with_r(gbsg):
    ask = asked(gbsg, {"age": {"label": "Age"}, "size": {"label": "Size"},
                       "pgr": {"label": "PgR", "transformation": "log2", "offset": 1}}, adjustment=["nodes"])
    rows = biomarker_models.associations(ask)
    for case, analysis in (("per_sd", "marker_survival"), ("per_sd.adjusted", "marker_survival_adjusted")):
        for marker in ("age", "size", "pgr"):
            mine = select(rows, analysis=analysis, variable=marker)
            ratio = one(mine, statistic="hazard_ratio")
            p = one(mine, statistic="p_value")["value"]
            found = {"hazard_ratio": ratio["value"], **ratio[["conf_low", "conf_high"]], "p_value": p}
            for name, value in found.items():
                close(value, golden(case, name, marker), label=f"{case} {marker} {name}")
    for name in ("p_holm", "p_bh"):
        found = select(rows, analysis="marker_survival", statistic=name).set_index("variable")["value"]
        close(found[["age", "size", "pgr"]], golden("per_sd", name))


def test_odds_ratio_per_sd_agrees_with_r():
    data = pd.read_csv(GOLDEN / "birthwt.csv")
    low = np.where(data["low"].eq(1), "yes", "no")
    data = data.assign(pCR=pd.Categorical(low, ["no", "yes"], ordered=True))
    ask = asked(data.assign(OS_time=1.0, OS_event=True), ["lwt"], response="pCR")
    close(one(biomarker_models.associations(ask), statistic="odds_ratio")["value"],
          golden("per_sd", "odds_ratio", "lwt"))  # fmt: skip


def test_prespecified_levels_agree_with_r(gbsg):
    rows = biomarker_models.prespecified(asked(gbsg, {"age": {"label": "Age", "cut": [45, 60]}}))
    for level in ("45 to <60", "≥60"):
        close(one(rows, statistic="hazard_ratio", level=level)["value"], golden("cut", "hazard_ratio", level))
    levels = select(rows, statistic="hazard_ratio")
    assert levels["n"].tolist() == golden("cut", "n").tolist()
    assert levels["method"].iloc[0] == "reference"
    assert cut_levels(pd.Series([45.0]), Variable(label="", cut=(45, 60))).tolist() == ["45 to <60"]


def test_swapping_altered_and_wild_type_inverts_the_ratio(veteran):
    gene = pd.Series(np.where(veteran["prior"].eq("yes"), "Altered", "Wild type"), dtype=ALTERED)
    swap = gene.map({"Altered": "Wild type", "Wild type": "Altered"}).astype(ALTERED)
    data = veteran.assign(a=gene, b=swap, pCR=pd.Categorical(
        np.where(veteran["celltype"].eq("adeno"), "yes", "no"), ["no", "yes"], ordered=True))  # fmt: skip
    rows = biomarker_models.associations(asked(data, (), ["a", "b"], response="pCR"))
    for statistic in ("hazard_ratio", "odds_ratio"):
        first, second = (one(rows, statistic=statistic, variable=v) for v in ("a", "b"))
        close(first["value"] * second["value"], 1, rtol=1e-7)
        close(first["conf_low"] * second["conf_high"], 1, rtol=1e-6)
    p = select(rows, analysis="marker_survival", statistic="p_value")["value"]
    close(p.iloc[0], p.iloc[1], rtol=1e-7)


EDGES = {
    "constant": lambda d: d.assign(m=3.0), "missing": lambda d: d.assign(m=np.nan),
    "one tested": lambda d: d.assign(m=d["m"].where(d.index == 0), g=d["g"].where(d.index == 0)),
    "no events": lambda d: d.assign(OS_event=False, pCR=pd.Categorical(["no"] * len(d), ["no", "yes"])),
    "never altered": lambda d: d.assign(g=pd.Series(["Wild type"] * len(d), dtype=ALTERED)),
    "always altered": lambda d: d.assign(g=pd.Series(["Altered"] * len(d), dtype=ALTERED)),
    "nobody followed": lambda d: d.assign(OS_time=np.nan, OS_event=pd.array([None] * len(d), "boolean")),
    "ties": lambda d: d.assign(m=np.tile([1.0, 2.0], len(d) // 2), OS_time=4.0),
}  # fmt: skip


@pytest.mark.parametrize("edge", EDGES)
def test_edges_give_a_reason_and_no_number(edge):
    rng = np.random.default_rng(4)
    n = 40
    data = pd.DataFrame({
        "m": rng.gamma(2, 2, n), "OS_time": rng.exponential(5, n), "OS_event": rng.random(n) < 0.6,
        "g": pd.Series(rng.choice(["Wild type", "Altered"], n), dtype=ALTERED), "age": rng.normal(60, 9, n),
        "pCR": pd.Categorical(rng.choice(["no", "yes"], n), ["no", "yes"], ordered=True)})  # fmt: skip
    options = {"response": "pCR", "adjustment": ["age"], "permutations": 99, "replicates": 50}
    ask = asked(EDGES[edge](data), {"m": {"label": "M", "cut": [4]}}, ["g"], **options)
    rows = biomarker_models.associations(ask)
    ratios = select(rows, statistic=["hazard_ratio", "odds_ratio"])
    assert len(ratios) == 8 and len(select(rows, statistic="p_holm")) == 8
    missing = ratios[ratios["value"].isna()]
    assert missing["method"].str.startswith("not estimable").all()
    none = {"constant": 4, "missing": 4, "never altered": 4, "always altered": 4, "nobody followed": 4,
            "one tested": 8, "no events": 8, "ties": 0}  # fmt: skip
    assert len(missing) == none[edge]
    biomarker_models.prespecified(ask)
    biomarker_models.cutpoints(ask)
    for kind in ask.targets:
        biomarker_models.curves(ask, kind)
    biomarkers.described(ask, ask.data)


def test_values_dated_after_the_clock_has_started_are_left_out():
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    study = Study.model_validate({
        "id": "s", "title": "", "short_title": "", "question": "", "design": "", "data_kind": "simulated",
        "data": {"patients": "p.csv", "biomarkers": "b.csv"}, "baseline": {"variables": ["age"]},
        "endpoints": {"OS": {"label": "", "definition": "", "start": "s", "events": "e", "censor": "c"}},
        "main_endpoint": "OS", "chapters": ["x"],
        "biomarkers": {"time_points": {"t": {"label": "T", "names": "t"}}, "markers": {"m": {"label": "M"}}}})
    data = pd.DataFrame({"patient_id": list("abc"), "s": days[1], "m_t": [1.0, 2.0, 3.0], "OS_time": 1.0,
                         "OS_event": True})  # fmt: skip
    rows = pd.DataFrame({"patient_id": list("abc"), "name": "m", "time_point": "t", "date": days})
    ask = biomarkers.candidates(study, data, rows)
    assert ask.data["m"].isna().tolist() == [False, False, True] and ask.late == {"m": 1, "": 1}
    close(ask.months, [1 / 30.4375, 0, -1 / 30.4375])
    grace = study.model_copy(update={"biomarkers": study.biomarkers.model_copy(update={"grace_days": 1})})
    ask = biomarkers.candidates(grace, data, rows)
    assert ask.data["m"].notna().all() and ask.late == {"": 0}


def test_not_evaluable_is_no_response_and_without_the_drug_is_missing():
    data = pd.DataFrame({"best": ["CR", "NE", "PD", None], "m": [1.0, 2.0, 3.0, 4.0], "OS_time": 1.0,
                         "OS_event": True})  # fmt: skip
    ask = asked(data.rename(columns={"best": "best_response"}), ["m"])
    assert ask.data[ask.outcome].tolist() == ["yes", "no", "no", np.nan]


@pytest.mark.parametrize("transformation", ["none", "log2", "log10", "sqrt"])
def test_transformations_go_back(transformation):
    marker = Marker(label="m", transformation=transformation, offset=1)
    values = np.array([0.0, 1.5, 40.0])
    close(biomarkers.untransformed(biomarkers.transformed(values, marker), marker), values, atol=1e-12)


# ---- alterations -------------------------------------------------------------------------------------------

TWO = {t: {"label": t, "names": [t]} for t in ("before", "after")}


def states(*counts):
    """Rows of (before, after) repeated."""
    rows = [pair for pair, times in counts for _ in range(times)]
    return pd.DataFrame(rows, columns=["G_before", "G_after"]).astype(ALTERED)


W, A = "Wild type", "Altered"


@pytest.mark.parametrize(("gained", "lost"), [(7, 0), (1, 8), (3, 3), (0, 1)])
def test_gained_and_lost(gained, lost):
    data = states(((W, A), gained), ((A, W), lost), ((W, W), 5), ((A, A), 4), ((A, None), 3), ((None, W), 2))
    rows = alterations.changes(data, Biomarkers(time_points=TWO, genes=["G"])).set_index("statistic")
    close(rows.loc["p_value", "value"], golden("mcnemar", "p", f"{gained} {lost}"))
    assert rows.loc["before", ["n", "n_events"]].tolist() == [9 + gained + lost, 4 + lost]
    close(rows.loc[["gained", "lost"], "value"], [gained / (gained + 5), lost / (lost + 4)])


def test_frequencies_by_hand_and_without_anybody():
    data = states(((W, None), 3), ((A, None), 1), ((None, None), 2)).assign(arm=list("ababab"))
    rule = Biomarkers(time_points=TWO, genes=["G"])
    rows = alterations.frequencies(data, rule, "arm")
    assert set(rows["level"]) == {"before"}  # nobody was tested after
    whole = one(rows, statistic="altered", group="All patients")
    assert (whole["n"], whole["n_events"]) == (4, 1)
    close([whole["conf_low"], whole["conf_high"]], scipy_stats.beta.ppf([0.025, 0.975], [1, 2], [4, 3]))
    assert one(rows, statistic="not_tested", group="All patients")["value"] == 2
    assert one(rows, statistic="p_value")["value"] == 1  # Fisher: (2, 0) against (1, 1)
    assert alterations.changes(data, rule).empty


def test_nobody_changed_has_no_p():
    rows = alterations.changes(states(((W, W), 4)), Biomarkers(time_points=TWO, genes=["G"]))
    assert select(rows, statistic=["p_value", "p_holm", "lost"])["value"].isna().all()
