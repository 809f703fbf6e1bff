"""Systems by their OIDs: what HL7's registers prefer, and nothing made up."""

from __future__ import annotations

import pytest

from shared.terminology.naming_systems import IDENTIFIER_SYSTEMS, identifiers_of_oid
from shared.terminology.system_names import universal_id
from shared.terminology.systems import identifier_system, system_uri


@pytest.mark.parametrize(
    ("oid", "uri"),
    [
        ("2.16.840.1.113883.6.1", "http://loinc.org"),
        ("2.16.840.1.113883.12.292", "http://hl7.org/fhir/sid/cvx"),
        ("2.16.840.1.113883.12.1", "http://terminology.hl7.org/CodeSystem/v2-0001"),
        ("2.16.840.1.113883.12.203", "http://terminology.hl7.org/CodeSystem/v2-0203"),
        ("2.16.840.1.113883.5.83", "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"),
        ("2.16.840.1.113883.12.1.5", "urn:oid:2.16.840.1.113883.12.1.5"),
        ("2.999.1", "urn:oid:2.999.1"),
    ],
)
def test_a_code_system_has_the_uri_that_fhir_prefers(oid: str, uri: str) -> None:
    assert uri == system_uri(oid) == system_uri(f"urn:oid:{oid}")


def test_an_authority_has_the_system_that_fhir_prefers_else_its_own_uri() -> None:
    assert "http://hl7.org/fhir/sid/us-npi" == identifier_system("urn:oid:2.16.840.1.113883.4.6")
    assert "urn:oid:2.999.1" == identifier_system("urn:oid:2.999.1")
    assert "https://ids.example" == identifier_system("https://ids.example")


def test_a_code_system_is_no_system_of_identifiers() -> None:
    assert "urn:oid:2.16.840.1.113883.6.1" == identifiers_of_oid("2.16.840.1.113883.6.1")


def test_every_system_of_identifiers_leads_back_to_its_oid() -> None:
    assert [(oid, "ISO") for oid in IDENTIFIER_SYSTEMS] == [universal_id(uri) for uri in IDENTIFIER_SYSTEMS.values()]
