from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.terminology.care_maps import all_maps
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, ref, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Tilda"
PROBLEM = "PRB|AD||I10^Hypertension^I10|P1^NG"
GOAL = "GOL|AD||G^Below 140^L|G1^NG"
PATHWAY = "PTH|AD|W^Pressure pathway^L|W1^NG"
RESULT = "OBX|1|NM|8480-6^Systolic^LN||150|mm[Hg]^^UCUM|||||F"
ORDER = ("ORC|NW|O1", "OBR|1|O1||X^ECG^L")


def converted(kind: str, *lines: str) -> Conversion:
    header = f"MSH|^~\\&|CARE|NG|||20260301120000+0100||{kind}|NG-1|P|2.5.1"
    (found,) = convert("\r".join((header, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


def code(concept: dict[str, Any]) -> str:
    found: str = concept["coding"][0]["code"]
    return found


def unmapped(found: Conversion) -> list[str]:
    return [one.location for one in found.issues if one.code == "unmapped-code"]


def test_every_concept_map_has_its_own_name() -> None:
    assert len(all_maps()) == len({one.name for one in all_maps()}) == 5


def test_a_problem_is_an_item_of_the_problem_list_and_active_unless_told_otherwise() -> None:
    condition = only(converted("PPR^PC1", PID, PROBLEM), "Condition")

    assert ("problem-list-item", "active") == (code(condition["category"][0]), code(condition["clinicalStatus"]))
    assert "verificationStatus" not in condition


@pytest.mark.parametrize(
    ("confirmation", "state", "resolved", "expected"),
    [
        ("Confirmed", "Active-Stable", "", ("confirmed", "active")),
        ("rule_out", "INACTIVE", "", ("differential", "inactive")),
        ("Ruled out", "Remission", "", ("refuted", "remission")),
        ("", "", "20260101", (None, "resolved")),
        ("", "Active", "20260101", (None, "resolved")),
        ("", "Inactive", "20260101", (None, "inactive")),
        ("", "Active", "unreadable", (None, "resolved")),
        ("Entered in error", "Active", "", ("entered-in-error", None)),
    ],
)
def test_a_problem_has_the_states_that_its_words_mean(
    confirmation: str, state: str, resolved: str, expected: tuple[str | None, str | None]
) -> None:
    line = f"{PROBLEM}|||||{resolved}||||{confirmation}|{state}"
    condition = only(converted("PPR^PC1", PID, line), "Condition")
    told = (condition.get(name) for name in ("verificationStatus", "clinicalStatus"))

    assert expected == tuple(code(one) if one else None for one in told)


def test_a_state_without_translation_is_kept_and_reported() -> None:
    found = converted("PPR^PC1", PID, f"{PROBLEM}||||||||||Simmering")
    condition = only(found, "Condition")

    assert "active" == code(condition["clinicalStatus"])
    assert "Simmering" in [one["valueString"] for one in condition["extension"]]
    assert ["PRB-14"] == unmapped(found)
    assert "Simmering" not in str(found.issues)


@pytest.mark.parametrize(
    ("line", "kind", "element"),
    [
        (PROBLEM, "Condition", "verificationStatus"),
        (GOAL, "Goal", "lifecycleStatus"),
        (PATHWAY, "CarePlan", "status"),
    ],
)
def test_what_is_deleted_was_entered_in_error(line: str, kind: str, element: str) -> None:
    resource = only(converted("PPR^PC3", PID, line.replace("|AD|", "|DE|")), kind)
    state = resource[element]

    assert "entered-in-error" == (code(state) if isinstance(state, dict) else state)
    assert "clinicalStatus" not in resource


@pytest.mark.parametrize(
    ("onset", "words", "expected"),
    [("2019", "long ago", "2019"), ("", "long ago", "long ago"), ("x", "long ago", None)],
)
def test_an_onset_is_a_time_or_else_in_words(onset: str, words: str, expected: str | None) -> None:
    condition = only(converted("PPR^PC1", PID, f"{PROBLEM}||||||||||||{onset}|{words}"), "Condition")

    assert expected == condition.get("onsetDateTime", condition.get("onsetString"))
    assert "onsetString" not in condition or "onsetDateTime" not in condition


def test_a_problem_of_a_visit_names_the_visit() -> None:
    found = converted("PPR^PC1", PID, "PV1|1|I|W1||||||||||||||||V1^^^NG", PROBLEM, PATHWAY)
    visit = ref(only(found, "Encounter"))

    assert visit == only(found, "Condition")["encounter"] == only(found, "CarePlan")["encounter"]


def test_a_problem_update_writes_the_same_condition() -> None:
    first = only(converted("PPR^PC1", PID, PROBLEM), "Condition")
    later = only(converted("PPR^PC2", PID, PROBLEM.replace("|AD|", "|UP|").replace("Hyper", "High ")), "Condition")

    assert first["id"] == later["id"]


def test_the_same_problem_below_two_goals_is_one_condition() -> None:
    found = converted("PGL^PC6", PID, GOAL, PROBLEM, GOAL.replace("G1", "G2"), PROBLEM)
    condition = ref(only(found, "Condition"))

    assert [[condition], [condition]] == [goal["addresses"] for goal in resources(found, "Goal")]


@pytest.mark.parametrize(("line", "kind"), [(PROBLEM, "Condition"), (GOAL, "Goal"), (PATHWAY, "CarePlan")])
def test_the_same_thing_told_twice_is_one_resource(line: str, kind: str) -> None:
    found = converted("PPR^PC1", PID, line, line)

    assert 1 == len(resources(found, kind))
    assert () == found.coverage.unknown


def test_a_goal_has_dates_and_keeps_their_times_of_day() -> None:
    line = "GOL|AD||G^Below 140^L||||20260301093000+0100|20260901|||||||||better~slowly|Achieved|2026030210"
    goal = only(converted("PGL^PC6", PID, line), "Goal")
    kept = [one["valueString"] for one in goal["extension"]]

    assert ("2026-03-01", "2026-09-01", "2026-03-02") == (
        goal["startDate"],
        goal["target"][0]["dueDate"],
        goal["statusDate"],
    )
    assert {"20260301093000+0100", "2026030210"} <= set(kept)
    assert ("completed", "better\nslowly") == (goal["lifecycleStatus"], goal["note"][0]["text"])


def test_a_problem_told_in_two_ways_keeps_both() -> None:
    found = converted("PPR^PC1", PID, PROBLEM, PROBLEM.replace("Hypertension", "Pressure"))

    assert {"Hypertension", "Pressure"} == {one["code"]["text"] for one in resources(found, "Condition")}


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("PPR^PC1", (PROBLEM, PATHWAY, GOAL)),
        ("PGL^PC6", (GOAL, PATHWAY, PROBLEM)),
        ("PPP^PCB", (PATHWAY, PROBLEM, GOAL)),
        ("PPG^PCG", (PATHWAY, GOAL, PROBLEM)),
    ],
)
def test_problem_goal_and_pathway_are_linked_whatever_is_on_top(kind: str, lines: tuple[str, ...]) -> None:
    found = converted(kind, PID, *lines)
    condition, goal, plan = (only(found, name) for name in ("Condition", "Goal", "CarePlan"))

    assert [ref(condition)] == goal["addresses"]
    assert [ref(condition)] == plan.get("addresses") or kind.startswith("PGL")
    assert [ref(goal)] == plan.get("goal", [ref(goal)])
    assert "goal" in plan or kind.startswith("PPR")


def test_a_result_belongs_to_what_it_stands_below() -> None:
    found = converted("PPP^PCB", PID, PATHWAY, RESULT, PROBLEM, RESULT, GOAL, RESULT)
    plan, condition, goal = (only(found, name) for name in ("CarePlan", "Condition", "Goal"))
    first, second, third = (ref(one) for one in resources(found, "Observation"))

    assert [first] == plan["supportingInfo"]
    assert [{"detail": [second]}] == condition["evidence"]
    assert [third] == goal["outcomeReference"]


def test_an_order_below_a_pathway_is_its_activity_and_has_the_problem_as_reason() -> None:
    found = converted("PPR^PC1", PID, PROBLEM, *ORDER)
    assert [ref(only(found, "Condition"))] == only(found, "ServiceRequest")["reasonReference"]

    found = converted("PGL^PC6", PID, GOAL, *ORDER)
    assert [ref(only(found, "Goal"))] == only(found, "ServiceRequest")["supportingInfo"]

    found = converted("PPG^PCG", PID, PATHWAY, GOAL, *ORDER)
    assert [{"reference": ref(only(found, "ServiceRequest"))}] == only(found, "CarePlan")["activity"]


def test_an_order_for_a_medication_is_for_the_problem() -> None:
    found = converted("PPR^PC1", PID, PROBLEM, "ORC|NW|R1", "RXO|1^Ramipril^L|5||mg")

    assert [ref(only(found, "Condition"))] == only(found, "MedicationRequest")["reasonReference"]


def test_what_stands_below_an_order_is_the_orders() -> None:
    variance = "VAR|V1||20260102||LATE^Late^L|a day late"
    found = converted("PPR^PC1", PID, PROBLEM, GOAL, *ORDER, "NTE|1||fasting", RESULT, variance)
    request = only(found, "ServiceRequest")

    assert ["fasting", "a day late"] == [note["text"] for note in request["note"]]
    assert [ref(only(found, "Observation"))] == request["supportingInfo"]
    assert not {"evidence", "note"} & only(found, "Condition").keys()


def test_a_variance_is_a_note_of_what_it_follows() -> None:
    lines = ("VAR|V1|20260101||7^Mock^Mona~8^Sample^Sven|L^Late^L|one~two", GOAL, "ROL||AD|AT|7^Mock^Mona", "VAR|V2")
    found = converted("PPR^PC1", PID, PROBLEM, *lines, RESULT, "VAR|V3|||||seen")
    note = only(found, "Condition")["note"][0]
    kept = {one["url"].rsplit(":", 1)[-1]: one["valueString"] for one in note["extension"]}

    assert ("one\ntwo", "2026-01-01") == (note["text"], note["time"])
    assert ref(resources(found, "Practitioner")[0]) == note["authorReference"]
    assert {"var-1": "V1", "var-2": "20260101", "var-4": "7^Mock^Mona~8^Sample^Sven", "var-5": "L^Late^L"} == kept
    assert ["(no text)"] == [one["text"] for one in only(found, "Goal")["note"]]
    assert ["seen"] == [one["text"] for one in only(found, "Observation")["note"]]


def test_whoever_has_a_part_in_a_pathway_contributes_to_the_plan() -> None:
    found = converted("PPP^PCB", PID, PATHWAY, "ROL||AD|AT|7^Mock^Mona")

    assert [ref(only(found, "PractitionerRole"))] == only(found, "CarePlan")["contributor"]


def test_a_plan_in_a_state_without_translation_is_unknown() -> None:
    found = converted("PPP^PCB", PID, f"{PATHWAY}||Parked")

    assert "unknown" == only(found, "CarePlan")["status"]
    assert ["PTH-5"] == unmapped(found)


def test_a_pathway_without_words_has_no_title() -> None:
    assert not {"title", "category"} & only(converted("PPP^PCB", PID, "PTH|AD"), "CarePlan").keys()
    assert "title" not in only(converted("PPP^PCB", PID, "PTH|AD|W"), "CarePlan")


def test_a_deleted_field_is_absent() -> None:
    found = converted("PPR^PC2", PID, 'PRB|UP||I10^Hypertension^I10|P1^NG|||""||""')

    assert not {"recordedDate", "abatementDateTime"} & only(found, "Condition").keys()


def test_problems_without_a_patient_are_about_nobody_known() -> None:
    found = converted("PPR^PC1", PROBLEM, GOAL)

    assert {"display": "not identified in the message"} == only(found, "Goal")["subject"]
    assert [ref(only(found, "Condition"))] == only(found, "Goal")["addresses"]


def test_a_response_to_a_query_has_its_answer_and_its_problems() -> None:
    found = converted("PRR^PC5", "MSA|AA|Q1", "QRD|20260301|R|I|Q1", PID, PROBLEM)

    assert "completed" == only(found, "Task")["status"]
    assert "QRD" == only(found, "Parameters")["parameter"][0]["name"]
    assert resources(found, "Condition")


@pytest.mark.parametrize("ended", ["20260301", "soon"])
def test_a_problem_that_was_entered_in_error_has_no_end_but_keeps_what_was_sent(ended: str) -> None:
    problem = f"PRB|AD|20260310|I10^Hypertension^I10|P-1|||||{ended}||||Entered in error"
    condition = only(converted("PPR^PC1", PID, problem), "Condition")

    assert {"abatementDateTime", "_abatementDateTime"}.isdisjoint(condition)
    assert ended in [one.get("valueString") for one in condition["extension"]]


@pytest.mark.parametrize("visit", [("PV1|1|O",), ("PV1|1|O", "PV2|||X^Checkup^L"), ()])
def test_a_note_behind_the_visit_is_about_the_referral(visit: tuple[str, ...]) -> None:
    lines = ("RF1|A|R|MED|||REF-1^NG", "PRD|RP|Refer^Rita", PID, "DG1|1||I10^Hypertension^I10|||F")
    order = ("OBR|1|P1||X^ECG^L|||20260301", "NTE|1||Of the trace") if visit else ()
    found = converted("REF^I12", *lines, *order, *visit, *(["NTE|1||Please see her soon"] if visit else []))
    (referral,) = (one for one in resources(found, "ServiceRequest") if one["identifier"][0]["value"] == "REF-1")

    assert ([{"text": "Please see her soon"}] if visit else None) == referral.get("note")
    assert [] == [one for one in resources(found, "Encounter") if "extension" in one]


def test_a_note_behind_the_visit_of_an_answer_without_a_referral_stays_with_the_visit() -> None:
    found = converted("RRI^I12", "MSA|AA|Q1", PID, "PV1|1|O", "NTE|1||Not here")

    assert ["note"] == [one["url"].rsplit(":", 1)[-1] for one in only(found, "Encounter")["extension"]]
