"""Words and short phrases that sentences are built of."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.config import Variable
from her2adc.results import select


def listed(parts: Sequence[str]) -> str:
    """Join as in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def lower_first(text: str) -> str:
    """Lower the first letter, unless the word is an abbreviation.

    Examples
    --------
    >>> lower_first("Overall survival"), lower_first("PFS"), lower_first("HER2-low"), lower_first("Ki-67")
    ('overall survival', 'PFS', 'HER2-low', 'Ki-67')
    """
    first = text.partition(" ")[0]
    short = first[1:2].isupper() or first.startswith("T-") or any(c.isdigit() for c in first)
    return text if short else text[:1].lower() + text[1:]


def median(row: pd.Series) -> str:
    """Median with its interval in words: ``9.0 months (95% CI 4.8 to 13.3)`` or ``not reached``.

    Examples
    --------
    >>> median(pd.Series({"value": 9.0, "conf_low": 4.8, "conf_high": 13.25, "conf_level": 0.95}))
    '9.0 months (95% CI 4.8 to 13.3)'
    """
    interval = fmt.estimate(row["value"], row["conf_low"], row["conf_high"])
    if pd.isna(row["value"]):
        lower = row["conf_low"]
        return "not reached" + (
            "" if pd.isna(lower) else f" (95% CI {fmt.number(lower)} months to NE)"
        )
    return interval.replace(" (", " months (", 1)


def compared(rows: pd.DataFrame) -> str:
    """Log-rank p as an end of a sentence, or nothing when it was not tested."""
    found = select(rows, analysis="logrank", statistic="p_value")
    if found.empty or found["value"].isna().all():
        return ""
    return f" (log-rank {fmt.p_equals(found['value'].iloc[0])})"


def level_name(variable: Variable, level: str) -> str:
    """Return the printed name of a group: its level, made to stand alone unless it is several words.

    Examples
    --------
    >>> liver = Variable(name="liver", label="Liver metastasis", levels="yes_no")
    >>> level_name(liver, "Yes"), level_name(liver, "No")
    ('Liver metastasis', 'No liver metastasis')
    >>> level_name(Variable(name="n", label="Previous lines", cut=(3,)), "<3")
    'Previous lines <3'
    >>> level_name(Variable(name="hr", label="Receptor status", levels=["Positive"]), "Positive")
    'Receptor status: positive'
    >>> level_name(Variable(name="relapse", label="Relapse", levels=["Not local"]), "Not local")
    'Not local'
    """
    if variable.name == "her2_class":
        return level
    if level in ("Yes", "No"):
        return variable.label if level == "Yes" else f"No {lower_first(variable.label)}"
    if level[:1].isalpha():
        return level if " " in level else f"{variable.label}: {lower_first(level)}"
    return f"{variable.label} {level}"


def rate(row: pd.Series) -> str:
    """Proportion with interval and counts.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rate(frame([row("a", "rate", 0.5, conf_low=0.1, conf_high=0.9, n=4, n_events=2)]).iloc[0])
    '50.0% (95% CI 10.0 to 90.0; 2 of 4)'
    """
    text = fmt.percent_estimate(row["value"], row["conf_low"], row["conf_high"])
    return f"{text[:-1]}; {row['n_events']} of {row['n']})"


def methods(rows: pd.DataFrame) -> str:
    """Return the methods that made these rows, each once."""
    used = [m for m in rows["method"].unique() if m and m not in ("count", "reference")]
    return "; ".join(used)


def with_population(label: str, population: str) -> str:
    """Return the name of an endpoint with the patients it is about, when not all.

    Examples
    --------
    >>> with_population("Overall survival", "Brain metastasis")
    'Overall survival, brain metastasis'
    """
    return f"{label}, {lower_first(population)}" if population else label


def multiplicity(rows: pd.DataFrame) -> str:
    """Return the number of tests, and that they are exploratory."""
    n = int(select(rows, statistic="p_value")["value"].notna().sum())
    return f"{n} test{'' if n == 1 else 's'}, not adjusted for multiplicity: exploratory."
