"""System organ class of the adverse events that are common under antibody-drug conjugates (CTCAE 5.0)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

__all__ = ["OTHER", "by_class", "classes_of"]

OTHER = "Other or not classified"
"""Class of a term that is neither given in the data nor known here."""

_CLASSES: dict[str, tuple[str, ...]] = {
    "Blood and lymphatic system disorders": (
        "Anemia", "Anaemia", "Febrile neutropenia", "Leukocytosis", "Neutropenia", "Leukopenia",
        "Lymphopenia", "Thrombocytopenia",
    ),
    "Cardiac disorders": (
        "Heart failure", "Left ventricular systolic dysfunction", "Left ventricular dysfunction",
        "Atrial fibrillation", "Sinus tachycardia",
    ),
    "Eye disorders": (
        "Dry eye", "Keratitis", "Blurred vision", "Watering eyes", "Corneal ulcer", "Cataract",
        "Conjunctivitis",
    ),
    "Gastrointestinal disorders": (
        "Nausea", "Vomiting", "Diarrhea", "Diarrhoea", "Constipation", "Mucositis oral", "Stomatitis",
        "Oral mucositis", "Abdominal pain", "Dyspepsia", "Colitis", "Dry mouth", "Ascites", "Bloating",
    ),
    "General disorders and administration site conditions": (
        "Fatigue", "Asthenia", "Fever", "Pyrexia", "Edema limbs", "Pain", "Malaise",
    ),
    "Hepatobiliary disorders": ("Hepatic failure", "Portal hypertension"),
    "Immune system disorders": ("Allergic reaction", "Anaphylaxis"),
    "Infections and infestations": (
        "Upper respiratory infection", "Urinary tract infection", "Lung infection", "Sepsis", "Pneumonia",
    ),
    "Injury, poisoning and procedural complications": ("Infusion related reaction",),
    "Investigations": (
        "Neutrophil count decreased", "White blood cell decreased", "Lymphocyte count decreased",
        "Platelet count decreased", "Alanine aminotransferase increased", "ALT increased",
        "Aspartate aminotransferase increased", "AST increased", "Blood bilirubin increased",
        "Alkaline phosphatase increased", "GGT increased", "Creatinine increased",
        "Ejection fraction decreased", "LVEF decreased", "Weight loss",
        "Electrocardiogram QT corrected interval prolonged",
    ),
    "Metabolism and nutrition disorders": (
        "Anorexia", "Decreased appetite", "Hypokalemia", "Hyponatremia", "Hyperglycemia", "Hypocalcemia",
        "Hypoalbuminemia", "Dehydration",
    ),
    "Musculoskeletal and connective tissue disorders": ("Arthralgia", "Myalgia", "Back pain", "Bone pain"),
    "Nervous system disorders": (
        "Headache", "Dizziness", "Dysgeusia", "Peripheral sensory neuropathy", "Peripheral motor neuropathy",
        "Paresthesia",
    ),
    "Psychiatric disorders": ("Insomnia", "Anxiety", "Depression"),
    "Renal and urinary disorders": ("Acute kidney injury", "Renal impairment", "Proteinuria"),
    "Respiratory, thoracic and mediastinal disorders": (
        "Pneumonitis", "Interstitial lung disease", "ILD", "Interstitial lung disease/pneumonitis", "Cough",
        "Dyspnea", "Dyspnoea", "Epistaxis", "Pleural effusion",
    ),
    "Skin and subcutaneous tissue disorders": (
        "Alopecia", "Rash", "Rash maculo-papular", "Pruritus", "Dry skin", "Skin hyperpigmentation",
        "Palmar-plantar erythrodysesthesia syndrome",
    ),
    "Vascular disorders": ("Hypertension", "Hypotension", "Thromboembolic event", "Hot flashes"),
}  # fmt: skip
_KNOWN = {term.casefold(): name for name, terms in _CLASSES.items() for term in terms}


def classes_of(adverse_events: pd.DataFrame) -> dict[str, str]:
    """System organ class of each term: as the data say (``soc``), else as CTCAE 5.0 files it.

    Parameters
    ----------
    adverse_events : pandas.DataFrame
        One row an event: ``term`` and, if known, ``soc``.

    Returns
    -------
    dict
        Class by term; :data:`OTHER` where neither says.

    Examples
    --------
    >>> classes_of(pd.DataFrame({"term": ["Nausea", "Odd"]}))
    {'Nausea': 'Gastrointestinal disorders', 'Odd': 'Other or not classified'}
    """
    terms = [str(t) for t in adverse_events["term"].dropna().unique()]
    found = {term: _KNOWN.get(term.casefold(), OTHER) for term in terms}
    if "soc" in adverse_events:
        said = adverse_events.dropna(subset=["term", "soc"]).drop_duplicates("term")
        found |= dict(zip(said["term"].astype(str), said["soc"].astype(str), strict=True))
    return found


def by_class(classes: Mapping[str, str], terms: list[str]) -> dict[str, list[str]]:
    """Terms by class: classes by name with the unknown one last, terms in the order given.

    Examples
    --------
    >>> by_class({"Nausea": "Gut", "Rash": "Skin", "Vomiting": "Gut"}, ["Vomiting", "Rash", "Nausea"])
    {'Gut': ['Vomiting', 'Nausea'], 'Skin': ['Rash']}
    """
    names = sorted({classes[t] for t in terms}, key=lambda name: (name == OTHER, name))
    return {name: [t for t in terms if classes[t] == name] for name in names}
