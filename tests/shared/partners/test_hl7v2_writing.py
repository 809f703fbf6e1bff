"""What a receiver says of its HL7 v2 is read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.formats.hl7v2.delimiters import Delimiters
from shared.partners.hl7v2_writing import NO_PREFERENCES, LocalCode, WritingPreferences
from shared.partners.reading import read_partner

RECEIVER = """
name: example-ehr
title: Example
contact: ehr@example.example
receives:
  events: ["result.*"]
  endpoint:
    kind: fhir-r4
    url-setting: EHR_URL
    credential: {kind: oauth2, secret: s}
"""


def preferences(folder: Path, section: str) -> WritingPreferences:
    file = folder / "example-ehr.yaml"
    file.write_text(RECEIVER + section, encoding="utf-8")
    receiver = read_partner(file).receives
    assert receiver is not None
    return receiver.hl7v2


def test_a_receiver_that_says_nothing_gets_the_usual_way(tmp_path: Path) -> None:
    assert NO_PREFERENCES == preferences(tmp_path, "")


def test_all_that_a_receiver_may_say_is_read(tmp_path: Path) -> None:
    section = """
  hl7v2:
    version: "2.8"
    delimiters: "#*@!%?"
    character-set: 8859/1
    sending-application: CORRIDOR
    sending-facility: HUB^2.999^ISO
    receiving-application: EHR
    receiving-facility: NORTHGATE
    authorities: {"urn:oid:2.999.1": NORTHGATE}
    codes:
      OBX-3: {"http://loinc.org|718-7": {code: HGB, display: Hb, system: L}}
"""

    assert preferences(tmp_path, section) == WritingPreferences(
        version="2.8",
        delimiters=Delimiters("#", "*", "@", "!", "%", "?"),
        charset="8859/1",
        sending_application="CORRIDOR",
        sending_facility="HUB^2.999^ISO",
        receiving_application="EHR",
        receiving_facility="NORTHGATE",
        authorities={"urn:oid:2.999.1": "NORTHGATE"},
        codes={"OBX-3": {"http://loinc.org|718-7": LocalCode("HGB", "Hb", "L")}},
    )


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ('version: "2.4"', "receives.hl7v2.version"),
        ('delimiters: "|^~"', "receives.hl7v2.delimiters"),
        ('delimiters: "|^^\\\\&"', "receives.hl7v2.delimiters"),
        ('delimiters: "|^a\\\\&"', "receives.hl7v2.delimiters"),
        ("character-set: EBCDIC", "receives.hl7v2.character-set"),
        ("codes: {OBX-3: {x: {display: y}}}", "receives.hl7v2.codes.OBX-3.x.code"),
        ("colour: red", "receives.hl7v2.colour"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(section: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        preferences(tmp_path, f"  hl7v2:\n    {section}\n")

    assert ("partner-file-invalid", f"example-ehr.yaml: {place}") == (refused.value.code, refused.value.location)
