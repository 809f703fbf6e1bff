"""What a partner file says of conversion is read strictly, and means what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.partners.profile import (
    NO_QUIRKS,
    CodeMapping,
    ElementMapping,
    ExtensionMapping,
    Operator,
    PartnerProfile,
    Quirks,
    read_operator,
)
from shared.partners.reading import read_partner

HEAD = "name: example-lab\ntitle: Example\ncontact: lab@example.example\nsends:\n"
WHOLE = """
  time-zone: America/Denver
  default-character-set: 8859/1
  assigning-authorities: {NORTH: "urn:oid:2.999.1"}
  code-maps:
    OBX-3:
      K: {system: "http://loinc.org", code: 2823-3, display: Potassium}
  z-fields:
    ZPI-3: {resource: Patient, url: "urn:example:ward"}
    ZPI-4: {resource: Patient, element: "contact[].name", datatype: XPN}
    ZPI-5: {resource: Patient, element: maritalStatus.text}
  quirks: {mrn: PID-2, mrn-authority: "urn:oid:2.999.2", header-zone: false}
  operator: {name: Example Health Exchange, identifier: "urn:ietf:rfc:3986|urn:oid:2.999.3"}
"""


def profile(folder: Path, text: str) -> PartnerProfile:
    file = folder / "example-lab.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    sender = read_partner(file).sends
    assert sender is not None
    return sender.profile


def test_everything_that_conversion_needs_is_read(tmp_path: Path) -> None:
    expected = PartnerProfile(
        name="example-lab",
        time_zone="America/Denver",
        default_charset="8859/1",
        assigning_authorities={"NORTH": "urn:oid:2.999.1"},
        code_maps={"OBX-3": {"K": CodeMapping("http://loinc.org", "2823-3", "Potassium")}},
        z_fields={
            "ZPI-3": ExtensionMapping("Patient", "urn:example:ward"),
            "ZPI-4": ElementMapping("Patient", "contact[].name", "XPN"),
            "ZPI-5": ElementMapping("Patient", "maritalStatus.text", "ST"),
        },
        quirks=Quirks("PID-2", "urn:oid:2.999.2", header_zone=False),
        operator=Operator("Example Health Exchange", "urn:oid:2.999.3", "urn:ietf:rfc:3986"),
    )

    assert expected == profile(tmp_path, WHOLE)


def test_nothing_of_it_is_required(tmp_path: Path) -> None:
    assert PartnerProfile(name="example-lab", quirks=NO_QUIRKS) == profile(tmp_path, "  processing-ids: [P]\n")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("America/Denver", "Mars/Olympus", "time-zone"),
        ("America/Denver", "America", "time-zone"),
        ("default-character-set: 8859/1", "default-character-set: Klingon", "default-character-set"),
        ('"urn:oid:2.999.1"', "north", "assigning-authorities.NORTH"),
        ('"urn:oid:2.999.1"', "3", "assigning-authorities.NORTH"),
        ("code: 2823-3", "kode: 2823-3", "code-maps.OBX-3.K.code"),
        ("display: Potassium", "colour: red", "code-maps.OBX-3.K.colour"),
        ("OBX-3:", "OBX3:", "code-maps.OBX3"),
        ("OBX-3:", "OBX-3.1:", "code-maps.OBX-3.1"),
        ("OBX-3:", "OBX-300:", "code-maps.OBX-300"),
        ("OBX-3:", "OXB-3:", "code-maps.OXB-3"),
        ('"http://loinc.org"', "loinc", "code-maps.OBX-3.K.system"),
        ("code: 2823-3", 'code: ""', "code-maps.OBX-3.K.code"),
        ("code: 2823-3", 'code: " 2823-3"', "code-maps.OBX-3.K.code"),
        ('url: "urn:example:ward"', "url: ward", "z-fields.ZPI-3.url"),
        ("ZPI-3:", "PID-3:", "z-fields.PID-3"),
        ("ZPI-3:", "ZPI:", "z-fields.ZPI"),
        ('url: "urn:example:ward"', "uri: x", "z-fields.ZPI-3.url"),
        ("datatype: XPN", "datatype: XYZ", "z-fields.ZPI-4.datatype"),
        ("element: maritalStatus.text", "element: Marital Status", "z-fields.ZPI-5.element"),
        ("mrn: PID-2", "mrn: PID-7", "quirks.mrn"),
        ('"urn:oid:2.999.2"', "somewhere", "quirks.mrn-authority"),
        ("header-zone: false", "header-zone: 5", "quirks.header-zone"),
        ("quirks: {", "quirks: {twist: 1, ", "quirks.twist"),
        ("name: Example Health Exchange", 'name: " "', "operator.name"),
        ("urn:ietf:rfc:3986|", "oids|", "operator.identifier"),
        ("operator: {", "operator: {twist: 1, ", "operator.twist"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        profile(tmp_path, WHOLE.replace(old, new))

    assert ("partner-file-invalid", f"example-lab.yaml: sends.{place}") == (error.value.code, error.value.location)


def test_a_code_is_the_one_that_is_written_whatever_yaml_makes_of_it(tmp_path: Path) -> None:
    meaning = '{system: "http://loinc.org", code: 2823-3}'
    codes = profile(
        tmp_path, WHOLE.replace("      K:", f"      NO: {meaning}\n      007: {meaning}\n      K:")
    ).code_maps

    assert ["NO", "007", "K"] == list(codes["OBX-3"])


def test_a_status_has_no_need_of_a_system_and_a_z_field_may_have_codes(tmp_path: Path) -> None:
    codes = profile(
        tmp_path,
        "  code-maps:\n    OBX-11: {G: {code: final}}\n    ZLV-4: {G: {system: 'urn:example:l', code: A B}}\n",
    ).code_maps

    assert {"OBX-11": {"G": CodeMapping("", "final")}, "ZLV-4": {"G": CodeMapping("urn:example:l", "A B")}} == codes


def test_what_is_said_twice_is_refused_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        profile(tmp_path, WHOLE.replace("    OBX-3:", "    OBX-3: {}\n    OBX-3:"))

    assert ("example-lab.yaml: line 11", True) == (error.value.location, "OBX-3" in error.value.text)


def test_an_operators_identifier_is_a_value_with_or_without_a_system() -> None:
    assert Operator("Example", "2.999.3") == read_operator("Example", "2.999.3")
    assert Operator("Example", "7", "https://ids.example") == read_operator("Example", "https://ids.example|7")
    assert Operator("Example") == read_operator("Example")
