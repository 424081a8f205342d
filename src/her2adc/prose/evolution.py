"""Sentences and captions of the page on HER2 over the specimens of a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.config import Her2, Stage
from her2adc.prose.words import listed, lower_first, multiplicity, rate
from her2adc.results import one, select


def her2_evolution(rows: pd.DataFrame, before: str, after: str) -> str:
    """Discordance with kappa, and who gained and lost eligibility for a HER2-directed ADC.

    Parameters
    ----------
    rows
        Rows of the analyses ``her2_discordance``, ``paired`` and ``her2_eligibility``.
    before, after
        Names of the stages, in the middle of a sentence.

    Returns
    -------
    str
    """
    share = one(rows, analysis="her2_discordance", statistic="discordant", variable="")
    if not share["n"]:
        return f"No patient has a HER2 class both at {before} and at {after}."
    text = f"HER2 class differed between {before} and {after} in {rate(share)[:-1]} pairs)"
    kappa = one(rows, analysis="paired", statistic="kappa", level="unweighted")
    if pd.notna(kappa["value"]) and kappa["conf_low"] < kappa["conf_high"]:
        text += f", kappa {fmt.estimate(kappa['value'], kappa['conf_low'], kappa['conf_high'], 2)}"
    return f"{text}. {_gain(rows, before, after)} {_loss(rows, before, after)}"


def _gain(rows: pd.DataFrame, before: str, after: str) -> str:
    """Who gained eligibility, and how many biopsies find one of them."""
    gain = one(rows, analysis="her2_eligibility", statistic="gain")
    if not gain["n"]:
        return f"Every patient was eligible for a HER2-directed ADC at {before}."
    share = fmt.percent_estimate(gain["value"], gain["conf_low"], gain["conf_high"])
    text = (
        f"Of {gain['n']} patients not eligible for a HER2-directed ADC at {before}, "
        f"{gain['n_events'] or 'none'} had become eligible at {after}: {share}"
    )
    per = one(rows, analysis="her2_eligibility", statistic="biopsies_per_gain")
    if gain["n_events"]:
        text += f", one for every {fmt.estimate(per['value'], per['conf_low'], per['conf_high'])} biopsies"
    return f"{text}."


def _loss(rows: pd.DataFrame, before: str, after: str) -> str:
    """Who lost eligibility."""
    loss = one(rows, analysis="her2_eligibility", statistic="loss")
    if not loss["n"]:
        return f"Nobody was eligible at {before}."
    share = fmt.percent_estimate(loss["value"], loss["conf_low"], loss["conf_high"])
    found = loss["n_events"] or "none"
    return f"Of {loss['n']} eligible at {before}, {found} had lost it at {after}: {share}."


def alluvial_caption(flows: pd.DataFrame, labels: Sequence[str], lost: int) -> str:
    """Return how to read the alluvial plot, and whom it leaves out."""
    n = int(flows["n"].sum())
    who = f" {lost} analysed patients without a class at both are left out." if lost else ""
    if flows.drop(columns="n").isna().any(axis=None):
        who += " Who has no class at a later stage ends in grey."
    return (
        f"{n} patients with a HER2 class at {listed([lower_first(x) for x in labels[:2]])}. Each column is a "
        "stage; the height of a block is the number of patients, and each band leads from the class at one "
        f"stage, whose colour it has, to the class at the next.{who}"
    )


def alluvial_alt(rows: pd.DataFrame, before: str, after: str, classes: Sequence[str]) -> str:
    """Return the frequencies at both stages and the commonest changes in words.

    Parameters
    ----------
    rows
        Rows of the analysis ``her2_transitions``, of two stages.
    before, after
        Names of the stages.
    classes
        Classes in order.
    """
    margins = select(rows, statistic="margin")
    counts = {
        before: [f"{c} {int(one(margins, group=c)['value'])}" for c in classes],
        after: [f"{c} {int(one(margins, level=c)['value'])}" for c in classes],
    }
    text = "; ".join(f"{stage}: {listed(parts)}" for stage, parts in counts.items())
    moves = select(rows, statistic="row_fraction")
    same = int(moves.loc[moves["group"].eq(moves["level"]), "n_events"].sum())
    changes = moves[moves["group"].ne(moves["level"]) & moves["n_events"].gt(0)]
    top = changes.sort_values("n_events", ascending=False, kind="stable").head(3)
    parts = [f"{n} from {a} to {b}" for a, b, n in top[["group", "level", "n_events"]].to_numpy()]
    change = f", the others most often {listed(parts)}" if parts else ""
    return f"{text}. {same} patients kept their class{change}."


def pairing_rule(stages: Sequence[Stage]) -> str:
    """Return which specimen stands for each stage."""
    rules = [f"{s.label}: the {s.pick} specimen ({' or '.join(s.specimen)})" for s in stages]
    return (
        f"{'; '.join(rules)}. A specimen with a HER2 class goes before one without, and stands for one "
        "stage only. Where the dates do not say which of two specimens of different class counts, no class "
        "is given."
    )


def reading_rule(rule: Her2) -> str:
    """Return by which edition specimens are classified, and how ranges of scores are read.

    Examples
    --------
    >>> reading_rule(Her2(edition=2013, ambiguous="lower"))
    'Classes by ASCO/CAP 2013; a range of scores such as 0-1+ is read as its lower score.'
    """
    ranges = {
        "exclude": "gives no class, unless both scores give the same one",
        "lower": "is read as its lower score",
        "upper": "is read as its upper score",
    }
    return f"Classes by ASCO/CAP {rule.edition}; a range of scores such as 0-1+ {ranges[rule.ambiguous]}."


PAIRING_CAPTION = (
    "Number (% of all analysed patients). A patient with a class at both stages is a pair; all else on this "
    "page is about pairs. No missing class is filled in."
)


def reading_notes(notes: pd.Series) -> str:
    """Return what was odd in reading the specimens, with counts; "" when nothing was.

    Parameters
    ----------
    notes
        One note a specimen, empty for most.

    Examples
    --------
    >>> reading_notes(pd.Series(["", "IHC 0-1+ read as 0", "IHC 0-1+ read as 0"]))
    'Noticed in reading the specimens: IHC 0-1+ read as 0 (2).'
    """
    counts = notes[notes.ne("")].value_counts()
    parts = [f"{note} ({n})" for note, n in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))]
    return f"Noticed in reading the specimens: {'; '.join(parts)}." if parts else ""


def transitions_caption(before: str, after: str) -> str:
    """Return how to read the transition table."""
    return (
        f"Rows: class at {before}; columns: class at {after}. Number (% of the row); in the last row "
        "% of all pairs. Exact confidence intervals are in the results file."
    )


def her2_discordance(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Direction of the changes, how discordance differs between strata, and whose stratum is not known.

    Parameters
    ----------
    rows
        Rows of the analysis ``her2_discordance``.
    labels
        Names of the variables.

    Returns
    -------
    str
    """
    kinds = ("discordant", "to_higher", "to_lower")
    whole = {kind: one(rows, statistic=kind, variable="")["n_events"] for kind in kinds}
    if not whole["discordant"]:
        return "No pair changed its class."
    text = (
        f"Of {whole['discordant']} changes, {whole['to_higher']} were to a higher and {whole['to_lower']} to "
        "a lower class."
    )
    tests = select(rows, statistic="p_value").dropna(subset=["value"])
    parts = [
        f"{lower_first(labels[str(v)])} ({fmt.p_equals(float(p))})"
        for v, p in tests.loc[tests["value"] < 0.05, ["variable", "value"]].to_numpy()
    ]
    if parts:
        text += f" Discordance differed by {listed(parts)}."
    elif len(tests):
        text += " Discordance did not differ between the strata at p < 0.05."
    lost = select(rows, statistic="n_missing")
    unknown = [
        f"{lower_first(labels[str(v)])} in {int(n)}" for v, n in lost[["variable", "value"]].to_numpy() if n
    ]
    return text + (f" Not known: {listed(unknown)}." if unknown else "")


