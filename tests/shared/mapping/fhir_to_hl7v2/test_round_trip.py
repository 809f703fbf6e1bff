"""HL7 v2 -> FHIR -> HL7 v2 keeps every field that the maps claim: what their tables say is put to the test."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.conversion import convert_message, convert_to_hl7v2
from shared.errors import RejectedError
from shared.formats.fhir.encoding import serialize
from shared.formats.hl7v2.message import Message, Segment
from shared.formats.hl7v2.parse import parse, split_batch
from shared.formats.hl7v2.structures import Definitions, definitions_of
from shared.mapping.coverage import FieldTable, Rule
from shared.mapping.fhir_to_hl7v2.choice import MESSAGES
from shared.partners.hl7v2_writing import WritingPreferences
from shared.terminology.systems import system_uri
from tests.shared.mapping.fhir_to_hl7v2.generated import KINDS, messages

SENT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
CORPUS = Path(os.environ.get("CORRIDOR_CORPUS") or Path(__file__).parents[5] / "shared" / "corpus")
SEGMENTS = (
    *("evn", "pid", "pd1", "nk1", "pv1", "pv2", "al1", "dg1", "in1", "gt1", "orc", "obr", "obx", "spm", "nte"),
    *("mrg", "sch", "txa", "rxa", "ft1", "tq1", "in2", "pr1", "rol", "prt", "sac", "drg", "acc"),
)
EXAMPLES = Path(__file__).parents[1] / "hl7v2_to_fhir" / "examples"
TABLES: dict[str, FieldTable] = {
    name.upper(): import_module(f"shared.mapping.fhir_to_hl7v2.segments.{name}").TABLE for name in SEGMENTS
}
# Segments that share a module: their fields stand in its text.
_RULE = Rule(("Appointment",), "", "", repeats=True)
TABLES |= {
    name: FieldTable(name, dict.fromkeys(numbers, _RULE))
    for name, numbers in {"AIS": (3,), "AIL": (3, 4, 6), "AIP": (3, 4, 6), "RXR": (1, 2)}.items()
}
# Fields that mean the same and are written as one: see the tables of `pid` and `pv1`.
MOVED = {
    ("PID", 2): 3,
    ("PID", 4): 3,
    ("PID", 18): 3,
    ("PID", 9): 5,
    ("PID", 14): 13,
    ("PID", 40): 13,
    ("PV1", 50): 19,
}
# Several codes of a table are one status in FHIR, and a mother's maiden name is one text: one of them comes back.
ONE_OF_MANY = {("OBX", 11), ("OBR", 25), ("ORC", 1), ("ORC", 5), ("EVN", 1), ("PID", 6)}
# Table 0191: what a file is, before it was a MIME type.
MIME = {"AP": "application", "IM": "image"}
_WITHOUT_SECONDS = re.compile(r"\d{12}([+-]\d{4})?")

Kept = Counter[tuple[str, int, int, str]]


def kept(message: Message, definitions: Definitions) -> Kept:
    """Return the component values of the claimed fields, as far as the version has the component."""
    found: Kept = Counter()
    for segment in message.segments:
        for number in TABLES[segment.name].rules if segment.name in TABLES else ():
            components = _components(segment, number, definitions)
            for repetition in segment.repetitions(number):
                for place, has in enumerate(components, start=1):
                    if has and (text := repetition.component(place)):
                        field = MOVED.get((segment.name, number), number)
                        found[segment.name, field, place, _meaning(text, place)] += 1
    return found


def _components(segment: Segment, number: int, definitions: Definitions) -> list[bool]:
    cells = definitions.segment(segment.name) or ()
    if number > len(cells) or not cells[number - 1].datatype:
        return []
    if cells[number - 1].datatype == "varies":
        return [True] * 6
    row = definitions.datatype(cells[number - 1].datatype)
    return [bool(cell.datatype) for cell in row] if row else [True]


def _meaning(text: str, place: int) -> str:
    """Return what a value means: a time without seconds has them as 00, a code system has one of its names."""
    if match := _WITHOUT_SECONDS.fullmatch(text):
        return f"{text[:12]}00{match[1] or ''}"
    if place == 2 and text in MIME:
        return MIME[text]
    return system_uri(text) if place in (3, 6) else text


def there_and_back(payload: bytes, version: str) -> tuple[Message, list[Message]]:
    message = parse(payload)
    bundle = convert_message(message, received=SENT).bundle
    written = convert_to_hl7v2(
        serialize(bundle),
        message_type=f"{message.code}^{message.event}",
        receiver=WritingPreferences(version=version),
        sent=SENT,
    )
    return message, [parse(one.payload) for one in written]


@pytest.mark.unmeasured
@pytest.mark.parametrize(("kind", "version"), KINDS, ids=["-".join(one) for one in KINDS])
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_a_generated_message_keeps_every_field_that_the_maps_claim(
    kind: str, version: str, data: st.DataObject
) -> None:
    before, (after,) = there_and_back(data.draw(messages(kind, version)), version)
    definitions = definitions_of(version)

    assert definitions is not None
    assert Counter() == kept(before, definitions) - kept(after, definitions)
    assert [kind.split("^")] == [[after.code, after.event]]


def messages_in(folder: Path) -> Iterator[bytes]:
    for file in sorted(folder.rglob("*.hl7")):
        try:
            yield from split_batch(file.read_bytes())
        except RejectedError:
            continue


def written_version(message: Message) -> str:
    if message.version in ("2.5", "2.5.1", "2.6") or message.code == "OML":
        return "2.5.1"
    return "2.8" if message.version.startswith(("2.7", "2.8")) and message.code != "ORM" else "2.3.1"


def lost_of(payloads: Iterable[bytes]) -> tuple[int, int, list[tuple[str, int, int, str]]]:
    """Return how many messages came back, how many values they had, and those that did not come back."""
    seen = values = 0
    lost = []
    for payload in payloads:
        try:
            message = parse(payload)
            if message.event not in MESSAGES.get(message.code, ()):
                continue
            before, after = there_and_back(payload, version := written_version(message))
        except RejectedError:
            # A message that cannot be read, or lacks what the version requires.
            continue
        definitions = definitions_of(version)
        assert definitions is not None
        there = Counter({key: count for key, count in kept(before, definitions).items() if key[:2] not in ONE_OF_MANY})
        back = Counter[tuple[str, int, int, str]]()
        for one in after:
            back += kept(one, definitions)
        seen += 1
        values += len(there)
        lost += [key for key in there if key not in back]
    return seen, values, lost


@pytest.mark.unmeasured
@pytest.mark.skipif(not CORPUS.is_dir(), reason="third-party corpus not present, set CORRIDOR_CORPUS to its folder")
def test_the_messages_of_other_peoples_corpora_come_back_with_what_the_maps_claim() -> None:
    seen, values, lost = lost_of(messages_in(CORPUS))

    assert seen > 50
    assert len(lost) / values < 0.09


def test_our_own_examples_come_back_with_what_the_maps_claim() -> None:
    seen, values, lost = lost_of(messages_in(EXAMPLES))

    assert seen > 25
    assert len(lost) / values < 0.05


NORTHGATE = "NORTHGATE&1.3.6.1.4.1.99999.2&ISO"
ADMISSION = (
    "MSH|^~\\&|REG|NG|EHR|NG|20260301120000+0100||ADT^A01^ADT_A01|NG-1|P|2.5.1",
    "EVN|A01|20260301120000+0100",
    f"PID|1||100^^^{NORTHGATE}^MR~200^^^LOCAL&L-7&L^PI~201^^^&&ISO^PI||Testcase&von&Test^Tilda^Q^Jr^Dr^MD^L|Example"
    "|19800214103000+0100|F||W^Pale^L|1 Road^Apt 2^Springfield^IL^62701^USA^H^^Sangamon^1234.56~2 Road^^Town^^^^M"
    "||^PRN^PH^^1^217^5550100^12^ring twice|^NET^Internet^t@example.org|en|M"
    f"|CAT|300^^^{NORTHGATE}^AN|900-00-0001|D-77^IL^20301231||X^Other^L|Springfield|Y|2|USA^United States^HL70171"
    "|V^Veteran^L",
    f"PD1|||Example Practice^^^^^{NORTHGATE}^XX^^^77|55^Example^Ed^^^Dr^^^{NORTHGATE}"
    "||W^Wheelchair^HL70295||||||||Chapel",
    "NK1|1|Example^Nora~Other^Nora|MTH|2 Road^^Springfield|555-0101^PRN^PH|555-0102^WPN^PH||20200101|20301231"
    f"||||Works^^^^^^^^^9||F|19500101||||en|||||||||||||N-1^^^{NORTHGATE}^MR||||900-00-0002",
    "NK1|2||FTH",
    f"PV1|1|I|W7^12^B^NORTHGATE&1.3.6.1.4.1.99999.2&ISO^^^^^East wing||400^^^{NORTHGATE}|W6^11^A|1^Attend^Ann^^^Dr^^^"
    f"{NORTHGATE}|2^Refer^Rob|3|MED||||1|||4^Admit^Al||500^^^{NORTHGATE}^VN"
    + "|" * 17
    + "01||||||||20260301110000+0100",
    "PV2|W9^1^A||CP^Chest pain^L",
    "DG1|1||I10^Hypertension^I10|High pressure|20260301|A",
    f"GT1|1|G-1^^^{NORTHGATE}|Example^Gus||3 Road|555-0103^PRN^PH|555-0104^WPN^PH|19500101|M||FTH|900-00-0003"
    + "|" * 24
    + "en",
    "IN1|1|P1^Plan|I-1|Example Insurance|4 Road|Agent^Ina|555-0105^WPN^PH|G-7|Group|||20260101|20261231|||Example^Gus"
    "|FTH|19500101|3 Road|||||||||||||||||POL-1|150&USD||||||M||||||S-1",
)
RESULT = (
    "MSH|^~\\&|LAB|NG|EHR|NG|20260301120000+0100||ORU^R01^ORU_R01|NG-2|P|2.5.1",
    f"PID|1||100^^^{NORTHGATE}^MR||Testcase^Tilda^^Jr~Other^Tilda^^Jr III",
    f"ORC|RE|P-1^{NORTHGATE.replace('&', '^')}|F-1|||||||||7^Order^Olga|||||||3^Perform^Pat||Ward A~Ward B",
    "OBR|1|P-1|F-1|GLU^Glucose^L|||20260301|||||||||||||||20260301110000+0100|||F",
    "OBX|1|NM|2345-7^Glucose^LN||5.5|mmol/L^millimole^L|3-6|H^Too high^L~H|||F|||20260301||7",
    "NTE|1||fasting~patient",
    "NTE|2|L",
    "OBX|2|ED|PIC^Picture^L||^image^png^Base64^AAAA||||||F",
    "SPM|1|S-1&NG^S-2&NG||BLD^Blood^HL70487||EDTA^EDTA^HL70371~HEP^Heparin^HL70371|||||||||||20260301|||Y|RB^Broken^HL70490"
    "|||HEM^Haemolysed^HL70493|||TUBE^Tube^L",
)


@pytest.mark.parametrize("sent", [ADMISSION, RESULT], ids=["admission", "result"])
@pytest.mark.parametrize(("version", "lost"), [("2.3.1", {("PID", 5)}), ("2.5.1", set()), ("2.8", set())])
def test_a_message_that_says_much_loses_only_what_the_version_does_not_have(
    sent: tuple[str, ...], version: str, lost: set[tuple[str, int]]
) -> None:
    before, (after,) = there_and_back("\r".join(sent).encode(), version)
    definitions = definitions_of(version)

    assert definitions is not None
    assert lost >= {key[:2] for key in kept(before, definitions) - kept(after, definitions)}


APPOINTMENT = (
    "MSH|^~\\&|BOOK|NG|EHR|NG|20260301120000+0100||SIU^S12^SIU_S12|NG-3|P|2.5.1",
    "SCH|A-1^NG|F-1^NG||||CHECK^Check^L|||30|MIN|^^^20260310090000+0100^20260310093000+0100|1^Book^Bea||||2^Fill^Finn"
    "||||3^Enter^Eve||||||P-1^NG|F-2^NG",
    f"PID|1||100^^^{NORTHGATE}^MR||Testcase^Tilda",
)
EPISODE = (
    "MSH|^~\\&|REG|NG|EHR|NG|20260301120000+0100||ADT^A01^ADT_A01|NG-4|P|2.5.1",
    "EVN|A01|20260301120000+0100|||||NG",
    f"PID|1||100^^^{NORTHGATE}^MR||Testcase^Tilda",
    f"PV1|1|I{'|' * 51}Knee, second attempt|600^^^{NORTHGATE}^VN",
    "PV2|||||||||||3",
)


@pytest.mark.parametrize(
    ("sent", "version", "lost"),
    [
        (APPOINTMENT, "2.3.1", set()),
        (APPOINTMENT, "2.5.1", set()),
        (APPOINTMENT, "2.8", {("SCH", 10)}),  # withdrawn with SCH-9, whose unit it is
        (EPISODE, "2.3.1", set()),
        (EPISODE, "2.5.1", set()),
        (EPISODE, "2.8", set()),
    ],
)
def test_an_appointment_and_an_episode_lose_only_what_the_version_does_not_have(
    sent: tuple[str, ...], version: str, lost: set[tuple[str, int]]
) -> None:
    before, (after,) = there_and_back("\r".join(sent).encode(), version)
    definitions = definitions_of(version)

    assert definitions is not None
    assert lost == {key[:2] for key in kept(before, definitions) - kept(after, definitions)}
