"""Who converted a message, and from where it came when the sender names no facility."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.mapping.hl7v2_to_fhir.bundles import BUNDLE_KINDS, BundleKind
from shared.mapping.hl7v2_to_fhir.messages.adt import MAP
from shared.partners.profile import PartnerProfile, read_operator
from shared.validation import validate

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
MESSAGE = (
    b"MSH|^~\\&|ADT|HARBOR|||20260301120000+0100||ADT^A08^ADT_A01|H-1|P|2.5.1\rPID|1||7^^^HARBOR^MR||Testcase^Ada"
)
EXCHANGE = read_operator("Example Health Exchange", "urn:ietf:rfc:3986|urn:oid:2.999.3")


def conversion(payload: bytes, profile: PartnerProfile | None = None, kind: BundleKind = "transaction") -> Conversion:
    (found,) = convert(payload, source="hl7v2", partner=profile, received=RECEIVED, bundle=kind)
    return found


def resources(found: Conversion, kind: str) -> list[dict[str, Any]]:
    every = (entry["resource"] for entry in found.bundle["entry"])
    return [resource for resource in every if kind == resource["resourceType"]]


def test_a_message_alone_does_not_say_who_converted_it() -> None:
    assert 1 == len(resources(conversion(MESSAGE), "Provenance"))


@pytest.mark.parametrize("kind", BUNDLE_KINDS)
def test_a_declared_operator_is_named_in_every_kind_of_bundle(kind: BundleKind) -> None:
    found = conversion(MESSAGE, PartnerProfile("harbor", operator=EXCHANGE), kind)
    own, added = resources(found, "Provenance")
    operator = resources(found, "Organization")[-1]
    links = {f"Organization/{operator['id']}", f"urn:uuid:{operator['id']}"}

    assert [] == [issue for issue in validate(found.bundle) if issue.severity in ("fatal", "error")]
    assert "v2-fhir-transformation" == added["activity"]["coding"][0]["code"]
    assert added["agent"][0]["who"]["reference"] in links
    assert ("Example Health Exchange", [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.999.3"}]) == (
        operator["name"],
        operator["identifier"],
    )
    assert (own["target"], own["recorded"], own["entity"]) == (added["target"], added["recorded"], added["entity"])
    assert [f"urn:corridor:mapping:{MAP.identity}"] == added["policy"]


def test_an_operator_is_the_same_resource_in_all_messages() -> None:
    profile = PartnerProfile("harbor", operator=read_operator("Example Health Exchange"))
    first, second = (
        resources(conversion(payload, profile), "Organization")[-1]
        for payload in (MESSAGE, MESSAGE.replace(b"H-1", b"H-2"))
    )

    assert first == second
    assert "identifier" not in first


def test_a_sender_of_which_only_the_country_is_known_is_an_organization_without_a_known_name() -> None:
    header = b"MSH|^~\\&|||||20260301120000+0100||ADT^A08|H-1|P|2.5.1|||||NLD"
    found = conversion(header)
    (sender,) = resources(found, "Organization")
    (provenance,) = resources(found, "Provenance")

    assert [] == [issue for issue in validate(found.bundle) if issue.severity in ("fatal", "error")]
    assert ([{"country": "NLD"}], "unknown") == (sender["address"], sender["_name"]["extension"][0]["valueCode"])
    assert {"reference": f"Organization/{sender['id']}"} == provenance["agent"][0]["who"]
    assert ("mapped", ("Organization.address.country",)) == next(
        (entry.outcome, entry.targets) for entry in found.coverage.entries if entry.location == "MSH-17"
    )
