from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.conversion import Conversion, convert
from shared.mapping.hl7v2_to_fhir.messages.adt import MAP
from shared.mapping.hl7v2_to_fhir.messages.merges import MERGES
from shared.mapping.hl7v2_to_fhir.messages.visit_events import STATUS
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
HEADER = "MSH|^~\\&|REG|NG|||20260301120000+0100||ADT^{event}|NG-1|P|2.5.1"
PID = "PID|1||100^^^NG^MR||Testcase^Tilda||19800214|F"
OTHER = "PID|2||200^^^NG^MR||Example^Egon"
VISIT = "V1^^^NG^VN"
EVENTS = [f"A{number:02}" for number in (*range(1, 19), *range(20, 30), *range(31, 35), 38, *range(40, 46), 47)] + [
    f"A{number}" for number in (*range(49, 56), 60, 61, 62)
]


def converted(event: str, *lines: str) -> Conversion:
    payload = "\r".join((HEADER.format(event=event), *lines)).encode()
    (found,) = convert(payload, source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


def pv1(kind: str = "I", **fields: str) -> str:
    values = {1: "1", 2: kind, 19: VISIT} | {int(name.removeprefix("f")): value for name, value in fields.items()}
    return "|".join(("PV1", *(values.get(number, "") for number in range(1, max(values) + 1))))


def place(found: Conversion, name: str) -> dict[str, str]:
    (location,) = (one for one in resources(found, "Location") if one["name"] == name)
    return {"reference": f"Location/{location['id']}"}


def statuses(found: Conversion) -> dict[str, str]:
    names = {f"Location/{one['id']}": one["name"] for one in resources(found, "Location")}
    entries = only(found, "Encounter").get("location", ())
    return {names[entry["location"]["reference"]]: entry["status"] for entry in entries}


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_of_a_hospital_has_the_map_of_its_type_and_gives_valid_fhir(event: str) -> None:
    lines = (f"EVN|{event}|20260301110000+0100", PID, "MRG|90^^^NG^MR||A9||V9", pv1(f3="W^1^2"), OTHER, pv1(f19="V2"))
    found = converted(event, *lines)

    assert MAP.identity == found.mapping
    assert not any(issue.code == "message-type-unmapped" for issue in found.issues)


@pytest.mark.parametrize(("event", "status"), STATUS.items())
def test_an_event_decides_the_status_of_the_visit(event: str, status: str) -> None:
    assert status == only(converted(event, PID, pv1()), "Encounter")["status"]


@pytest.mark.parametrize(
    ("visit", "status"),
    [
        (pv1("I"), "in-progress"),
        (pv1("P"), "planned"),
        (pv1("U"), "unknown"),
        (pv1("ZZ"), "unknown"),
        (pv1("ZZ", f44="20260301"), "in-progress"),
        (pv1("I", f45="20260302"), "finished"),
    ],
)
def test_an_update_leaves_the_status_to_what_pv1_tells(visit: str, status: str) -> None:
    assert status == only(converted("A08", PID, visit), "Encounter")["status"]


def test_a_late_admission_does_not_open_a_visit_that_is_over() -> None:
    assert "finished" == only(converted("A01", PID, pv1(f45="20260302")), "Encounter")["status"]


def test_a_transfer_tells_since_when_the_patient_is_where_and_until_when_where_before() -> None:
    evn = "EVN||20260301110000+0100||||20260301105500+0100"
    found = converted("A02", evn, PID, pv1(f3="ICU", f6="WARD"))

    assert [
        {"location": place(found, "ICU"), "status": "active", "period": {"start": "2026-03-01T10:55:00+01:00"}},
        {"location": place(found, "WARD"), "status": "completed", "period": {"end": "2026-03-01T10:55:00+01:00"}},
    ] == only(found, "Encounter")["location"]


@pytest.mark.parametrize("evn", ["EVN||20260301", "ZZZ|1"])
def test_a_transfer_at_an_unknown_time_invents_none(evn: str) -> None:
    found = converted("A02", evn, PID, pv1(f3="ICU", f6="WARD"))

    assert all("period" not in entry for entry in only(found, "Encounter")["location"])


@pytest.mark.parametrize(("event", "bound"), [("A01", "start"), ("A04", "start"), ("A03", "end")])
def test_the_time_of_the_event_bounds_the_visit_where_pv1_does_not(event: str, bound: str) -> None:
    evn = "EVN||20260301110000+0100||||20260301105500+0100"
    without = only(converted(event, evn, PID, pv1()), "Encounter")
    given = only(converted(event, evn, PID, pv1(f44="20260228", f45="20260303")), "Encounter")

    assert {bound: "2026-03-01T10:55:00+01:00"} == without["period"]
    assert {"start": "2026-02-28", "end": "2026-03-03"} == given["period"]


def test_a_visit_without_any_time_has_no_period() -> None:
    assert "period" not in only(converted("A01", "EVN|A01|20260301", PID, pv1()), "Encounter")


def test_a_cancelled_discharge_takes_the_end_of_the_visit_back_and_says_so() -> None:
    found = converted("A13", PID, pv1(f3="WARD", f45="20260303"))
    reasons = {entry.location: entry.reason for entry in found.coverage.dropped}

    assert "period" not in only(found, "Encounter")
    assert {"WARD": "active"} == statuses(found)
    assert "the event cancels the discharge" == reasons["PV1-45"]


def test_a_cancelled_discharge_keeps_the_start_of_the_visit() -> None:
    assert {"start": "2026-03-01"} == only(converted("A13", PID, pv1(f44="20260301")), "Encounter")["period"]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("A15", {"WARD": "active", "ICU": "reserved"}),
        ("A26", {"WARD": "active"}),
        ("A27", {"WARD": "completed"}),
        ("A05", {"WARD": "planned", "ICU": "reserved"}),
        ("A03", {"WARD": "completed", "ICU": "reserved"}),
    ],
)
def test_an_event_decides_what_becomes_of_the_places(event: str, expected: dict[str, str]) -> None:
    assert expected == statuses(converted(event, PID, pv1(f3="WARD", f42="ICU")))


