"""Which specimen and which text classify a patient, and what each text was read as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from her2adc import her2
from her2adc.config import RESULTS, Study
from her2adc.errors import Problem
from her2adc.intake import RawTable

IHC_FORMS = "write 0, 0+ (ultralow), 1+, 2+ or 3+"
ISH_FORMS = "write amplified, not amplified or equivocal"


def _first_that_says(frame: pd.DataFrame, names: tuple[str, ...], normalise: Any) -> pd.DataFrame:
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


def text_problems(study: Study, raw: Mapping[str, RawTable]) -> list[Problem]:
    """HER2 texts that no rule knows: a typing error, or a form to be declared.

    Parameters
    ----------
    study
        The study.
    raw
        Its tables as read.

    Returns
    -------
    list of Problem
        One for each cell.
    """
    rule = study.her2
    if rule is None:
        return []
    table = raw[rule.table]
    ihc, ish = (rule.ihc, rule.ish) if rule.table == "patients" else (("ihc",), ("ish",))
    checks = [(c, her2.normalise_ihc, IHC_FORMS) for c in ihc]
    checks += [(c, her2.normalise_ish, ISH_FORMS) for c in ish]
    problems = []
    for column, normalise, forms in checks:
        cells = table.frame[column]
        bad = cells.map(normalise).isna() & ~cells.isin(rule.unknown)
        remedy = (
            f"{forms}; or list the text under her2.unknown in study.yml, if the result is not known"
        )
        problems += [
            table.problem(column, i, "HER2 result not understood", remedy, cells[i])
            for i in cells.index[bad]
        ]
    return problems


def pick_specimens(study: Study, tests: pd.DataFrame) -> pd.DataFrame:
    """One specimen a patient: of the kinds wanted, the latest (or earliest) with an IHC score."""
    rule = study.her2
    assert rule is not None
    wanted = tests[tests["specimen"].isin(rule.specimen)] if rule.specimen else tests
    scored = wanted["ihc"].map(her2.normalise_ihc).ne("unknown")
    order = wanted.assign(_scored=scored).sort_values(
        ["_scored", "date"],
        ascending=[True, rule.pick == "latest"],
        kind="stable",
        na_position="first",
    )
    return order.drop_duplicates("patient_id", keep="last").set_index("patient_id")


def classify_patients(
    study: Study, patients: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """HER2 class of every patient, and every text with the form it was read as.

    Returns
    -------
    DataFrame
        ``her2_class`` and ``her2_result`` (ordered), ``her2_reason``, ``her2_note``, and IHC and
        ISH as found.
    DataFrame
        ``test``, ``found``, ``read_as``, ``n``.
    """
    rule = study.her2
    if rule is None:
        return pd.DataFrame(index=patients.index), pd.DataFrame(
            columns=["test", "found", "read_as", "n"]
        )
    frame = patients
    if rule.table == "her2_tests":
        frame = pick_specimens(study, tables["her2_tests"]).reindex(patients["patient_id"])
        frame = frame.rename(columns={"ihc": rule.ihc[0], "ish": rule.ish[0]}).set_axis(
            patients.index
        )
    frame = frame.assign(
        **{c: frame[c].mask(frame[c].isin(rule.unknown), "unknown") for c in (*rule.ihc, *rule.ish)}
    )
    ihc = _first_that_says(frame, rule.ihc, her2.normalise_ihc)
    ish = _first_that_says(frame, rule.ish, her2.normalise_ish)
    if rule.ish_ratio or rule.ish_copies:
        _counts(frame, rule, ihc, ish)
    result = [
        her2.classify(a, b, edition=rule.edition, ultralow=rule.ultralow)
        for a, b in zip(ihc["form"], ish["form"], strict=True)
    ]
    names = [
        c
        for c in ("HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive")
        if rule.ultralow or c != "HER2-ultralow"
    ]
    notes = [
        r.note or _contradiction(frame.loc[i, list(rule.ihc)], f)
        for i, f, r in zip(frame.index, ihc["form"], result, strict=True)
    ]
    classes = pd.DataFrame(
        {
            "her2_class": pd.Categorical([r.value for r in result], names, ordered=True),
            "her2_result": pd.Categorical(
                [her2.result_text(a, b) for a, b in zip(ihc["form"], ish["form"], strict=True)],
                RESULTS,
                ordered=True,
            ),
            "her2_reason": [r.reason for r in result],
            "her2_note": notes,
            "ihc_found": ihc["found"].fillna("(empty)"),
            "ish_found": ish["found"].fillna("(empty)"),
        },
        index=patients.index,
    )
    return classes, _normalisations(ihc, ish)


def _counts(frame: pd.DataFrame, rule: Any, ihc: pd.DataFrame, ish: pd.DataFrame) -> None:
    """Fill unknown ISH results from ratio and copy number."""
    nan = pd.Series(float("nan"), index=frame.index)
    ratio = frame[rule.ish_ratio] if rule.ish_ratio else nan
    copies = frame[rule.ish_copies] if rule.ish_copies else nan
    counted = pd.Series(
        [
            her2.ish_from_counts(r, c, s, rule.edition)
            for r, c, s in zip(ratio, copies, ihc["form"], strict=True)
        ],
        index=frame.index,
    )
    fill = ish["form"].eq("unknown") & counted.ne("unknown")
    ish.loc[fill, "found"] = [
        f"ratio {r:g}, copies {c:g}" for r, c in zip(ratio[fill], copies[fill], strict=True)
    ]
    ish.loc[fill, "form"] = counted[fill]


def _contradiction(found: pd.Series, form: str | None) -> str:
    """Say when a second column contradicts the score that was used."""
    others = {her2.normalise_ihc(v) for v in found}
    if form in ("0", "1+") and "positive" in others:
        return f"IHC {form} although reported positive"
    if form == "3+" and "negative" in others:
        return "IHC 3+ although reported negative"
    return ""


def _normalisations(ihc: pd.DataFrame, ish: pd.DataFrame) -> pd.DataFrame:
    both = pd.concat([ihc.assign(test="IHC"), ish.assign(test="ISH")])
    both = both.assign(
        found=both["found"].fillna("(empty)"), read_as=both["form"].fillna("not understood")
    )
    return (
        both.groupby(["test", "read_as", "found"], sort=True)
        .size()
        .rename("n")
        .reset_index()[["test", "found", "read_as", "n"]]
    )
