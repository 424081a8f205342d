"""Rates of an outcome by group and stratum: everything printed, nothing overlapping."""

import pytest

from her2adc.figures import outcome_rates
from her2adc.results import frame, row

GROUPS = ["HER2-zero", "HER2-low", "HER2-positive"]
LAYERS = {"": "All patients", "Liver": "Liver metastasis", "None": "No liver metastasis"}


def rates(value=0.4):
    return frame(
        row("outcome", "rate", value, population=population, group=group, variable="pCR", conf_low=0.0,
            conf_high=1.0, n=None if value is None else 100, n_events=None if value is None else 40)
        for population in LAYERS for group in GROUPS
    )  # fmt: skip


@pytest.mark.parametrize("width", [75, 154])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0, None])
def test_every_group_of_every_stratum_has_a_line(drawn, width, value):
    found = drawn(outcome_rates(rates(value), GROUPS, layers=LAYERS, width_mm=width))
    assert found.overlaps() == [] and found.outside() == []
    texts = [text.get_text() for text in found.texts]
    assert all(texts.count(heading) == 1 for heading in LAYERS.values())
    assert sum("NE" in text if value is None else "%" in text and "(0.0 to" in text for text in texts) == 9


def test_printed_names_and_their_order():
    figure = outcome_rates(rates(), GROUPS, layers={"": "All patients"}, labels={"HER2-low": "Low"})
    places = {text.get_text(): text.get_position()[1] for text in figure.texts}
    assert places["HER2-zero"] > places["Low"] > places["HER2-positive"]


def test_without_rates_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="no row of analysis 'outcome'"):
        outcome_rates(frame([]), GROUPS, layers=LAYERS)
