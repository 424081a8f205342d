"""Sentences of the response page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.prose.words import listed, rate
from her2adc.results import ALL_PATIENTS, one, select


def response(rows: pd.DataFrame, groups: Sequence[str]) -> str:
    """Objective response, disease control and, where known, clinical benefit, of all treated patients."""
    treated = select(rows, population="treated", statistic="rate")

    def overall(measure: str) -> str:
        return rate(one(treated, variable=measure, group=ALL_PATIENTS))

    known = (("ORR", "objective response"), ("DCR", "disease control"), ("CBR", "clinical benefit"))
    rates = [
        f"the {name} rate {'was ' if measure == 'ORR' else ''}{overall(measure)}"
        for measure, name in known
        if not select(treated, variable=measure).empty
    ]
    text = f"T{listed(rates)[1:]} of treated patients"
    if groups:
        by = [
            f"{fmt.percent(one(treated, variable='ORR', group=g)['value'])} in {g}" for g in groups
        ]
        p = select(rows, statistic="p_value", variable="ORR", population="treated")
        text += f". Objective response was {listed(by)} disease"
        if not p.empty and p["value"].notna().any():
            text += f" ({fmt.p_equals(p['value'].iloc[0])})"
    return text + "."
