"""Names of drugs as records write them."""

import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from her2adc import agents
from her2adc.config import Drug

FORMS = {
    "T-DXd": ["T-DXd", "t dxd", "TDXd", "Trastuzumab deruxtecan", "fam-trastuzumab deruxtecan-nxki",
              "FAM-TRASTUZUMAB DERUXTECAN", "DS-8201", "DS8201a", "Enhertu®", "T-DXd 5.4 mg/kg",
              "T-DXd 5,4 mg/kg q3w", "ENHERTU 100 mg", "Trastuzumab deruxtecan (T-DXd)",
              "trastuzumab deruxtecan [Enhertu] 5.4mg/kg",
              "优赫得", "德曲妥珠单抗", "T‑DXd"],
    "SG": ["SG", "sacituzumab govitecan", "Sacituzumab govitecan-hziy", "IMMU-132", "IMMU132", "Trodelvy",
           "Trodelvy 10 mg/kg D1,8 q21d", "SACITUZUMAB-GOVITECAN", "戈沙妥珠单抗"],
    "T-DM1": ["T-DM1", "TDM1", "ado-trastuzumab emtansine", "Kadcyla", "trastuzumab emtansine 3.6 mg/kg"],
    "Dato-DXd": ["Dato-DXd", "datopotamab deruxtecan", "datopotamab deruxtecan-dlnk", "DS-1062", "DS-1062a",
                 "Datroway"],
    "sac-TMT": ["sacituzumab tirumotecan", "SKB264", "SKB-264", "MK-2870", "sac-TMT", "SKB264/MK-2870"],
    "DV": ["disitamab vedotin", "RC48", "RC48-ADC", "Aidixi"],
    "SYD985": ["trastuzumab duocarmazine", "[vic-]trastuzumab duocarmazine", "SYD985"],
    "HER3-DXd": ["patritumab deruxtecan", "U3-1402", "HER3 DXd"],
    "SHR-A1811": ["SHR-A1811", "trastuzumab rezetecan"],
    "A166": ["A166", "trastuzumab botidotin"],
    "iza-bren": ["BL-B01D1", "iza-bren"],
    "nab-paclitaxel": ["nab-paclitaxel", "Abraxane", "PACLITAXEL PROTEIN-BOUND",
                       "weekly nab-paclitaxel 125 mg/m²", "nab paclitaxel", "白蛋白结合型紫杉醇"],
    "paclitaxel": ["Taxol", "paclitaxel 80 mg/m2 weekly", "紫杉醇"],
    "pegylated liposomal doxorubicin": ["PLD", "Caelyx", "Doxorubicin HCl liposome",
                                        "doxorubicin, liposomal"],
    "fluorouracil": ["5-FU", "5FU", "fluorouracil 500 mg/m2", "5-Fluorouracil"],
    "tamoxifen": ["tamoxifen citrate 20mg daily", "Tamoxifeno", "Nolvadex"],
    "letrozole": ["Letrozol", "létrozole", "Femara 2.5 mg po qd"],
    "capecitabine": ["Capecitabin", "capecitabina", "capécitabine", "Xeloda"],
    "trastuzumab": ["Herceptin", "trastuzumab-dkst", "TRASTUZUMAB BIOSIMILAR", "trastuzumab subcutaneous"],
    "lapatinib": ["lapatinib ditosylate", "Tyverb", "Tykerb"],
    "eribulin": ["eribulin mesylate", "Halaven"],
    "zoledronic acid": ["Zometa", "zoledronate", "Zoledronsäure 4 mg", "zoledronic acid 4 mg iv q3m"],
}  # fmt: skip


@pytest.mark.parametrize(("short", "text"), [(s, t) for s, texts in FORMS.items() for t in texts])
def test_forms_of_one_drug(short, text):
    reading = agents.read(text)
    assert ([a.short for a in reading.agents], reading.unknown) == ([short], ())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("paclitaxel + carboplatin", ["paclitaxel", "carboplatin"]),
        ("SG/pembrolizumab", ["SG", "pembrolizumab"]),
        ("paclitaxel (Taxol) 80 mg/m2 and carboplatin AUC2", ["paclitaxel", "carboplatin"]),
        ("Pertuzumab, trastuzumab with docetaxel", ["pertuzumab", "trastuzumab", "docetaxel"]),
        ("pertuzumab/trastuzumab/hyaluronidase-zzxf", ["pertuzumab", "trastuzumab", "hyaluronidase"]),
        ("AC", ["doxorubicin", "cyclophosphamide"]),
        ("CDK4/6 inhibitor + letrozole", ["CDK4/6 inhibitor", "letrozole"]),
        ("chemotherapy (gemcitabine, cisplatin)", ["gemcitabine", "cisplatin"]),
        ("T-DXd + T-DXd", ["T-DXd"]),
    ],
)
def test_several_drugs_in_one_cell(text, names):
    reading = agents.read(text)
    assert ([a.short for a in reading.agents], reading.unknown) == (names, ())


