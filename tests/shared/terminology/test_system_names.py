"""Code systems have one name in HL7 v2, and it leads back to them."""

from __future__ import annotations

import pytest

from shared.terminology.system_names import system_name, table_system, universal_id
from shared.terminology.systems import system_uri


@pytest.mark.parametrize(
    "name",
    [
        *("LN", "SCT", "UCUM", "I10C", "I10P", "CVX", "NDC", "RXNORM", "UNII", "HCPCS", "NCI", "NUCC", "DCM", "ATC"),
        *("CDCREC", "HL70001", "99LOCAL", "2.999.1", "ISO639"),
    ],
)
def test_the_name_of_a_system_leads_back_to_it(name: str) -> None:
    uri = system_uri(name, "riverside-lab")

    assert name == system_name(uri)


def test_a_system_without_a_name_is_its_own() -> None:
    assert "http://example.org/codes" == system_name("http://example.org/codes")


def test_a_table_has_a_system() -> None:
    assert "http://terminology.hl7.org/CodeSystem/v2-0001" == table_system("HL70001")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("urn:oid:2.999", ("2.999", "ISO")),
        ("urn:uuid:00000000-0000-4000-8000-000000000001", ("00000000-0000-4000-8000-000000000001", "UUID")),
        ("http://hl7.org/fhir/sid/us-npi", ("2.16.840.1.113883.4.6", "ISO")),
        ("http://hl7.org/fhir/sid/us-mbi", ("2.16.840.1.113883.4.927", "ISO")),
        ("https://example.org", ("https://example.org", "URI")),
        ("", ("", "")),
    ],
)
def test_a_system_of_identifiers_is_a_universal_id(uri: str, expected: tuple[str, str]) -> None:
    assert expected == universal_id(uri)
