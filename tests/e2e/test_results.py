from __future__ import annotations

import uuid

from tests.e2e.destination import Destinations
from tests.e2e.er7 import CRITICAL, UNKNOWN_STATUS, Hl7, Observation
from tests.e2e.partner import Partner
from tests.e2e.platform_process import PlatformProcess, corridor, wait_until


def test_a_result_is_readable_at_both_destinations_within_seconds(
    platform: PlatformProcess, lab: Partner, destinations: Destinations
) -> None:
    message = Hl7(observations=(Observation(note="Haemolysed slightly."), Observation("138", code="2951-2^Na^LN")))
    page = lab.outcome(lab.accepted(message), within=20)
    (trace,) = platform.trace(str(page["messageId"]))
    patient = destinations.patient(message.mrn)
    found = destinations.search("Observation", subject=f"Patient/{patient['id']}")
    (report,) = destinations.search("DiagnosticReport", subject=f"Patient/{patient['id']}")

    assert {"harbor-ehr": "delivered", "insight-portal": "delivered"} == {
        delivery["destination"]: delivery["status"] for delivery in trace["deliveries"]
    }
    assert ("Testperson", ["Invented"]) == (patient["name"][0]["family"], patient["name"][0]["given"])
    assert {4.1, 138} == {observation["valueQuantity"]["value"] for observation in found}
    assert {"2823-3", "2951-2"} == {observation["code"]["coding"][0]["code"] for observation in found}
    assert {f"Observation/{one['id']}" for one in found} == {one["reference"] for one in report["result"]}
    assert "final" == report["status"]


def test_the_portal_gets_only_what_its_file_allows(
    platform: PlatformProcess, lab: Partner, destinations: Destinations
) -> None:
    message = Hl7(pid={11: "1 Invented Street^^Testville", 13: "^PRN^PH^^^555^0100"})
    page = lab.outcome(lab.accepted(message))
    (trace,) = platform.trace(str(page["messageId"]))
    (delivery,) = [one for one in trace["deliveries"] if one["destination"] == "insight-portal"]
    resources = [one["resource"] for one in destinations.received_by_portal(delivery["delivery_id"])["entry"]]

    assert {"Patient", "DiagnosticReport", "Observation"} <= {one["resourceType"] for one in resources}
    assert {"Patient", "DiagnosticReport", "Observation", "Organization"} >= {one["resourceType"] for one in resources}
    (patient,) = [one for one in resources if one["resourceType"] == "Patient"]
    assert {"resourceType", "id", "identifier", "name", "birthDate", "gender"} >= set(patient)
    assert "1 Invented Street" in str(destinations.patient(message.mrn)["address"])


def test_a_correction_replaces_the_value_and_its_preliminary_comes_too_late(
    lab: Partner, destinations: Destinations
) -> None:
    final = Hl7()
    corrected = final.now(status="C", stated="20260314091000-0400", observations=(Observation("4.4", status="C"),))
    late = final.now(status="P", stated="20260314070000-0400", observations=(Observation("9.9", status="P"),))
    pages = [lab.outcome(lab.accepted(message)) for message in (final, corrected, late)]
    (observation,) = destinations.search("Observation", patient=destinations.patient(final.mrn)["id"])

    assert [{"delivered": 2}, {"delivered": 2}, {"superseded": 1}] == [page["deliveries"] for page in pages]
    assert (4.4, "corrected") == (observation["valueQuantity"]["value"], observation["status"])


