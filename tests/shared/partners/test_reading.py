"""A partner file is read strictly: what is wrong is named by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.formats.hl7v2.conformance.rules import Rule
from shared.partners.reading import read_partner, read_partners

SENDER = """
name: example-lab
title: Example
contact: lab@example.example
sends:
  processing-ids: [P]
  time-zone: America/New_York
  code-maps:
    OBX-3:
      K: {system: "http://loinc.org", code: 2823-3}
  z-fields:
    ZPI-3: {resource: Patient, url: "urn:example:ward"}
  conformance:
    PID-5: {usage: R, length: 40}
"""
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


def read(folder: Path, text: str, name: str = "example-lab") -> object:
    file = folder / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return read_partner(file)


def test_the_repositorys_partner_files_are_good() -> None:
    partners = read_partners(Path(__file__).parents[3] / "partners")

    assert {
        "corridor-probe",
        "county-registry",
        "harbor-beds",
        "harbor-ehr",
        "harbor-hospital",
        "insight-portal",
        "northside-lab",
        "riverside-lab",
    } == set(partners.by_name)
    assert ["harbor-ehr"] == [one.name for one in partners.receivers_of("result.preliminary")]
    assert ["harbor-ehr", "insight-portal"] == [one.name for one in partners.receivers_of("result.finalized")]
    assert () == partners.receivers_of("result.finalized", "T")


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (SENDER.replace("title: Example", ""), "example-lab.yaml: title"),
        (SENDER.replace("America/New_York", "Mars/Olympus"), "example-lab.yaml: sends.time-zone"),
        (SENDER.replace("time-zone", "timezone"), "example-lab.yaml: sends.timezone"),
        (SENDER.replace("[P]", "P"), "example-lab.yaml: sends.processing-ids"),
        (SENDER.replace("[P]", "[1]"), "example-lab.yaml: sends.processing-ids"),
        (SENDER.replace("PID-5:", "PID.5:"), "example-lab.yaml: sends.conformance.PID.5"),
        (SENDER.replace("usage: R", "usage: B"), "example-lab.yaml: sends.conformance.PID-5.usage"),
        (SENDER.replace("length: 40", "length: -1"), "example-lab.yaml: sends.conformance.PID-5.length"),
        (SENDER.replace("PID-5:", "PID:"), "example-lab.yaml: sends.conformance.PID.length"),
        (SENDER.replace("length: 40", "lenght: 40"), "example-lab.yaml: sends.conformance.PID-5.lenght"),
        (SENDER.replace("code: 2823-3", "kode: 2823-3"), "example-lab.yaml: sends.code-maps.OBX-3.K.code"),
        (SENDER.replace("name: example-lab", "name: other"), "example-lab.yaml: name"),
        (SENDER + "sendz: {}", "example-lab.yaml: sendz"),
        ("- a list", "example-lab.yaml: "),
        ("name: [", "example-lab.yaml"),
    ],
)
def test_a_fault_is_named_by_its_place(tmp_path: Path, wrong: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, wrong)

    assert ("partner-file-invalid", place) == (caught.value.code, caught.value.location)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (RECEIVER.replace("fhir-r4", "fax"), "example-ehr.yaml: receives.endpoint.kind"),
        (RECEIVER.replace("secret: s", ""), "example-ehr.yaml: receives.endpoint.credential.secret"),
        (RECEIVER.replace("url-setting: EHR_URL", ""), "example-ehr.yaml: receives.endpoint.url-setting"),
    ],
)
def test_a_fault_in_an_endpoint_is_named_too(tmp_path: Path, wrong: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, wrong, "example-ehr")

    assert place == caught.value.location


def test_what_was_agreed_with_a_sender_is_read(tmp_path: Path) -> None:
    file = tmp_path / "example-lab.yaml"
    file.write_text(SENDER, encoding="utf-8")
    sender = read_partner(file).sends
    assert sender is not None

    assert (Rule("PID", 5, 0, "R", 40),) == sender.conformance
