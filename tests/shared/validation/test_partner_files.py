from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.partners.profile import ELEMENT_DATATYPES
from shared.partners.reading import read_partner, read_partners
from shared.validation.partner_files import BECOMES, check_partner

FILE = """
name: example-hub
title: Example
contact: hub@example.example
sends:
  code-maps:
    OBX-11: {G: {code: final}}
    OBR-25: {G: {code: partial}}
    PID-8: {2: {code: female}}
  z-fields:
    ZPI-2: {resource: Patient, url: "urn:example:ward"}
    ZPI-3: {resource: Patient, element: "contact[].name", datatype: XPN}
    ZPI-4: {resource: Patient, element: deceasedDateTime, datatype: DTM}
    ZPI-5: {resource: Patient, element: "maritalStatus.text"}
    ZPI-6: {resource: Patient, element: "generalPractitioner[]", datatype: XCN}
receives:
  allow:
    Observation: "*"
    DiagnosticReport: [status, code, result]
    MedicationRequest: [status, intent, medicationReference, subject]
    Patient: []
  endpoint:
    kind: webhook
    url-setting: EXAMPLE_URL
    credential: {kind: hmac, secret: example}
"""


def check(folder: Path, text: str) -> None:
    file = folder / "example-hub.yaml"
    file.write_text(text, encoding="utf-8")
    check_partner(read_partner(file))


def test_what_r4_has_may_be_named(tmp_path: Path) -> None:
    check(tmp_path, FILE)


def test_the_repositorys_partner_files_name_nothing_else() -> None:
    for partner in read_partners(Path(__file__).parents[3] / "partners").by_name.values():
        check_partner(partner)


def test_every_data_type_that_a_field_may_be_read_as_becomes_something() -> None:
    assert set(ELEMENT_DATATYPES) == set(BECOMES)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("{code: final}", "{code: finished}", "sends.code-maps.OBX-11.G.code"),
        ("{code: partial}", "{code: some}", "sends.code-maps.OBR-25.G.code"),
        ("{code: female}", "{code: F}", "sends.code-maps.PID-8.2.code"),
        ("ZPI-2: {resource: Patient", "ZPI-2: {resource: Person1", "sends.z-fields.ZPI-2.resource"),
        ("deceasedDateTime", "deceased", "sends.z-fields.ZPI-4.element"),
        ("deceasedDateTime", "multipleBirthInteger", "sends.z-fields.ZPI-4.element"),
        ("deceasedDateTime", "birthDate.year", "sends.z-fields.ZPI-4.element"),
        ("deceasedDateTime", "id", "sends.z-fields.ZPI-4.element"),
        ("maritalStatus.text", "maritalStatus", "sends.z-fields.ZPI-5.element"),
        ("maritalStatus.text", "maritalStatus.words", "sends.z-fields.ZPI-5.element"),
        ("maritalStatus.text", "maritalStatus.coding.code", "sends.z-fields.ZPI-5.element"),
        ("maritalStatus.text", "maritalStatus[].text", "sends.z-fields.ZPI-5.element"),
        ("contact[].name", "contact.name", "sends.z-fields.ZPI-3.element"),
        ("contact[].name", "contained[].name", "sends.z-fields.ZPI-3.element"),
        ("generalPractitioner[]", "managingOrganization", "sends.z-fields.ZPI-6.element"),
        ("Observation:", "Observations:", "receives.allow.Observations"),
        ("[status, code, result]", "[status, code, results]", "receives.allow.DiagnosticReport"),
        ("[status, code, result]", "[status, result]", "receives.allow.DiagnosticReport"),
        ("intent, medicationReference", "intent, medication", "receives.allow.MedicationRequest"),
        ("intent, medicationReference", "intent", "receives.allow.MedicationRequest"),
    ],
)
def test_what_r4_lacks_or_cannot_hold_is_named_by_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check(tmp_path, FILE.replace(old, new))

    assert ("partner-file-invalid", f"example-hub.yaml: {place}") == (error.value.code, error.value.location)
    assert error.value.text