@pytest.mark.parametrize(
    ("text", "unknown", "near"),
    [
        ("paclitaxell", "paclitaxell", "paclitaxel"),
        ("Trodelvi", "Trodelvi", "sacituzumab govitecan"),
        ("carboplatin + something", "something", None),
        ("AC-T", "AC-T", "doxorubicin + cyclophosphamide"),
        ("Herceptin (T-DXd)", "Herceptin (T-DXd)", "trastuzumab"),  # two drugs, one of them in brackets
        ("sacituzumab", "sacituzumab", None),  # which of two
        ("not reported", "not reported", None),
        ("", "", None),
    ],
)
def test_unknown_is_handed_back_and_never_guessed(text, unknown, near):
    reading = agents.read(text)
    assert reading.unknown == (unknown,)
    assert agents.nearest_name(unknown) == near


def test_what_the_study_says_goes_first():
    own, wrong = agents.declared(
        {
            "Arm A": "T-DXd + pertuzumab",
            "Vitamin D": "ignore",
            "XYZ-123": Drug.model_validate(
                {"class": "ADC", "target": "TROP2", "payload": "new", "payload_class": "Other"}
            ),
            "SG": "ignore",
            "odd": "no such drug",
        }
    )
    assert wrong == ["odd"]
    found = agents.read("arm a + xyz123 + vitamin d", own).agents
    assert [a.short for a in found] == ["T-DXd", "pertuzumab", "XYZ-123"]
    assert agents.read("SG", own) == agents.Reading()
    assert agents.read("xyz 123", own).agents[0].adc


def test_dictionary_is_coherent():
    found = agents.known().values()
    shorts = [a.short for a in found]
    assert len(shorts) == len(set(shorts))
    for agent in found:
        assert bool(agent.target and agent.payload and agent.payload_class) == agent.adc, agent
        assert agents.read(agent.name).agents == (agent,)
        assert agents.read(agent.short).agents == (agent,)
    stems: dict[str, tuple] = {}
    for name, drugs in agents.dictionary().items():  # endings of languages never join two drugs
        assert stems.setdefault(agents._stem(name), drugs) == drugs, name
    assert sum(a.adc for a in found) >= 20
    assert len(found) >= 150


def test_no_name_stands_twice():
    text = Path(agents.__file__).with_name("agents.yml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    combinations, unnamed = content.pop("combinations"), content.pop("not specified")
    names = [*combinations, *(n for k, v in unnamed.items() for n in (k, *v["names"]))]
    for drugs in content.values():
        for name, about in drugs.items():
            own = [name, *(about["names"] if isinstance(about, dict) else about)]
            short = about.get("short") if isinstance(about, dict) else None
            names += [*own, *([short] if short and agents.key(short) not in map(agents.key, own) else [])]
    keys = [agents.key(n) for n in names]
    assert sorted(k for k in set(keys) if keys.count(k) > 1) == []


@given(st.text(alphabet=string.printable + "紫–®", max_size=40))
def test_any_text_is_read_without_an_error(text):
    reading = agents.read(text)
    assert reading.agents or reading.unknown is not None


NAMES = sorted(agents.known())


@given(
    st.sampled_from(NAMES),
    st.sampled_from([str.upper, str.title, str.lower]),
    st.sampled_from(["", " ", "  "]),
)
def test_case_and_blanks_do_not_matter(name, case, blank):
    written = blank + case(name).replace("-", " - " if blank else "-") + blank
    expected = agents.read(name).agents
    assert agents.read(written).agents == expected


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    st.sampled_from([" + ", "/", " and ", ", "]),
)
def test_a_combination_holds_its_parts(names, sign):
    found = agents.read(sign.join(names))
    assert not found.unknown
    assert {a.name for a in found.agents} == set(names)