def test_a_cancelled_reservation_without_any_other_place_leaves_none() -> None:
    found = converted("A27", PID, pv1(f42="ICU"))

    assert "location" not in only(found, "Encounter")
    assert ["PV1-42"] == [one.location for one in found.coverage.dropped if "reserved" in one.reason]


def test_a_swap_puts_each_patient_into_the_bed_of_the_other() -> None:
    found = converted("A17", PID, pv1(f3="A^1^1"), OTHER, pv1(f3="A^1^2", f19="V2"))
    first, second = resources(found, "Encounter")

    assert [f"Patient/{one['id']}" for one in resources(found, "Patient")] == [
        first["subject"]["reference"],
        second["subject"]["reference"],
    ]
    assert first["location"][0]["location"] != second["location"][0]["location"]


def test_a_bed_status_is_the_status_of_the_bed_alone() -> None:
    found = converted("A20", "EVN|A20|20260301", "NPU|W^1^2|K")
    bed = next(one for one in resources(found, "Location") if "operationalStatus" in one)

    assert ("2", "K") == (bed["name"], bed["operationalStatus"]["code"])


def test_a_bed_status_without_a_bed_stays_unknown() -> None:
    assert ["NPU-2"] == [one.location for one in converted("A20", "NPU||K").coverage.unknown]


@pytest.mark.parametrize("event", [event for event, kind in MERGES.items() if "Patient" in kind.retires])
def test_a_merge_fences_both_identities(event: str) -> None:
    survivor, prior = resources(converted(event, PID, "MRG|90^^^NG^MR~91^^^NG^PI||||||Old^Name"), "Patient")

    assert [{"other": {"reference": f"Patient/{prior['id']}"}, "type": "replaces"}] == survivor["link"]
    assert [{"other": {"reference": f"Patient/{survivor['id']}"}, "type": "replaced-by"}] == prior["link"]
    assert (False, ["90", "91"], "Old") == (
        prior["active"],
        [one["value"] for one in prior["identifier"]],
        prior["name"][0]["family"],
    )


def test_the_prior_patient_has_the_id_that_its_own_messages_gave_it() -> None:
    before = only(converted("A01", PID.replace("100^", "90^")), "Patient")
    survivor, prior = resources(converted("A40", PID, "MRG|90^^^NG^MR"), "Patient")

    assert before["id"] == prior["id"] != survivor["id"]


def test_several_merges_in_one_message_stay_apart() -> None:
    found = converted("A40", PID, "MRG|90^^^NG^MR", "MRG|91^^^NG^MR", OTHER, "MRG|92^^^NG^MR")
    links = {one["identifier"][0]["value"]: len(one["link"]) for one in resources(found, "Patient")}

    assert {"100": 2, "200": 1, "90": 1, "91": 1, "92": 1} == links


