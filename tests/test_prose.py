"""Sentences, each against rows written by hand."""

import pytest

from her2adc import prose
from her2adc.results import ALL_PATIENTS, concat, frame, row

CI = {"conf_level": 0.95}
KM = [
    row("kaplan_meier", "median", 15.0, conf_low=9.0, group=ALL_PATIENTS, n=98, n_events=40, **CI),
    row("kaplan_meier", "median", 9.0, conf_low=4.75, conf_high=13.27, group="HER2-low", **CI),
    row("kaplan_meier", "median", None, conf_low=14.0, group="HER2-positive", **CI),
    row("kaplan_meier", "survival", 0.381, conf_low=0.2, conf_high=0.5, level="12", group="HER2-low"),
    row("kaplan_meier", "survival", 0.692, conf_low=0.5, conf_high=0.8, level="12", group="HER2-positive"),
    row("kaplan_meier", "survival", None, level="24", group="HER2-low"),
    row("kaplan_meier", "survival", 0.5, level="24", group="HER2-positive"),
    row("logrank", "p_value", 0.0021),
]
NAMES = {"HER2-low": "HER2-low", "HER2-positive": "HER2-positive"}


def test_survival_of_groups_uses_the_last_landmark_all_reach():
    assert prose.survival(frame(KM), "Progression-free survival", NAMES) == (
        "Median progression-free survival was 9.0 months (95% CI 4.8 to 13.3) for HER2-low and not reached "
        "(95% CI 14.0 months to NE) for HER2-positive (log-rank p = 0.002). At 12 months it was 38.1% "
        "(95% CI 20.0 to 50.0) for HER2-low and 69.2% (95% CI 50.0 to 80.0) for HER2-positive."
    )


def test_survival_of_one_population():
    text = prose.survival(frame(KM[:3]), "Overall survival", {ALL_PATIENTS: ALL_PATIENTS}, "Brain metastasis")
    assert text == "Median overall survival in brain metastasis was 15.0 months (95% CI 9.0 to NE)."


def test_a_result_that_does_not_exist_fails():
    with pytest.raises(LookupError):
        prose.survival(frame(KM), "PFS", {"HER2-zero": "HER2-zero"})


def test_subgroups_counts_tests_and_names_small_p():
    rows = frame(
        [
            row("subgroup_logrank", "p_value", p, variable=v, group="HER2-low")
            for v, p in (("liver", 0.003), ("age", 0.37), ("empty", None))
        ]
    )
    text = prose.subgroups(rows, {"liver": "Liver metastasis", "age": "Age", "empty": "E"})
    assert text.startswith(
        "At p < 0.05 the endpoint was associated with liver metastasis in HER2-low disease (p = 0.003)"
    )
    assert "2 log-rank tests" in text


def test_cohort_sentence():
    flow = [{"label": "a", "n": 12, "excluded": []}, {"label": "b", "n": 10, "excluded": []}]
    rows = concat(
        [
            frame([row("follow_up", "median_reverse_km", 8.2, conf_low=6.0, conf_high=None, n=10, **CI)]),
            frame(
                [
                    row("observed_follow_up", f"observed_{s}", v)
                    for s, v in (("median", 6), ("min", 0.5), ("max", 26))
                ]
            ),
        ]
    )
    assert prose.cohort(flow, rows, "Overall survival") == (
        "10 of 12 patients were analysed. Median follow-up for overall survival was 8.2 months "
        "(95% CI 6.0 to NE) by the reverse Kaplan-Meier method; observed follow-up had a median of "
        "6.0 months (range 0.5 to 26.0)."
    )
