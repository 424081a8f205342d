"""Where tableone follows the same conventions, Table 1 and tableone agree."""

import re

import numpy as np
import pandas as pd
import pytest
from tableone import TableOne

from her2adc.config import Variable
from her2adc.results import one
from her2adc.stats.baseline import table_one

RNG = np.random.default_rng(7)
DATA = pd.DataFrame(
    {
        "group": pd.Categorical(RNG.choice(["low", "positive"], 90), ["low", "positive"], ordered=True),
        "age": RNG.normal(55, 10, 90).round(1),
        "stage": pd.Categorical(RNG.choice(["I", "II", "III"], 90), ["I", "II", "III"], ordered=True),
    }
)
VARIABLES = [
    Variable(name="age", label="Age"),
    Variable(name="stage", label="Stage", levels={s: (s,) for s in ("I", "II", "III")}),
]


@pytest.fixture(scope="module")
def both():
    theirs = TableOne(
        DATA, columns=["age", "stage"], categorical=["stage"], groupby="group", nonnormal=["age"],
        include_null=False, overall=True, smd=True, decimals=4,
    ).tableone["Grouped by group"]  # fmt: skip
    return table_one(DATA, VARIABLES, "group"), theirs


@pytest.mark.parametrize("group", ["Overall", "low", "positive"])
def test_counts_and_quantiles(both, group):
    ours, theirs = both
    mine = {"group": "All patients" if group == "Overall" else group}
    for level in ("I", "II", "III"):
        count, percent = re.findall(r"[\d.]+", theirs.loc[("stage, n (%)", level), group])
        row = one(ours, variable="stage", level=level, statistic="percent", **mine)
        assert one(ours, variable="stage", level=level, statistic="count", **mine)["value"] == int(count)
        assert 100 * row["value"] == pytest.approx(float(percent), abs=5e-5)  # printed to 4 decimals
    numbers = re.findall(r"[\d.]+", theirs.loc[("age, median [Q1,Q3]", ""), group])
    for statistic, printed in zip(("median", "q1", "q3"), numbers, strict=True):
        value = one(ours, variable="age", statistic=statistic, **mine)["value"]
        assert value == pytest.approx(float(printed), abs=5e-5)


def test_sizes_of_standardised_differences(both):
    ours, theirs = both
    column = next(c for c in theirs.columns if "SMD" in c)
    for variable, row in (("age", ("age, median [Q1,Q3]", "")), ("stage", ("stage, n (%)", "I"))):
        mine = one(ours, variable=variable, statistic="smd")["value"]
        assert mine == pytest.approx(abs(float(theirs.loc[row, column])), abs=5e-4)  # 3 decimals there