def test_a_chain_of_merges_keeps_what_it_knows_of_the_one_in_the_middle() -> None:
    found = converted("A40", OTHER, "MRG|90^^^NG^MR", PID, "MRG|200^^^NG^MR")
    middle = next(one for one in resources(found, "Patient") if one.get("name", [{}])[0].get("given") == ["Egon"])

    assert (False, ["replaces", "replaced-by"]) == (middle["active"], [link["type"] for link in middle["link"]])


def test_a_merge_of_a_patient_into_itself_is_reported_and_does_nothing() -> None:
    found = converted("A40", PID, "MRG|100^^^NG^MR~77^^^LAB^PI")

    assert ["merge-into-itself"] == [issue.code for issue in found.issues if issue.severity == "warning"]
    assert "link" not in only(found, "Patient")


def test_a_merge_that_names_nobody_is_reported() -> None:
    found = converted("A40", PID, "MRG||^^^NG")

    assert ["merge-without-prior"] == [issue.code for issue in found.issues if issue.severity == "warning"]


def test_a_merge_without_a_surviving_patient_stays_unknown() -> None:
    assert ["MRG-1"] == [one.location for one in converted("A40", "MRG|90^^^NG^MR").coverage.unknown]


def test_a_merge_of_accounts_makes_the_prior_one_part_of_the_surviving_one() -> None:
    pid = PID + "||||||||||A1^^^NG"
    survivor, prior = resources(converted("A41", pid, "MRG|100^^^NG^MR||A9^^^NG"), "Account")

    assert ("active", "inactive") == (survivor["status"], prior["status"])
    assert {"reference": f"Account/{survivor['id']}"} == prior["partOf"]


def test_a_merge_of_accounts_without_a_surviving_one_closes_the_prior_one() -> None:
    prior = only(converted("A41", PID, "MRG|100^^^NG^MR||A9^^^NG"), "Account")

    assert ("inactive", False) == (prior["status"], "partOf" in prior)


def test_a_merge_of_visits_makes_the_prior_one_part_of_the_surviving_one() -> None:
    survivor, prior = resources(converted("A42", PID, "MRG|100^^^NG^MR||||V9^^^NG", pv1()), "Encounter")

    assert "entered-in-error" == prior["status"]
    assert {"reference": f"Encounter/{survivor['id']}"} == prior["partOf"]


def test_a_merge_of_visits_without_a_surviving_one_closes_the_prior_one() -> None:
    prior = only(converted("A42", PID, "MRG|100^^^NG^MR||||V9^^^NG"), "Encounter")

    assert ("entered-in-error", False) == (prior["status"], "partOf" in prior)


@pytest.mark.parametrize("event", ["A41", "A42", "A44", "A45", "A43"])
def test_a_merge_that_names_no_account_or_visit_changes_none(event: str) -> None:
    found = converted(event, PID, "MRG|100^^^NG^MR", pv1())

    assert [] == resources(found, "Account")
    assert "extension" not in only(found, "Encounter")


def test_a_moved_visit_has_its_new_subject_and_remembers_the_old_one() -> None:
    found = converted("A45", PID, "MRG|90^^^NG^MR||||V1^^^NG", pv1(), "MRG|90^^^NG^MR||||V2^^^NG", pv1(f19="V2^^^NG"))
    patient = only(found, "Patient")

    for visit in resources(found, "Encounter"):
        assert {"reference": f"Patient/{patient['id']}"} == visit["subject"]
        assert ["90"] == [one["valueReference"]["identifier"]["value"] for one in visit["extension"]]


def test_a_visit_that_moves_under_another_number_leaves_the_old_one_behind() -> None:
    moved, prior = resources(converted("A45", PID, "MRG|90^^^NG^MR||||V9^^^NG", pv1()), "Encounter")

    assert ("entered-in-error", f"Encounter/{moved['id']}") == (prior["status"], prior["partOf"]["reference"])
    assert "extension" in moved


def test_a_moved_account_has_its_new_subject_and_remembers_the_old_one() -> None:
    found = converted("A44", PID + "||||||||||A1^^^NG", "MRG|90^^^NG^MR||A2^^^NG")
    account = resources(found, "Account")[-1]

    assert ("active", "A2") == (account["status"], account["identifier"][0]["value"])
    assert ["90"] == [one["valueReference"]["identifier"]["value"] for one in account["extension"]]


def test_moved_patient_information_leaves_its_source_alone() -> None:
    patient = only(converted("A43", PID, "MRG|90^^^NG^MR"), "Patient")

    assert [("seealso", "90")] == [(one["type"], one["other"]["identifier"]["value"]) for one in patient["link"]]