def discordance_caption(rows: pd.DataFrame) -> str:
    """Return how to read discordance by stratum, with the number of tests."""
    return (
        "Pairs whose two classes differ, with exact 95% confidence intervals. The p-value asks whether "
        f"discordance differs between the levels of a variable. {multiplicity(rows)}"
    )


AGREEMENT_CAPTION = (
    "Kappa is agreement beyond chance: 0 is chance, 1 is perfect. With linear weights, a change by two "
    "classes counts as twice a change by one. A small p of Bowker's test says that some change is commoner "
    "than its reverse; of the Stuart-Maxwell test, that the classes are not equally frequent at both stages."
)


def eligibility_caption(classes: Sequence[str], before: str, after: str) -> str:
    """Return who counts as eligible, and what the number of biopsies means."""
    return (
        f"Eligible for a HER2-directed ADC by class: {' or '.join(classes)}. Biopsies to find one gain: how "
        f"many patients not eligible at {before} are classified again at {after} for one who has become "
        "eligible (the reciprocal of the gain). Exact 95% confidence intervals. Line of therapy, approval "
        "and fitness are not considered."
    )


def interval(rows: pd.DataFrame) -> str:
    """Say how long after the first specimen the second was taken; nothing when it is not known.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> interval(frame([row("her2_interval", "median", 30.5, n=247)]))
    'median 30.5 months later'
    """
    middle = one(rows, statistic="median")["value"]
    return "" if pd.isna(middle) else f"median {fmt.number(middle)} months later"
