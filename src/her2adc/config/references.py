"""Names used in one part of a study file that another part has to define, and parts that contradict."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from her2adc.config.models import Study
from her2adc.errors import Problem, nearest

Place = tuple[int | str, ...]


def line_of(tree: yaml.Node | None, loc: Place) -> int | None:
    """Line in the file of the deepest node on the path ``loc`` that exists."""
    node, line = tree, None
    for key in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(key)), None)
            if pair is None:
                continue
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
    return line


def references(study: Study, tree: yaml.Node | None) -> list[Problem]:
    """Names used in one part of the file that another part has to define."""
    variables = [*study.variables, *study.derived]
    endpoints = list(study.endpoints)
    used: list[tuple[Place, tuple[str, ...], list[str]]] = [
        (("baseline", "variables"), study.baseline.variables, variables),
        (("subgroups",), study.subgroups, variables),
        (("adjustment",), study.adjustment, variables),
        (("group",), (study.group,), variables),
        (("evolution", "strata"), study.evolution.strata if study.evolution else (), variables),
        (("evolution", "endpoint"), _some(study.evolution.endpoint if study.evolution else None), endpoints),
        *_compared(study, variables, endpoints),
        *_tested(study, variables, endpoints),
        (("main_endpoint",), _some(study.main_endpoint), endpoints),
    ]
    for number, chapter in enumerate(study.chapters):
        for key, allowed in (
            ("endpoint", endpoints),
            ("by", variables),
            ("strata", variables),
            ("outcome", list(study.outcomes)),
        ):
            value = chapter.parameters.get(key)
            if value and isinstance(value, str):
                used.append((("chapters", number, "parameters", key), (value,), allowed))
    problems = [
        located(tree, loc, "names something that is not defined", nearest(name, allowed), name)
        for loc, names, allowed in used
        for name in names
        if name not in allowed and not (loc == ("group",) and study.group == "her2_class")
    ]
    pages = [c.page for c in study.chapters]
    problems += [
        located(tree, ("chapters",), "two chapters have the same page name",
                 "give each chapter its own 'page'", page)
        for page in sorted({p for p in pages if pages.count(p) > 1})
    ]  # fmt: skip
    problems += [located(tree, *found) for found in (*_contradictions(study), *_twins(study))]
    if study.evolution and (study.her2 is None or study.data.her2_tests is None):
        problems.append(
            located(tree, ("evolution",), "HER2 is followed over the table 'her2_tests', which needs "
                     "'her2' and 'data.her2_tests'", "add both, or delete 'evolution'")
        )  # fmt: skip
    if study.response and study.response.start and study.data.assessments is None:
        problems.append(
            located(tree, ("response",), "response is derived from the table 'assessments', which "
                     "'data' does not list", "add data.assessments or use response.column")
        )  # fmt: skip
    if study.sequencing:
        wanted = study.sequencing.table
        tables = [t for t in ("exposures", "treatments") if t in study.data.tables]
        if not tables or (wanted and wanted not in tables):
            problems.append(
                located(tree, ("sequencing",), "lines of therapy need the table 'exposures' or 'treatments'",
                         f"add data.{wanted or 'exposures'}, or delete 'sequencing'")
            )  # fmt: skip
        named = {c for e in study.endpoints.values() for c in (*e.events, *e.competing)}
        if not study.sequencing.death and (lost := sorted(named & study.sequencing.needs_death)):
            problems.append(
                located(tree, ("sequencing",), "endpoints count deaths that 'sequencing' does not know of",
                         "add death: the column of the date of death", ", ".join(lost))
            )  # fmt: skip
    return problems


def _contradictions(study: Study) -> Iterator[tuple[Place, str, str, str]]:
    """Parts of a study file that no page could be made of."""
    group = {**study.variables, **study.derived}.get(study.group)
    if group is None and study.group == "her2_class":
        yield (("group",), "there is no 'her2', from which the groups would come",
               "add her2, or write group: the name of a variable with levels", "")  # fmt: skip
    elif group is not None and group.kind == "continuous" and study.group in study.variables:
        yield (("group",), "the group is a number", "give the variable levels, or cut: [bounds]", study.group)
    names = group.level_names if group is not None else []
    if study.reference and names and study.reference not in names:
        yield ("reference",), "is no level of the group", nearest(study.reference, names), study.reference
    for n, name in enumerate(study.subgroups):
        found = study.variables.get(name)
        if found is not None and found.kind == "continuous":
            yield (("subgroups", n), "is a number, and has no levels to compare within",
                   f"add a variable with from: {found.source or name} and cut: [bounds]", name)  # fmt: skip
        if name == study.group:
            yield ("subgroups", n), "the group is no subgroup of itself", "delete it here", name
    if study.group in study.adjustment:
        n = study.adjustment.index(study.group)
        yield ("adjustment", n), "the group is in the model anyway", "delete it here", study.group
    given = {k for k, v in (study.follow_up or {}).items() if v}
    if study.follow_up is not None and (lost := {"start", "end"} - given):
        yield (("follow_up",), f"has no {' and no '.join(sorted(lost))}",
               "name both: start and end, date columns of patients", "")  # fmt: skip
    for name, e in study.endpoints.items():
        for n, landmark in enumerate(e.landmarks):
            if not 0 < landmark < 1200:
                yield ("endpoints", name, "landmarks", n), "is no number of months", "write 12", str(landmark)


def _twins(study: Study) -> Iterator[tuple[Place, str, str, str]]:
    """Names that stand twice in a list, and different things that would print alike."""
    lists = {("baseline", "variables"): study.baseline.variables, ("subgroups",): study.subgroups,
             ("adjustment",): study.adjustment}  # fmt: skip
    for place, names in lists.items():
        for name in dict.fromkeys(n for n in names if names.count(n) > 1):
            yield (*place, names.index(name)), "stands twice", "delete one of the two", name
    known = {**study.variables, **study.derived}
    labels: list[tuple[str, dict[str, str]]] = [
        (place[0], {n: known[n].label for n in names if n in known}) for place, names in lists.items()
    ]
    labels += [("endpoints", {n: e.label for n, e in study.endpoints.items()}),
               ("outcomes", {n: o.label for n, o in study.outcomes.items()}),
               ("populations", {n: p.label for n, p in study.populations.items()})]  # fmt: skip
    said: set[str] = set()
    for part, named in labels:
        for name, label in named.items():
            kind = known[name].kind if name in known else None  # a number and its levels may share a label
            same = [n for n, other in named.items() if _folded(other) == _folded(label)
                    and (n not in known or known[n].kind == kind)]  # fmt: skip
            if same[0] != name or len(same) < 2 or _folded(label) in said:
                continue
            said.add(_folded(label))
            place = ("variables", same[1]) if same[1] in study.variables else (part, same[1])
            yield ((*place, "label"), f"{' and '.join(same)} have the same label, and would print alike",
                   "give each a label of its own", label)  # fmt: skip


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _compared(
    study: Study, variables: list[str], endpoints: list[str]
) -> list[tuple[Place, tuple[str, ...], list[str]]]:
    """Names that the comparison of sequences uses."""
    rule = study.comparison
    if rule is None:
        return []
    return [
        (("comparison", "covariates"), rule.covariates, variables),
        (("comparison", "endpoint"), (rule.endpoint,), endpoints),
    ]


def _tested(
    study: Study, variables: list[str], endpoints: list[str]
) -> list[tuple[Place, tuple[str, ...], list[str]]]:
    """Names that the biomarkers use."""
    rule = study.biomarkers
    if rule is None:
        return []
    taken = tuple(m.variable for m in rule.markers.values() if m.variable)
    numbers = [v for v in study.variables if study.variables[v].kind == "continuous"]
    responses = [*study.outcomes, "best_response", *(v for v in variables if v.startswith("best_response"))]
    tables = [n for n in study.data.tables if n != "patients"]
    return [
        (("biomarkers", "adjustment"), rule.adjustment, variables),
        (("biomarkers", "endpoint"), _some(rule.endpoint), endpoints),
        (("biomarkers", "response"), _some(rule.response), responses),
        (("biomarkers", "markers"), taken, numbers),
        (("biomarkers", "data.biomarkers"), ("biomarkers",) if rule.in_table else (), tables),
    ]


def _some(name: str | None) -> tuple[str, ...]:
    """Return a name as a tuple, empty without one."""
    return (name,) if name else ()


def located(
    tree: yaml.Node | None, loc: Place, message: str, remedy: str, value: str = ""
) -> Problem:
    """Make a problem of a key, with its line in the file."""
    column = ".".join(map(str, loc))
    return Problem("study.yml", message, remedy, line_of(tree, loc), column, value)