def test_a_trace_finds_a_message_by_any_of_its_ids(platform: PlatformProcess, lab: Partner) -> None:
    message = Hl7(observations=(CRITICAL,))
    trace_id = uuid.uuid4().hex
    message_id = lab.accepted(message, traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")
    lab.outcome(message_id)
    wait_until(lambda: platform.trace(message_id)[0]["tasks"], 15, "the task")
    (trace,) = platform.trace(message_id)
    ids = [trace["deliveries"][0]["delivery_id"], trace["tasks"][0]["task_id"], message.control_id, trace_id]

    assert [[message_id]] * 4 == [[one["message"]["message_id"] for one in platform.trace(any_id)] for any_id in ids]
    printed = platform.cli("trace", message_id)
    assert 0 == printed.returncode
    for word in (message_id, "delivered", "task-opened", "harbor-ehr", "insight-portal", "critical-result: queued"):
        assert word in printed.stdout
    assert message.mrn not in printed.stdout


def test_an_id_that_nobody_knows_is_one_line_and_exit_1(platform: PlatformProcess) -> None:
    done = platform.cli("trace", "nonsense")

    assert (1, "", ["corridor: no message is known by nonsense"]) == (
        done.returncode,
        done.stdout,
        done.stderr.splitlines(),
    )


def test_the_books_balance_while_work_goes_on(platform: PlatformProcess, lab: Partner) -> None:
    ids = [lab.accepted(Hl7()) for _ in range(5)]
    during = platform.cli("reconcile")
    for message_id in ids:
        lab.outcome(message_id)
    after = platform.cli("reconcile")

    assert (0, 0) == (during.returncode, after.returncode), during.stdout + after.stdout
    assert "The books balance; " in after.stdout


def test_the_command_line_posts_as_a_partner(platform: PlatformProcess, lab: Partner) -> None:
    folder = platform.data.parent / "to send"
    folder.mkdir()
    good, bad = Hl7(), Hl7(without=("OBR",))
    for name, message in (("good.hl7", good), ("bad.hl7", bad)):
        (folder / name).write_bytes(message.payload)
    done = platform.cli("send", "--partner", "riverside-lab", *sorted(folder.iterdir()))
    first, _, second = done.stdout.splitlines()

    assert 1 == done.returncode
    assert ["AE", "AA"] == [first.split()[0], second.split()[0]]
    assert {"delivered": 2} == lab.outcome(second.split()[1])["deliveries"]


def test_a_second_platform_on_the_same_folder_or_ports_is_refused_in_one_line(platform: PlatformProcess) -> None:
    folder = platform.data.parent
    same_data = corridor("up", "--data", platform.data, "--port", "31000")
    same_port = corridor("up", "--data", folder / "other data", "--port", str(platform.port))

    for done, word in ((same_data, "already"), (same_port, "port-taken")):
        assert 1 == done.returncode
        (line,) = [line for line in done.stderr.splitlines() if line != "Starting ..."]
        assert line.startswith("corridor: ")
        assert word in line


def test_a_critical_value_is_on_the_worklist_by_itself(platform: PlatformProcess, lab: Partner) -> None:
    message_id = lab.accepted(Hl7(observations=(CRITICAL,)))
    query = "SELECT kind, state FROM task WHERE message_id = %s"
    found = wait_until(lambda: platform.rows(query, message_id), 15, "the task")

    assert [("critical-result", "queued")] == found
    (task,) = platform.trace(message_id)[0]["tasks"]
    assert ("ordering-clinician", "queued") == (task["owner_queue"], task["state"])


def test_a_held_message_says_where_and_why_without_the_patient(lab: Partner) -> None:
    message = Hl7(observations=(UNKNOWN_STATUS,))
    page = lab.outcome(lab.accepted(message))

    assert ("quarantined", "unmapped-code") == (page["status"], page["code"])
    assert str(page["location"]).startswith("OBX")
    assert str(page["location"]).endswith("-11")
    assert {} == page["deliveries"]
    for text in (message.mrn, message.filler, "Testperson", "Invented", "4.1"):
        assert text not in str(page)


def test_a_held_message_holds_up_its_patient_but_neither_a_task_nor_others(
    platform: PlatformProcess, lab: Partner
) -> None:
    held = Hl7(observations=(UNKNOWN_STATUS,))
    behind = Hl7(mrn=held.mrn, observations=(CRITICAL,))
    lab.outcome(lab.accepted(held))
    waiting, other = lab.accepted(behind), lab.accepted(Hl7())
    query = "SELECT state FROM task WHERE message_id = %s AND kind = 'critical-result'"

    assert [("queued",)] == wait_until(lambda: platform.rows(query, waiting), 15, "the task")
    assert {"delivered": 2} == lab.outcome(other)["deliveries"]
    assert "received" == lab.status(waiting).json()["status"]
    assert 0 == platform.cli("reconcile").returncode
