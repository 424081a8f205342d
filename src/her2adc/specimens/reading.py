"""HER2 texts of patients and of specimens -> classes, and what each text was read as."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from her2adc import her2
from her2adc.config import CLASSES, RESULTS, Study
from her2adc.config.models import Her2
from her2adc.specimens.picking import pick

NO_SPECIMEN = "no specimen"
_EMPTY = "(empty)"


def class_names(rule: Her2) -> list[str]:
    """Return the classes of a study from low to high; ultralow only where it is one of its own."""
    return [c for c in CLASSES if rule.ultralow or c != "HER2-ultralow"]


def classify_tests(rule: Her2, tests: pd.DataFrame, *, counts_first: bool = False) -> pd.DataFrame:
    """HER2 class of every specimen.

    Parameters
    ----------
    rule
        How HER2 is classified.
    tests
        One row a specimen: ``ihc``, ``ish`` and, where recorded, ``ish_ratio`` and ``ish_copies``.
    counts_first
        Take the ISH result from ratio and copies where there are any, and not only where its text
        says nothing: the text was written by the guideline of its own day.

    Returns
    -------
    DataFrame
        ``her2_class`` (None without one), ``her2_reason``, ``her2_note``, ``ihc_form``, ``ish_form``,
        and ``ihc_found`` and ``ish_found`` as they stand in the table.

    Examples
    --------
    >>> tests = pd.DataFrame({"ihc": ["1+", "2+"], "ish": [None, None], "ish_ratio": [None, 2.4]})
    >>> classify_tests(Her2(), tests)["her2_class"].tolist()
    ['HER2-low', 'HER2-positive']
    """
    counts = [c if c in tests else None for c in ("ish_ratio", "ish_copies")]
    return _classify(rule, tests, ["ihc"], ["ish"], counts, counts_first)


def classify_patients(
    study: Study,
    patients: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    *,
    counts_first: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """HER2 class of every patient, and every text with the form it was read as.

    Parameters
    ----------
    study
        The study.
    patients
        One row a patient.
    tables
        The other tables.
    counts_first
        See :func:`classify_tests`.

    Returns
    -------
    DataFrame
        ``her2_class`` and ``her2_result`` (ordered), ``her2_reason``, ``her2_note``, and IHC and
        ISH as found.
    DataFrame
        ``test``, ``found``, ``read_as``, ``n``: results of the patients and, where ``her2_tests`` is
        read, of all specimens.
    """
    rule = study.her2
    if rule is None:
        return pd.DataFrame(index=patients.index), _listed([])
    read: list[pd.DataFrame] = []
    if rule.table == "patients":
        counts = [rule.ish_ratio, rule.ish_copies]
        chosen = _classify(rule, patients, rule.ihc, rule.ish, counts, counts_first)
        read.append(chosen)
    if rule.table == "her2_tests" or study.evolution:
        read.append(classify_tests(rule, tables["her2_tests"], counts_first=counts_first))
    if rule.table == "her2_tests":
        chosen = _of_patients(rule, tables["her2_tests"], read[0], patients)
    shown = [her2.score_read(form, rule.ambiguous) for form in chosen["ihc_form"]]
    results = [her2.result_text(a, b) for a, b in zip(shown, chosen["ish_form"], strict=True)]
    classes = chosen.drop(columns=["ihc_form", "ish_form"]).assign(
        her2_class=pd.Categorical(chosen["her2_class"], class_names(rule), ordered=True),
        her2_result=pd.Categorical(results, RESULTS, ordered=True),
    )
    return classes, _listed(read)


def _of_patients(
    rule: Her2, tests: pd.DataFrame, read: pd.DataFrame, patients: pd.DataFrame
) -> pd.DataFrame:
    """Reading of the specimen that stands for each patient."""
    wanted = tests["specimen"].isin(rule.specimen) if rule.specimen else pd.Series(True, index=tests.index)
    tests = tests.drop(columns=read.columns, errors="ignore").join(read)
    chosen = pick(tests[wanted], rule.pick)
    own = read.loc[chosen["row"]].set_axis(chosen.index)
    unclear = chosen["reason"].ne("")
    own = own.assign(
        her2_class=own["her2_class"].mask(unclear, None),
        her2_reason=own["her2_reason"].mask(unclear, chosen["reason"]),
        her2_note=own["her2_note"].mask(unclear, ""),
    )
    out = own.reindex(patients["patient_id"]).set_axis(patients.index)
    out = out.fillna({"her2_reason": NO_SPECIMEN, "her2_note": "", "ihc_found": _EMPTY, "ish_found": _EMPTY})
    return out.astype(object).where(out.notna(), None)


def _classify(
    rule: Her2,
    frame: pd.DataFrame,
    ihc_columns: Sequence[str],
    ish_columns: Sequence[str],
    counts: Sequence[str | None],
    counts_first: bool = False,
) -> pd.DataFrame:
    """HER2 class of every row, with the forms of its texts."""
    ihc = _first_that_says(frame, ihc_columns, her2.normalise_ihc)
    ish = _first_that_says(frame, ish_columns, her2.normalise_ish)
    if any(counts):
        _count(frame, rule, ihc, ish, counts, counts_first)
    how: Any = {"edition": rule.edition, "ultralow": rule.ultralow, "ambiguous": rule.ambiguous}
    found = [her2.classify(a, b, **how) for a, b in zip(ihc["form"], ish["form"], strict=True)]
    odd = [
        _contradiction(texts, form)
        for texts, form in zip(frame[list(ihc_columns)].to_numpy().tolist(), ihc["form"], strict=True)
    ]
    columns = {
        "her2_class": [f.value for f in found],
        "her2_reason": [f.reason for f in found],
        "her2_note": [f.note or o for f, o in zip(found, odd, strict=True)],
        "ihc_form": ihc["form"],
        "ish_form": ish["form"],
        "ihc_found": ihc["found"].fillna(_EMPTY),
        "ish_found": ish["found"].fillna(_EMPTY),
    }
    return pd.DataFrame(columns, index=frame.index, dtype=object)


def _first_that_says(frame: pd.DataFrame, names: Sequence[str], normalise: Any) -> pd.DataFrame:
    """Return the first of several columns that says something: text as found, and its form."""
    out = pd.DataFrame({"found": None, "form": "unknown"}, index=frame.index, dtype=object)
    for name in names:
        forms = frame[name].map(normalise)
        open_ = out["form"].eq("unknown") & (forms.ne("unknown"))
        first = out["found"].isna() & frame[name].notna() & frame[name].ne("")
        out.loc[first, "found"] = frame[name][first]
        out.loc[open_, "found"] = frame[name][open_]
        out.loc[open_, "form"] = forms[open_]
    return out


def _count(
    frame: pd.DataFrame,
    rule: Her2,
    ihc: pd.DataFrame,
    ish: pd.DataFrame,
    names: Sequence[str | None],
    counts_first: bool,
) -> None:
    """Fill unknown ISH results (or, with counts first, all that were counted) from ratio and copies."""
    nan = pd.Series(float("nan"), index=frame.index)
    ratio, copies = (frame[n].astype("float64") if n else nan for n in names)
    scores = [her2.score_read(form, rule.ambiguous) or "" for form in ihc["form"]]
    counted = pd.Series(
        [
            her2.ish_from_counts(r, c, s, rule.edition)
            for r, c, s in zip(ratio, copies, scores, strict=True)
        ],
        index=frame.index,
    )
    fill = counted.ne("unknown") & (counts_first | ish["form"].eq("unknown"))
    ish.loc[fill, "found"] = [
        ", ".join(f"{name} {x:g}" for name, x in (("ratio", r), ("copies", c)) if pd.notna(x))
        for r, c in zip(ratio[fill], copies[fill], strict=True)
    ]
    ish.loc[fill, "form"] = counted[fill]


def _contradiction(found: Iterable[Any], form: str | None) -> str:
    """Say when a second column, or another laboratory, contradicts the score that was used."""
    others = {her2.normalise_ihc(v) for v in found}
    if form in ("0", "1+") and "positive" in others:
        return f"IHC {form} although reported positive"
    if form == "3+" and "negative" in others:
        return "IHC 3+ although reported negative"
    outside = [o for v in found if (o := her2.outside_reading(v)) and o != form]
    return f"IHC {form} although {outside[0]} in another laboratory" if outside else ""


def _listed(read: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Texts as found and the forms they were read as, with counts."""
    columns = ["test", "found", "read_as", "n"]
    if not read:
        return pd.DataFrame(columns=columns)
    parts = [
        r[[f"{name}_found", f"{name}_form"]].set_axis(["found", "read_as"], axis=1).assign(test=name.upper())
        for r in read
        for name in ("ihc", "ish")
    ]
    both = pd.concat(parts).fillna({"read_as": "not understood"})
    counted = both.groupby(["test", "read_as", "found"], sort=True).size()
    return counted.rename("n").reset_index()[columns]
