"""Who makes a pair of HER2 classes and who does not, and from which class to which patients move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from her2adc.results import ALL_PATIENTS, frame, row
from her2adc.specimens import NO_SPECIMEN
from her2adc.stats.evolution import count_pairs, rate_row
from her2adc.stats.inputs import check_columns, levels_of

__all__ = ["pairing", "path_rows", "paths", "transitions"]


def pairing(data: pd.DataFrame, columns: Sequence[str], before: str, after: str) -> pd.DataFrame:
    """Count who has a specimen and a class at each stage, who makes a pair, and who does not and why.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with the columns of the classes and ``<column>_reason``.
    columns : sequence of str
        Classes of all stages.
    before, after : str
        The two stages of a pair.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "her2_pairing", counts: by stage (variable) ``specimen``,
        ``classified`` and ``lost`` (level is the reason); ``paired``, and ``lost`` with the stages
        without a class as level (variable is ``<before> -> <after>``).

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    >>> data = pd.DataFrame({"a": ["zero", "low"], "b": ["low", None]}).astype(levels)
    >>> data = data.assign(a_reason="", b_reason=["", "no specimen"])
    >>> pairing(data, ["a", "b"], "a", "b")[["variable", "statistic", "value"]].values.tolist()[-2:]
    [['a -> b', 'paired', 1.0], ['a -> b', 'lost', 1.0]]
    """
    counts: list[tuple[str, str, str, int]] = [("", "patients", "", len(data))]
    for column in columns:
        known, why = data[column].notna(), data[f"{column}_reason"]
        counts.append((column, "specimen", "", int((known | why.ne(NO_SPECIMEN)).sum())))
        counts.append((column, "classified", "", int(known.sum())))
        reasons = why[~known & why.ne(NO_SPECIMEN)].value_counts()
        counts += [(column, "lost", str(reason), int(n)) for reason, n in sorted(reasons.items(), key=_most)]
    pair, first, second = f"{before} -> {after}", data[before].notna(), data[after].notna()
    counts.append((pair, "paired", "", int((first & second).sum())))
    lost = {before: ~first & second, after: first & ~second, f"{before}, {after}": ~first & ~second}
    counts += [(pair, "lost", level, int(who.sum())) for level, who in lost.items() if who.any()]
    return frame(
        row("her2_pairing", statistic, n, variable=variable, level=level, method="count",
            n=len(data), n_events=n)
        for variable, statistic, level, n in counts
    )  # fmt: skip


def _most(item: tuple[Any, int]) -> tuple[int, str]:
    """Largest count first, then by name."""
    return -item[1], str(item[0])


def transitions(data: pd.DataFrame, before: str, after: str, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Count the transitions between two stages, each also as a fraction of its row.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient; patients without both classes are left out.
    before, after : str
        Columns of the two stages.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "her2_transitions": ``row_fraction`` (group is the class before,
        level the class after; n is the row total, n_events the count; Clopper-Pearson interval) and
        ``margin``, the counts of each class before (group) and after (level).

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    >>> data = pd.DataFrame({"a": ["zero", "zero"], "b": ["low", "zero"]}).astype(levels)
    >>> transitions(data, "a", "b").query("statistic == 'row_fraction'")["n_events"].tolist()
    [1, 1, 0, 0]
    """
    table = count_pairs(data, before, after).astype(int)
    names, pair, n = [str(v) for v in levels_of(data[before])], f"{before} -> {after}", int(table.sum())
    rows = [
        rate_row("her2_transitions", "row_fraction", int(count), int(line.sum()), conf_level,
                 variable=pair, group=first, level=second)
        for first, line in zip(names, table, strict=True)
        for second, count in zip(names, line, strict=True)
    ]  # fmt: skip
    margins = [(v, "", c) for v, c in zip(names, table.sum(axis=1), strict=True)]
    margins += [(ALL_PATIENTS, v, c) for v, c in zip(names, table.sum(axis=0), strict=True)]
    rows += [
        row("her2_transitions", "margin", int(count), variable=pair, method="count",
            n=n, n_events=int(count), group=first, level=second)
        for first, second, count in margins
    ]  # fmt: skip
    return frame(rows)


def paths(data: pd.DataFrame, columns: Sequence[str], known: Sequence[str] | None = None) -> pd.DataFrame:
    """Count the ways of patients from stage to stage.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    columns : sequence of str
        Columns of the stages, in order.
    known : sequence of str, optional
        Stages at which a patient must have a class; all of them otherwise.

    Returns
    -------
    pandas.DataFrame
        The columns (None without a class) and ``n``, one row for every path that occurs, in the
        order of the levels.

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    >>> data = pd.DataFrame({"a": ["zero", "zero"], "b": ["low", None]}).astype(levels)
    >>> paths(data, ["a", "b"]).values.tolist(), len(paths(data, ["a", "b"], ["a"]))
    ([['zero', 'low', 1]], 2)
    """
    names = list(columns)
    check_columns(data, names)
    kept = data.loc[data[names if known is None else list(known)].notna().all(axis=1)]
    levels = {c: [str(v) for v in levels_of(data[c])] for c in names}
    codes = pd.DataFrame({c: kept[c].cat.codes.astype(int).replace(-1, len(levels[c])) for c in names})
    counted = codes.groupby(names, sort=True).size().rename("n").reset_index()
    return counted.assign(**{c: [[*levels[c], None][i] for i in counted[c]] for c in names})


def path_rows(flows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Write paths as results rows: analysis "her2_paths", the path is the level.

    Examples
    --------
    >>> flows = pd.DataFrame({"a": ["zero"], "b": [None], "n": [3]})
    >>> path_rows(flows, ["a", "b"])["level"].tolist()
    ['zero -> none']
    """
    total = int(flows["n"].sum())
    return frame(
        row("her2_paths", "count", n, variable=" -> ".join(columns), method="count",
            level=" -> ".join(w if isinstance(w, str) else "none" for w in way), n=total, n_events=n)
        for *way, n in flows[[*columns, "n"]].itertuples(index=False)
    )  # fmt: skip
