"""Lines of therapy -> the antibody-drug conjugates (ADC) of each patient, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from her2adc.agents import Agent
from her2adc.config import Sequencing
from her2adc.courses import OPEN, Course, date, why_stopped
from her2adc.lines import Line

COURSE_COLUMNS = ("patient_id", "line", "adc_number", "agent", "name", "drug_class", "target", "payload",
                  "payload_class", "start", "stop", "reason", "texts")  # fmt: skip


@dataclass
class Treatment:
    """One ADC of a patient: from its first dose, over the lines it goes through, to the line after them.

    ``resumed`` are courses of it in later lines, where these do not count as another ADC.
    """

    agent: Agent
    first: Line
    courses: list[Course]
    until: Line
    following: Line | None = None
    resumed: list[Course] = field(default_factory=list)

    @property
    def partners(self) -> str:
        """Other drugs of its first line, empty when it is given alone."""
        return " + ".join(a.short for a in self.first.agents if a != self.agent)

    @property
    def start(self) -> int:
        """Day of the first dose."""
        return min(c.start for c in self.courses)

    @property
    def last(self) -> int:
        """Last day on which it is known to be given."""
        return max(c.last for c in self.courses)

    @property
    def stop(self) -> int | None:
        """Day of the last dose, before the next line; None while it goes on."""
        if self.following is not None:
            return max(min(self.last, self.following.start - 1), self.start)
        return None if self.last == OPEN else self.last

    @property
    def reason(self) -> str | None:
        """Why it was stopped."""
        found = why_stopped(self.courses)
        if self.following is not None:
            return None if found == "ongoing" else found
        return found or ("ongoing" if self.stop is None else None)


def adc_treatments(lines: list[Line], rule: Sequencing) -> list[Treatment]:
    """List the ADCs of one patient in order.

    An ADC that goes on while other drugs of its line change is one treatment. Given again after another
    line, or after a pause of more than ``gap_days``, it counts again, unless ``rechallenge`` is ``same``.

    Returns
    -------
    list of Treatment
    """
    same = rule.rechallenge == "same"
    found: list[Treatment] = []
    for before, line in zip([None, *lines], lines, strict=False):
        own = [c for c in line.courses if c.agent.adc]
        current = found[-1] if found else None
        if current and current.until is before and line.adc == current.agent:
            pause = min((c.start for c in own), default=current.last) - current.last
            if same or rule.gap_days is None or pause <= rule.gap_days:
                current.courses += own
                current.until = line
                continue
        if current and current.until is before:
            current.following = line
        if own:
            earlier = next((t for t in found if same and t.agent == own[0].agent), None)
            if earlier:
                earlier.resumed += own
            else:
                found.append(Treatment(own[0].agent, line, own, line))
    return found


def resumes(lines: list[Line], rule: Sequencing) -> bool:
    """Whether a patient has the same ADC again after a pause or another line, however it is counted."""
    given = [t.agent for t in adc_treatments(lines, rule.model_copy(update={"rechallenge": "new"}))]
    return len(given) > len(set(given))


def resumed_remark(n: int, rule: Sequencing) -> list[str]:
    """Say how many patients resumed an ADC, and how that is counted.

    Examples
    --------
    >>> resumed_remark(1, Sequencing())
    ['1 patient resumed the same ADC after a pause of more than 90 days or another line: it counts as \
another ADC (sequencing.rechallenge: new)']
    """
    pause = "" if rule.gap_days is None else f"a pause of more than {rule.gap_days} days or "
    counts = "another ADC" if rule.rechallenge == "new" else "the same ADC"
    who = f"{n} patient{'s' if n > 1 else ''} resumed the same ADC after {pause}another line"
    return [f"{who}: it counts as {counts} (sequencing.rechallenge: {rule.rechallenge})"] if n else []


def courses_table(
    lines: Mapping[str, list[Line]], treatments: Mapping[str, list[Treatment]]
) -> pd.DataFrame:
    """Return the drugs of every line, from the line in which they begin: a row a drug of a line.

    Returns
    -------
    DataFrame
        :data:`COURSE_COLUMNS`; ``stop`` as recorded, ``texts`` the names as recorded.
    """
    numbers = {
        id(c): n
        for part in treatments.values()
        for n, t in enumerate(part, 1)
        for c in (*t.courses, *t.resumed)
    }
    parts = [
        (p, line.number, agent, [c for c in line.courses if c.agent == agent])
        for p, found in lines.items()
        for line in found
        for agent in sorted({c.agent for c in line.courses}, key=lambda a: (not a.adc, a.short.casefold()))
    ]
    last = [max(c.last for c in own) for *_, own in parts]
    table = pd.DataFrame(
        [
            (p, n, numbers.get(id(own[0])), a.short, a.name, a.drug_class, a.target or None,
             a.payload or None, a.payload_class or None, None, None, why_stopped(own),
             "; ".join(sorted({t for c in own for t in c.texts})))
            for p, n, a, own in parts
        ],
        columns=list(COURSE_COLUMNS),
    )  # fmt: skip
    return table.assign(
        line=table["line"].astype("int64"),
        adc_number=table["adc_number"].astype(float),
        start=date([min(c.start for c in own) for *_, own in parts]),
        stop=date([None if d == OPEN else d for d in last]),
    )
