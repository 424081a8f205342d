"""Paired categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from her2adc.stats.agreement import WEIGHTS, kappa, square_table
from her2adc.stats.paired import (
    bhapkar,
    bowker,
    marginal_trend,
    mcnemar,
    mcnemar_exact,
    paired_odds_ratio,
    stuart_maxwell,
)
from her2adc.stats.proportions import clopper_pearson

from .adapters_proportions import test_of
from .registry import Entry, adapter

IRR = {"unweighted": "unweighted", "linear": "equal", "quadratic": "squared"}


@adapter(
    "paired_categorical",
    left_out={
        "psych_cohen_kappa_ci.weighted_quadratic": "psych's error of quadratic kappa is not vcd's",
    },
)
def paired_categorical(entry: Entry, data: Any) -> dict[str, Any]:
    results = entry["results"]
    table = square_table(results["table"])
    n = table.sum()
    out: dict[str, Any] = {
        "table": table,
        "n": n,
        "agreement": clopper_pearson(int(np.trace(table)), int(n))[0],
    }
    out["upper_triangle"], out["lower_triangle"] = np.triu(table, 1).sum(), np.tril(table, -1).sum()
    out["row_proportions"] = table / table.sum(axis=1, keepdims=True)
    out["irr"] = {}
    for weights in WEIGHTS:
        found = kappa(table, weights)
        limits = {"lower": found.low, "upper": found.high}
        out[f"kappa_{weights}"] = {"kappa": found.value, "ase": found.error, **limits}
        out["irr"][IRR[weights]] = {"kappa": found.value, "z": found.z, "p": found.p}
    plain = kappa(table)
    out["psych_cohen_kappa_ci"] = {"unweighted": [plain.low, plain.value, plain.high]}
    out["desctools_kappa_ci"] = [plain.value, plain.low, plain.high]
    return out | (_two(table) if len(table) == 2 else _several(table, results))


def _two(table: Any) -> dict[str, Any]:
    value, *limits = paired_odds_ratio(table)
    return {
        "mcnemar_corrected": test_of(mcnemar(table)),
        "mcnemar_uncorrected": test_of(mcnemar(table, corrected=False)),
        "mcnemar_exact_p": mcnemar_exact(table),
        "exact2x2_p": mcnemar_exact(table),
        "or_b_over_c": value,
        "or_exact_ci": limits,
        "diff_marginals": (table.sum(axis=1) - table.sum(axis=0))[0] / table.sum(),
    }


def _several(table: Any, results: Any) -> dict[str, Any]:
    symmetry = test_of(bowker(table))
    z, p = marginal_trend(table)
    known = results["bowker"]["stat"] is not None
    return {
        "bowker": symmetry
        if known
        else "R has no result where a pair of cells is empty; the book leaves it out",
        "stuart_maxwell": test_of(stuart_maxwell(table)),
        "coin_mh_test": test_of(stuart_maxwell(table)),
        "coin_mh_ordered_scores_1_to_k": {"z": z, "p": p},
        "bhapkar": test_of(bhapkar(table)),
    }
