"""The kinds of Bundle: what each must have, and that all say the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.formats.fhir.encoding import serialize
from shared.mapping.hl7v2_to_fhir.bundles import BUNDLE_KINDS, BundleKind
from shared.validation import validate

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*/*.hl7"))
RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
HEADER = "MSH|^~\\&|{parties}|20260301120000+0100||{kind}|RIV-1|P|2.5.1"
PARTIES = "LIS^2.999.1^ISO|RIV|EHR|HARBOR"
PID = "PID|1||100^^^NG^MR||Doe^Dora"


def conversion(kind: BundleKind, payload: bytes) -> Conversion:
    (found,) = convert(payload, source="hl7v2", received=RECEIVED, bundle=kind)
    return found


def message(parties: str = PARTIES, kind: str = "ORU^R01^ORU_R01", *more: str) -> bytes:
    return "\r".join((HEADER.format(parties=parties, kind=kind), PID, *more)).encode()


def header_of(payload: bytes) -> dict[str, Any]:
    first: dict[str, Any] = conversion("message", payload).bundle["entry"][0]["resource"]
    return first


@pytest.mark.parametrize("kind", BUNDLE_KINDS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_kind_is_valid_repeatable_and_whole(example: Path, kind: BundleKind) -> None:
    payload = example.read_bytes()
    bundle = conversion(kind, payload).bundle
    text = serialize(bundle).decode()
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    names = [f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]]
    known = set(names if kind in ("transaction", "batch") else urls)

    assert kind == bundle["type"]
    assert [] == [issue for issue in validate(bundle) if issue.severity in ("fatal", "error")]
    assert len(urls) == len(set(urls)) == len(set(names))
    assert set() == set(re.findall(r'"reference":"([^"#]+)"', text)) - known
    assert text.encode() == serialize(conversion(kind, payload).bundle)
    assert "Provenance" in {entry["resource"]["resourceType"] for entry in bundle["entry"]}


@pytest.mark.parametrize("example", EXAMPLES[:5], ids=lambda path: path.stem)
def test_a_batch_says_what_the_transaction_says(example: Path) -> None:
    first, second = (conversion(kind, example.read_bytes()).bundle for kind in ("transaction", "batch"))

    assert first["entry"] == second["entry"]


def test_only_what_goes_to_a_server_has_requests() -> None:
    requests = {kind: "request" in conversion(kind, message()).bundle["entry"][0] for kind in BUNDLE_KINDS}

    assert {"transaction": True, "batch": True, "message": False, "collection": False} == requests


def test_a_message_begins_with_its_header() -> None:
    bundle = conversion("message", message()).bundle
    first = bundle["entry"][0]["resource"]

    assert "MessageHeader" == first["resourceType"]
    assert {"system": "http://terminology.hl7.org/CodeSystem/v2-0003", "code": "R01"} == first["eventCoding"]
    assert {"name": "LIS", "endpoint": "urn:oid:2.999.1"} == first["source"]
    assert ["EHR"] == [party["name"] for party in first["destination"]]
    assert ("2026-03-01T12:00:00+01:00", {"value": "RIV-1"}) == (bundle["timestamp"], bundle["identifier"])


def test_the_focus_of_a_message_is_what_nothing_else_names() -> None:
    obr = "OBR|1|P-1^NG|F-1^RV|GLU^Glucose^L|||20260301|||||||||||||||||||F"
    bundle = conversion("message", message(PARTIES, "ORU^R01", "PV1|1|I", obr, "OBX|1|NM|GLU||5||||||F")).bundle
    kinds = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}

    focus = [kinds[one["reference"]] for one in bundle["entry"][0]["resource"]["focus"]]

    assert ["DiagnosticReport"] == focus


def test_an_endpoint_that_nobody_states_is_said_to_be_unknown_and_not_made_up() -> None:
    source = header_of(message("LIS|RIV||"))["source"]

    assert ("LIS", "unknown") == (source["name"], source["_endpoint"]["extension"][0]["valueCode"])


def test_a_network_address_serves_as_endpoint_where_it_is_a_uri() -> None:
    network = "LIS|RIV|EHR|HARBOR|20260301||ORU^R01|1|P|2.7||||||||||||"
    sent = f"MSH|^~\\&|{network}NET^mllp://lis.example:2575^URI|OTHER^not a uri^L\r{PID}".encode()
    first = header_of(sent)

    assert "mllp://lis.example:2575" == first["source"]["endpoint"]
    assert "_endpoint" in first["destination"][0]
    assert ["urn:corridor:extension:msh-25"] == [one["url"] for one in first["extension"]]


def test_an_application_whose_id_is_no_uri_keeps_it() -> None:
    first = header_of(message("LIS^lis-7^L|RIV||"))

    assert "LIS^lis-7^L" == first["source"]["extension"][0]["valueString"]


def test_a_facility_alone_is_a_destination_too() -> None:
    assert ["receiver"] == [name for name in header_of(message("LIS|RIV||HARBOR"))["destination"][0] if name[0] == "r"]


def test_a_message_without_parties_or_event_still_has_a_header() -> None:
    bare, empty = header_of(message("|||", "ORU")), header_of(message("|||", ""))

    assert ("v2-0076", "ORU") == (bare["eventCoding"]["system"].rpartition("/")[2], bare["eventCoding"]["code"])
    assert "extension" in empty["eventCoding"]
    assert not bare.keys() & {"destination", "sender"}


def test_a_message_that_says_nothing_has_no_focus() -> None:
    payload = HEADER.format(parties="A|B|C|D", kind="ACK").encode()

    assert "focus" not in header_of(payload)


def test_the_account_of_a_message_says_what_its_header_took() -> None:
    entries = {entry.location: entry.targets for entry in conversion("message", message()).coverage.entries}

    assert ("MessageHeader.destination",) == entries["MSH-5"]
    assert ("Bundle.identifier",) == entries["MSH-10"]
