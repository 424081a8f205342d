"""Which of several specimens stands for a patient, or for a stage of the disease."""

from __future__ import annotations

from typing import Literal

import pandas as pd

UNORDERED = "specimens of different class, of which the first or last is not known by date"
"""Why a patient with several specimens has no class: the dates do not say which one counts."""


def pick(tests: pd.DataFrame, which: Literal["earliest", "latest"]) -> pd.DataFrame:
    """Find the specimen of each patient: the earliest or the latest that has a class.

    Without any classified specimen, the earliest or latest that has a score is taken. Specimens
    without a date come last. Where the dates leave open which of two specimens of different class
    counts, nothing is guessed, and ``reason`` says so.

    Parameters
    ----------
    tests
        One row a specimen: ``patient_id``, ``her2_class``, ``ihc_form`` and, if known, ``date``.
    which
        ``earliest`` or ``latest``.

    Returns
    -------
    DataFrame
        By patient: ``row``, the index of the specimen in ``tests``, and ``reason``, empty when the
        specimen is known.

    Examples
    --------
    >>> tests = pd.DataFrame({"patient_id": ["A", "A"], "her2_class": ["HER2-low", "HER2-zero"],
    ...     "ihc_form": ["1+", "0"], "date": pd.to_datetime(["2020-01-01", "2021-01-01"])})
    >>> pick(tests, "latest")["row"].tolist(), pick(tests.drop(columns="date"), "latest")["reason"].tolist()
    ([1], ['specimens of different class, of which the first or last is not known by date'])
    """
    date = tests["date"] if "date" in tests else pd.Series(pd.NaT, index=tests.index)
    rank = tests["her2_class"].isna().astype(int) * (1 + tests["ihc_form"].eq("unknown").astype(int))
    frame = tests[["patient_id", "her2_class"]].assign(rank=rank, date=date, row=tests.index)
    order = frame.sort_values(["rank", "date"], ascending=[True, which == "earliest"], na_position="last")
    first = order.drop_duplicates("patient_id").set_index("patient_id")
    of_first = frame["patient_id"].map(first["date"])
    open_ = frame["date"].isna() | of_first.isna() | frame["date"].eq(of_first)
    rivals = frame[open_ & frame["rank"].eq(0)].groupby("patient_id")["her2_class"].nunique()
    unclear = first.index.isin(rivals.index[rivals > 1])
    return first[["row"]].assign(reason=pd.Series("", index=first.index).mask(unclear, UNORDERED))
