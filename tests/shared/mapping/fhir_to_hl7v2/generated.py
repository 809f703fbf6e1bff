"""Messages of every type that is written, as hypothesis strategies: fields that the maps claim, filled at random."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.structures import structure_of
from shared.formats.hl7v2.writing import Component, Composite, OutgoingSegment, write_message

Field = SearchStrategy[list[Composite]]

# Delimiters, escapes, letters beyond ASCII: whatever a text may hold.
_LETTERS = "abcXYZ019|^~\\&'-.éßЖ"
TEXT = st.text(_LETTERS, min_size=1, max_size=9)
WORD = st.text("abcdefgXYZé'-", min_size=2, max_size=9).filter(
    lambda word: word.upper() not in ("MD", "DO", "BA", "PA")
)
CODE = st.text("ABCDEFG0123456789", min_size=1, max_size=6)
NUMBER = st.from_regex(r"[1-9][0-9]{0,3}(\.[0-9]{1,2})?", fullmatch=True)
AUTHORITY: SearchStrategy[Component] = st.sampled_from(
    ["NORTHGATE", ["NORTHGATE", "1.3.6.1.4.1.99999.2", "ISO"], ["", "1.3.6.1.4.1.99999.3", "ISO"]]
)
DATE = st.dates().map(lambda day: day.strftime("%Y%m%d").zfill(8)).filter(lambda text: text >= "1900")
MOMENT = st.builds(
    lambda day, hour, zone: f"{day}{hour:02}3015{zone}", DATE, st.integers(0, 23), st.sampled_from(["+0100", "-0500"])
)


def composite(*parts: SearchStrategy[Component] | str) -> SearchStrategy[Composite]:
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map(list)


def one(strategy: SearchStrategy[Composite]) -> Field:
    return strategy.map(lambda value: [value])


def some(strategy: SearchStrategy[Composite], most: int = 2) -> Field:
    return st.lists(strategy, min_size=1, max_size=most, unique_by=str)


def text(strategy: SearchStrategy[str]) -> Field:
    return strategy.map(lambda value: [[value]])


CX = composite(CODE, "", "", AUTHORITY, "MR")
EI = st.builds(lambda code: [code, "NORTHGATE", "1.3.6.1.4.1.99999.2", "ISO"], CODE)
XPN = composite(WORD, WORD, WORD, st.sampled_from(["", "Jr"]), st.sampled_from(["", "Dr"]), "", "L")
XAD = composite(TEXT, TEXT, TEXT, TEXT, CODE, st.just("USA"), "H", "", TEXT)
PHONE = composite("", "PRN", "PH", "", "1", "555", st.from_regex(r"[2-9][0-9]{6}", fullmatch=True))
CWE = st.one_of(
    composite(CODE, TEXT, "LN"), composite(CODE, TEXT, "SCT", CODE, TEXT, "L"), composite(CODE, TEXT, "99LOC")
)
# One number is one person, who has one name.
XCN: SearchStrategy[Composite] = st.builds(
    lambda code, authority: [code, f"F-{code}", f"G-{code}", "", "", "Dr", "", "", authority, "L", "", "", "NPI"],
    CODE,
    AUTHORITY,
)
PL = composite(WORD, CODE, CODE, st.just("NORTHGATE"))


def coded(table: str) -> SearchStrategy[Composite]:
    return composite(CODE, TEXT, table)


_PATIENT = {
    3: some(CX),
    5: some(XPN),
    7: text(DATE),
    8: text(st.sampled_from("FMOU")),
    11: some(XAD),
    13: some(PHONE),
    16: one(composite(st.sampled_from("MSDW"), TEXT, "HL70002")),
    23: text(WORD),
    24: text(st.just("N")),
    29: text(MOMENT),
    30: text(st.just("Y")),
}
_VISIT = {
    2: text(st.sampled_from("EIO")),
    3: one(PL),
    4: one(coded("HL70007")),
    7: some(XCN),
    8: some(XCN),
    10: one(coded("HL70069")),
    14: one(coded("HL70023")),
    17: some(XCN),
    19: one(composite(CODE, "", "", AUTHORITY, "VN")),
    36: one(coded("HL70112")),
    44: text(MOMENT),
}
_OBSERVATION = {
    3: one(CWE),
    4: text(st.just("1")),
    6: one(composite(CODE, "", "UCUM")),
    7: text(TEXT),
    8: some(composite(st.sampled_from(["H", "L", "A"]))),
    11: text(st.sampled_from("FCX")),
    14: text(MOMENT),
    16: some(XCN),
    17: one(CWE),
}
_ORDER = {2: one(EI), 3: one(EI), 9: text(MOMENT), 12: some(XCN)}
_REQUEST = {2: one(EI), 3: one(EI), 4: one(CWE), 16: some(XCN), 31: some(CWE)}
_REPORT = {**_REQUEST, 7: text(MOMENT), 22: text(MOMENT), 24: text(CODE), 25: text(st.sampled_from("FCP"))}
_SPECIMEN = {4: one(CWE), 8: one(CWE), 17: text(MOMENT), 18: text(MOMENT), 7: one(CWE)}
_SEGMENTS: dict[str, dict[int, Field]] = {
    "EVN": {2: text(MOMENT)},
    "PID": _PATIENT,
    "PD1": {4: some(XCN)},
    "NK1": {2: one(XPN), 3: one(coded("HL70063")), 4: one(XAD), 5: some(PHONE), 16: text(DATE)},
    "PV1": _VISIT,
    "PV2": {3: one(CWE), 8: text(DATE), 11: text(st.just("4"))},
    "AL1": {2: one(coded("HL70127")), 3: one(CWE), 4: one(coded("HL70128")), 5: some(composite(TEXT))},
    "DG1": {3: one(CWE), 5: text(DATE), 6: text(st.sampled_from("FW")), 16: one(XCN)},
    "IN1": {2: text(CODE), 3: some(CX), 4: text(WORD), 8: text(CODE), 12: text(DATE), 36: text(CODE)},
    "IN2": {6: text(CODE), 8: text(CODE), 61: one(composite(CODE, "", "", AUTHORITY, "MB")), 69: text(WORD)},
    "PR1": {
        3: one(coded("HL70088")),
        5: text(MOMENT),
        7: text(st.sampled_from(["5", "90"])),
        8: some(XCN, 1),
        11: some(XCN, 1),
        12: some(XCN, 1),
        15: one(CWE),
        16: some(coded("HL70340")),
        19: one(EI),
        25: one(EI),
    },
    "ROL": {
        1: one(EI),
        2: text(st.sampled_from(["AD", "UP"])),
        3: one(coded("HL70443")),
        4: one(XCN),
        5: text(MOMENT),
        6: text(st.just("20991231")),
        9: one(CWE),
        11: some(XAD, 1),
        12: some(PHONE, 1),
    },
    "SAC": {
        1: one(EI),
        3: one(EI),
        9: one(coded("HL70378")),
        21: text(NUMBER),
        22: text(NUMBER),
        24: text(st.just("mL")),
    },
    "DRG": {1: one(coded("HL70055")), 2: text(MOMENT), 7: text(st.just("100&USD"))},
    "ACC": {1: text(MOMENT), 2: one(coded("HL70050")), 3: text(TEXT), 7: one(XCN)},
    "ORC": _ORDER,
    "OBR": _REPORT,
    "SPM": _SPECIMEN,
    # Nobody is merged into himself.
    "MRG": {1: some(composite(CODE.map(lambda code: f"OLD{code}"), "", "", AUTHORITY, "MR")), 7: one(XPN)},
    "SCH": {1: one(EI), 2: one(EI), 7: one(CWE), 8: one(CWE), 16: some(XCN)},
    "AIS": {3: one(CWE)},
    "AIL": {3: one(PL), 4: one(CWE), 6: text(MOMENT)},
    "AIP": {3: one(XCN), 4: one(CWE), 6: text(MOMENT)},
    "TXA": {2: one(coded("HL70270")), 6: text(MOMENT), 10: some(XCN, 1), 12: one(EI), 17: text(st.just("AU"))},
    "RXA": {3: text(MOMENT), 5: one(CWE), 6: text(NUMBER), 10: some(XCN), 15: text(WORD), 20: text(st.just("CP"))},
    "RXR": {1: one(coded("HL70162")), 2: one(coded("HL70163"))},
    "FT1": {4: text(MOMENT), 6: one(coded("HL70017")), 7: one(CWE), 10: text(NUMBER), 19: some(CWE), 20: some(XCN)},
    "RGS": {},
}
# Without these a message is nothing: they are always there.
_ALWAYS = {
    "PID": (3, 5),
    "PV1": (2,),
    "AL1": (3,),
    "DG1": (3, 6),
    "IN1": (2, 3),
    "ORC": (2,),
    "OBR": (2, 4, 25),
    "OBX": (3, 4, 11),
    "SPM": (4,),
    "SAC": (3,),
    "PR1": (3, 5),
    "ROL": (2, 3, 4),
    "IN2": (6,),
    "DRG": (1,),
    "ACC": (2,),
    "MRG": (1,),
    "SCH": (2,),
    "AIS": (3,),
    "AIL": (3,),
    "AIP": (3,),
    "TXA": (2, 12, 17),
    "RXA": (3, 5),
    "FT1": (4, 6, 7),
    "NK1": (2,),
    "EVN": (2,),
}
_LAYOUTS = {
    "ADT^A01": ("EVN", "PID", "PD1", "NK1", "PV1", "PV2", "AL1", "DG1", "DRG", "PR1", "ROL", "IN1", "IN2", "ACC"),
    "ADT^A03": ("EVN", "PID", "PV1", "DG1", "PR1"),
    "ADT^A04": ("EVN", "PID", "NK1", "PV1", "AL1"),
    "ADT^A08": ("EVN", "PID", "PV1", "PV2"),
    "ADT^A11": ("EVN", "PID", "PV1"),
    "ADT^A13": ("EVN", "PID", "PV1"),
    "ADT^A40": ("EVN", "PID", "MRG"),
    "ORU^R01": ("PID", "PV1", "ORC", "OBR", "OBX", "OBX", "SPM"),
    "OML^O21": ("PID", "ORC", "OBR", "DG1", "OBX", "SPM", "SAC"),
    "ORM^O01": ("PID", "ORC", "OBR", "DG1", "OBX"),
    "SIU^S12": ("SCH", "PID", "RGS", "AIS", "AIL", "AIP"),
    "SIU^S13": ("SCH", "PID", "PV1", "RGS", "AIS"),
    "SIU^S14": ("SCH", "PID", "RGS", "AIL"),
    "SIU^S15": ("SCH", "PID", "RGS", "AIP"),
    "MDM^T02": ("EVN", "PID", "PV1", "TXA"),
    "VXU^V04": ("PID", "NK1", "ORC", "RXA", "RXR", "OBX"),
    "DFT^P03": ("EVN", "PID", "PV1", "FT1", "PR1", "ROL", "DG1", "IN1", "IN2"),
}
VERSIONS = ("2.3.1", "2.5.1", "2.8")
NOT_IN = {("OML^O21", "2.3.1"), ("ORM^O01", "2.8")}
KINDS = [(kind, version) for kind in _LAYOUTS for version in VERSIONS if (kind, version) not in NOT_IN]

_VALUES: dict[str, Field] = {
    "NM": text(NUMBER),
    "ST": text(TEXT),
    "TX": st.lists(TEXT.map(lambda line: [line]), min_size=2, max_size=3),
    "CWE": one(CWE),
    "SN": one(composite(st.sampled_from(["<", ">="]), NUMBER)),
}


@st.composite
def messages(draw: st.DrawFn, kind: str, version: str) -> bytes:
    """Return one message of a type in a version."""
    code, event = kind.split("^")
    header = {
        3: [["SENDER"]],
        4: [["NORTHGATE"]],
        7: [["20260302083000+0100"]],
        9: [[code, event, structure_of(code, event, version=version)]],
        10: [["CASE-1"]],
        11: [["P"]],
        12: [[version]],
    }
    segments = [OutgoingSegment("MSH", header)]
    for name in _LAYOUTS[kind]:
        if name == "SPM" and version == "2.3.1":
            continue
        segments.append(draw(_segment(name, version, kind)))
        if name == "TXA":
            segments.append(_document())
    return write_message(segments, delimiters=Delimiters()).payload


def _document() -> OutgoingSegment:
    return OutgoingSegment("OBX", {2: [["TX"]], 3: [["", "Letter"]], 5: [["All is well."]], 11: [["F"]]})


@st.composite
def _segment(draw: st.DrawFn, name: str, version: str, kind: str) -> OutgoingSegment:
    choices = _OBSERVATION if name == "OBX" else _REQUEST if name == "OBR" and kind != "ORU^R01" else _SEGMENTS[name]
    if name == "ORC" and kind == "VXU^V04":
        # When it was ordered is when it was recorded: RXA-22.
        choices = {number: field for number, field in choices.items() if number != 9}
    always = _ALWAYS.get(name, ())
    fields = {
        number: draw(strategy) for number, strategy in choices.items() if number in always or draw(st.booleans())
    }
    if name == "OBX":
        datatype = draw(st.sampled_from(sorted(_VALUES)))
        fields[5] = draw(_VALUES[datatype])
        fields[2] = [["CE" if datatype == "CWE" and version == "2.3.1" else datatype]]
    if {29, 30} <= fields.keys() and name == "PID":
        fields.pop(30)
    if name == "OBR" and 4 not in fields:
        fields[4] = draw(one(CWE))
    return OutgoingSegment(name, fields)
