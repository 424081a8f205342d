"""Names of drugs as records write them -> the drugs, by generic name, class, and target and payload of ADCs.

A name that is not known is never guessed: it is handed back with the nearest name that is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from her2adc.config import ADC, IGNORED, Drug

_SPLIT = re.compile(r"\s*(?:[+&,;|、，；＋]|/(?!\d)|(?<!\d)/|\band\b|\bwith\b|\bplus\b)\s*", re.I)
_BRACKETS = re.compile(r"[(\[（【]([^()\[\]（）【】]*)[)\]）】]")
_DOSE = re.compile(
    r"(?<![a-z0-9-])\d+([.,]\d+)?\s*-?\s*(mg|g|[μu]g|mcg|iu|mg\s*/\s*kg|mg\s*/\s*m\^?2)"
    r"(\s*/\s*(kg|m\^?2|d(ay)?|w(ee)?k|dose|qd))*(?![a-z])"
    r"|\bauc\s*=?\s*\d+([.,]\d+)?|\bq\s?\d?\s?(w|d|mo?)\b|\bq\d+\s?(w|d|days|weeks)?\b"
    r"|\b(d|day|days)\s?\d+(\s?[,-]\s?d?\d+)*\b|\b[x×]\s?\d+\b|\b\d+\s*(x|cycles?)(?![a-z])",
    re.I,
)
_WORDS = re.compile(
    r"\b(hydrochloride|dihydrochloride|hcl|mesylate|mesilate|citrate|tartrate|bitartrate|ditartrate|ditosylate|"
    r"tosylate|maleate|succinate|acetate|sulfate|sulphate|disodium|besylate|monohydrate|injections?|"
    r"injectable|tablets?|capsules?|iv|i\.v\.|po|p\.o\.|sc|s\.c\.|im|oral|subcutaneous|intravenous|bid|qd|tid|"
    r"weekly|biweekly|monthly|daily|cycles?|biosimilar|generic|suspension)\b",
    re.I,
)
_SUFFIX = re.compile(r"-[a-z]{4}$", re.I)


@dataclass(frozen=True, order=True)
class Agent:
    """A drug.

    ``name`` is the generic name; ``short`` the name that tables and figures print. ``target``,
    ``payload`` and ``payload_class`` are empty unless the drug is an antibody-drug conjugate.
    ``named`` is False for a class written in the place of a drug (``chemotherapy``).
    """

    name: str
    short: str
    drug_class: str
    target: str = ""
    payload: str = ""
    payload_class: str = ""
    named: bool = True

    @property
    def adc(self) -> bool:
        """Whether it is an antibody-drug conjugate."""
        return self.drug_class == ADC

    @property
    def ignored(self) -> bool:
        """Whether lines of therapy take no notice of it: bone-modifying or supportive."""
        return self.drug_class in IGNORED


@dataclass(frozen=True)
class Reading:
    """What a text was read as: its drugs, and the parts that no name is known for."""

    agents: tuple[Agent, ...] = ()
    unknown: tuple[str, ...] = ()


def key(text: str) -> str:
    """Return a name without case, blanks, hyphens, accents and marks, for comparison.

    Examples
    --------
    >>> key("T-DXd"), key("Trodelvy®"), key("5 – FU")
    ('tdxd', 'trodelvy', '5fu')
    """
    plain = unicodedata.normalize("NFKD", re.sub("[®™©]", "", text)).casefold()
    return "".join(c for c in plain if c.isalnum())


@lru_cache(maxsize=1)
def dictionary() -> dict[str, tuple[Agent, ...]]:
    """Return the drugs by the :func:`key` of each of their names; a combination has several.

    Examples
    --------
    >>> [a.short for a in dictionary()["enhertu"]], [a.name for a in dictionary()["ac"]]
    (['T-DXd'], ['doxorubicin', 'cyclophosphamide'])
    """
    content: dict[str, Any] = yaml.safe_load(files("her2adc").joinpath("agents.yml").read_text("utf-8"))
    combinations, unnamed = content.pop("combinations"), content.pop("not specified")
    found: dict[str, tuple[Agent, ...]] = {}
    for drug_class, drugs in content.items():
        for name, about in drugs.items():
            more = dict(about) if isinstance(about, dict) else {"names": about}
            names = (name, *more.pop("names"))
            agent = Agent(name, more.pop("short", name), drug_class, **more)
            found |= dict.fromkeys(map(key, (*names, agent.short)), (agent,))
    for name, about in unnamed.items():
        agent = Agent(name, name, about["class"], named=False)
        found |= dict.fromkeys(map(key, (name, *about["names"])), (agent,))
    parts = {n: tuple(found[key(d)][0] for d in drugs) for n, drugs in combinations.items()}
    return found | {key(n): agents for n, agents in parts.items()}


@lru_cache(maxsize=1)
def known() -> dict[str, Agent]:
    """Return every single drug by its generic name.

    Examples
    --------
    >>> known()["sacituzumab govitecan"].target, known()["trastuzumab emtansine"].payload_class
    ('TROP2', 'Microtubule inhibitor')
    """
    return {a.name: a for agents in dictionary().values() for a in agents}


def read(text: str, own: Mapping[str, tuple[Agent, ...]] | None = None) -> Reading:
    """Read a cell that names one drug or several.

    Parameters
    ----------
    text
        As recorded: brand, generic or code name, with or without dose, salt, suffix and schedule;
        several drugs with ``+``, ``/``, ``,`` or ``and`` between them.
    own
        What a study says of its own texts, by :func:`key`; it goes before the dictionary.

    Returns
    -------
    Reading
        Each drug once, in the order of the text.

    Examples
    --------
    >>> [a.short for a in read("fam-trastuzumab deruxtecan-nxki 5.4 mg/kg q3w").agents]
    ['T-DXd']
    >>> [a.name for a in read("Nab-paclitaxel 100 mg/m2 + CARBOPLATIN AUC 2").agents]
    ['nab-paclitaxel', 'carboplatin']
    >>> read("paclitaxell").unknown
    ('paclitaxell',)
    """
    names = {**dictionary(), **(own or {})}
    if (direct := _lookup(text, names)) is not None:
        return Reading(tuple(dict.fromkeys(direct)))
    plain = _without_dose(text)
    outer, inner = _BRACKETS.sub(" ", plain), _BRACKETS.findall(plain)
    if inner and not _SPLIT.search(outer.strip()):
        return _bracketed(text, read(outer, own), [read(i, own) for i in inner])
    parts = [p for p in _parts(plain) if p.strip()]
    if len(parts) < 2:
        return Reading(unknown=(text.strip(),))
    readings = [read(p, own) for p in parts]
    agents = dict.fromkeys(a for r in readings for a in r.agents)
    return Reading(tuple(agents), tuple(dict.fromkeys(u for r in readings for u in r.unknown)))


def _without_dose(text: str) -> str:
    return _DOSE.sub(" ", unicodedata.normalize("NFKC", re.sub("[®™©]", "", text)))


def _lookup(text: str, names: Mapping[str, tuple[Agent, ...]]) -> tuple[Agent, ...] | None:
    """Find a name as written, then without dose, schedule and salt, then without a suffix."""
    bare = _WORDS.sub(" ", _without_dose(text)).strip()
    for form in (text, _without_dose(text), bare, _SUFFIX.sub("", bare)):
        if (found := names.get(key(form))) is not None:
            return found
    return _by_stem().get(_stem(key(bare)))


def _stem(name: str) -> str:
    """Leave out the ending that languages change: letrozol, capecitabina, carboplatine."""
    return name[:-1] if len(name) > 7 and name[-1] in "aeo" else name


@lru_cache(maxsize=1)
def _by_stem() -> dict[str, tuple[Agent, ...]]:
    return {_stem(name): agents for name, agents in dictionary().items()}


def _parts(text: str) -> list[str]:
    """Split at the signs that stand outside brackets."""
    hidden = _BRACKETS.sub(lambda m: "\0" * len(m[0]), text)
    cuts = [0, *(i for m in _SPLIT.finditer(hidden) for i in m.span()), len(text)]
    return [text[a:b] for a, b in zip(cuts[::2], cuts[1::2], strict=True)]


def _bracketed(text: str, outer: Reading, inner: list[Reading]) -> Reading:
    """Read a name with a second one in brackets; two that name different drugs name none."""
    within = tuple(dict.fromkeys(a for r in inner for a in r.agents))
    if not outer.agents or outer.unknown:
        return Reading(within) if within and not outer.agents else Reading(unknown=(text.strip(),))
    if set(within) <= set(outer.agents):
        return outer
    return Reading(within) if not any(a.named for a in outer.agents) else Reading(unknown=(text.strip(),))


def nearest_name(text: str) -> str | None:
    """Return the known drug whose name looks most like a text, if one does.

    Examples
    --------
    >>> nearest_name("trastuzumab derukstecan"), nearest_name("xyz")
    ('trastuzumab deruxtecan', None)
    """
    close = get_close_matches(key(text), dictionary(), n=1, cutoff=0.75)
    return " + ".join(a.name for a in dictionary()[close[0]]) if close else None


def declared(own: Mapping[str, str | Drug]) -> tuple[dict[str, tuple[Agent, ...]], list[str]]:
    """Read what a study says of its own texts.

    Parameters
    ----------
    own
        Text of the study -> name of a known drug or several, ``ignore``, or a description of a drug.

    Returns
    -------
    dict, list
        Drugs by :func:`key` of the text (none to be ignored); the texts whose drug is not known.

    Examples
    --------
    >>> found, unknown = declared({"study drug": "T-DXd", "wash-in": "ignore", "odd": "no drug"})
    >>> {k: [a.short for a in v] for k, v in found.items()}, unknown
    ({'studydrug': ['T-DXd'], 'washin': []}, ['odd'])
    """
    found: dict[str, tuple[Agent, ...]] = {}
    unknown = []
    for text, value in own.items():
        if isinstance(value, Drug):
            about = (value.target, value.payload, value.payload_class or "")
            found[key(text)] = (Agent(text, value.short or text, value.drug_class, *about),)
        elif value == "ignore":
            found[key(text)] = ()
        elif (reading := read(value, found)).unknown:
            unknown.append(text)
        else:
            found[key(text)] = reading.agents
    return found, unknown