def test_a_changed_alternate_visit_number_stays_as_an_old_one() -> None:
    encounter = only(converted("A51", PID, "MRG|100^^^NG^MR|||||ALT-9", pv1()), "Encounter")

    assert ["old"] == [one["use"] for one in encounter["identifier"] if one["value"] == "ALT-9"]


def test_a_changed_alternate_patient_number_stays_as_an_old_one() -> None:
    patient = only(converted("A48", PID, "MRG|100^^^NG^MR|ALT-8"), "Patient")

    assert ["old"] == [one["use"] for one in patient["identifier"] if one["value"] == "ALT-8"]


def test_linked_patients_see_each_other_and_unlinked_ones_do_not() -> None:
    one, other = resources(converted("A24", PID, OTHER), "Patient")

    assert [{"other": {"reference": f"Patient/{other['id']}"}, "type": "seealso"}] == one["link"]
    assert not any("link" in patient for patient in resources(converted("A37", PID, OTHER), "Patient"))


def test_a_deleted_person_is_inactive_and_a_deleted_visit_an_error() -> None:
    assert only(converted("A29", PID), "Patient")["active"] is False
    found = converted("A23", PID, pv1())

    assert "active" not in only(found, "Patient")
    assert "entered-in-error" == only(found, "Encounter")["status"]


def test_the_event_may_stand_in_evn_alone() -> None:
    payload = "\r".join((HEADER.format(event="").replace("ADT^", "ADT"), "EVN|A03|20260301", PID, pv1()))
    (found,) = convert(payload.encode(), source="hl7v2", received=RECEIVED)

    assert "finished" == only(found, "Encounter")["status"]
    assert "A03" == only(found, "Provenance")["activity"]["coding"][-1]["code"]


def test_what_stands_before_the_patient_is_the_patients_all_the_same() -> None:
    lines = (PID, pv1(), "AL1|1|FA|PN^Peanut^L", "DG1|1||I10^Hypertension^I10C|||F", "OBX|1|ST|N^Note^L||fine||||||F")
    expected, found = converted("A01", *lines), converted("A01", *lines[1:], lines[0])
    kinds = ("Patient", "Encounter", "AllergyIntolerance", "Condition", "Observation")

    for kind in kinds:
        drop = ("id",) if kind == "Observation" else ()
        assert [{name: one[name] for name in one if name not in drop} for one in resources(expected, kind)] == [
            {name: one[name] for name in one if name not in drop} for one in resources(found, kind)
        ]


def test_a_message_without_a_patient_keeps_what_it_says() -> None:
    lines = ("NK1|1|Example^Edda", "PD1|x", pv1(), "ROL|1|AD|AT|7^Mock", "IN1|1|P|7|Ins", "GT1|1||G^G", "ACC|20260101")
    found = converted("A01", *lines, "DG1|1||I10^H^I10C|||F", "AL1|1|FA|PN", "IAM|1|FA|LX|||A||||||||R^R|MTH")
    nobody = {"display": "not identified in the message"}

    assert nobody == only(found, "Encounter")["subject"] == only(found, "Coverage")["beneficiary"]
    assert nobody == only(found, "Condition")["subject"]
    assert {"NK1-1", "NK1-2", "PD1-1"} == {one.location for one in found.coverage.unknown}


def test_a_null_deletes_and_is_accounted_for() -> None:
    found = converted("A08", PID, pv1(f10='""'), 'DG1|1||I10^H^I10C|""||F')
    reasons = {entry.location: entry.reason for entry in found.coverage.dropped}

    assert "serviceType" not in only(found, "Encounter")
    assert "explicit null" in reasons["PV1-10"]
    assert "H" == only(found, "Condition")["code"]["text"]


def test_the_same_visit_has_the_same_ids_from_admission_to_discharge() -> None:
    lines = (PID, pv1(), "DG1|1||I10^H^I10C|||F", "AL1|1|FA|PN", "IN1|1|PPO|7001|Ins")
    before, after = converted("A01", *lines), converted("A03", *lines)

    assert {entry["fullUrl"] for entry in before.bundle["entry"]} - {
        entry["fullUrl"] for entry in after.bundle["entry"]
    } == set()


def test_a_visit_that_moves_from_nobody_named_has_no_source() -> None:
    assert "extension" not in only(converted("A45", PID, "MRG|||||V1^^^NG^VN", pv1()), "Encounter")


def test_a_cancelled_discharge_from_another_place_leaves_the_prior_one_completed() -> None:
    assert {"WARD": "active", "ICU": "completed"} == statuses(converted("A13", PID, pv1(f3="WARD", f6="ICU")))
