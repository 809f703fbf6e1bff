"""
Invariant 5: no PHI outside its rooms.

Messages full of canaries are accepted, held, refused and kept waiting; then everything that is not a room for
patient data is searched: files, their names, tables, what commands print, what partners are answered.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.e2e.canaries import Canaries, Search
from tests.e2e.er7 import Hl7, Observation, unique
from tests.e2e.partner import Partner
from tests.e2e.platform_process import PlatformProcess, wait_until

# Where patient data lives by design: payloads, the ledger's files, what the destinations were sent.
ROOMS = ("archive/", "postgres/data/", "destinations/")
# The state store's own rooms: the message with its control id, its conversion, and what patients and reports are
# recognised by.
TABLES_WITH_PHI = {"message", "inbox", "conversion", "patient_alias", "report_state"}


@dataclass
class Evidence:
    """What was seen while the messages went through."""

    search: Search = field(default_factory=Search)
    answers: list[bytes] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    waited: list[str] = field(default_factory=list)


def of(patient: Canaries) -> Hl7:
    """Return a valid message that has a canary wherever a message has room for one."""
    document = base64.b64encode(f"%PDF-1.4 {patient.document}".encode()).decode()
    return Hl7(
        mrn=patient.mrn,
        filler=patient.filler,
        pid={
            5: f"{patient.family}^{patient.given}",
            6: f"{patient.mother}^Old",
            7: patient.born,
            11: f"{patient.street}^^{patient.city}^NY^00000",
            13: f"{patient.phone}^PRN^PH",
            18: f"{patient.account}^^^HARBOR^AN",
            19: patient.ssn,
        },
        obr={2: f"{patient.account}^HARBOR", 13: patient.text, 16: f"1234^{patient.clinician}^Ordering"},
        observations=(
            Observation(patient.number, flag=f"HH~{patient.flag}", note=patient.note),
            Observation(patient.text, kind="TX", code="11502-2^Report^LN", units=""),
            Observation(f"^application^pdf^Base64^{document}", kind="ED", code="11502-2^Report^LN", units=""),
        ),
        extra=(f"ZPI|1|{patient.own_segment}^{patient.family}",),
    )


def held(message: Hl7, patient: Canaries) -> Iterator[Hl7]:
    """Yield messages that are acknowledged and then held, with a canary at the very place of the fault."""
    first, *others = message.observations
    faulty = (
        {"observations": (replace(first, status=patient.text), *others)},
        {"observations": (replace(first, status="?"), *others)},
        {"obr": {**message.obr, 25: patient.text}},
        {"observations": (replace(first, kind="NM", value=patient.text), *others)},
        {"pid": {**message.pid, 7: patient.street}},
        {"pid": {**message.pid, 8: patient.family}},
        {"observations": (replace(first, kind=patient.text[:3]), *others)},
        {"stated": patient.text},
    )
    for number, change in enumerate(faulty):
        # Each about another patient: a held one holds up those behind it.
        pid = {**message.pid, 3: f"{patient.mrn}{number}^^^HARBOR^MR", **change.get("pid", {})}
        yield message.now(**{**change, "pid": pid, "filler": f"{patient.filler}{number}"})


def refused(message: Hl7, patient: Canaries) -> Iterator[bytes]:
    """Yield what gets AE, AR or a problem document."""
    yield message.now(without=("OBR",)).payload
    yield message.now(msh={9: "SIU^S12^SIU_S12"}).payload
    yield message.now(msh={9: f"{patient.family}^{patient.given}"}).payload
    yield message.now(msh={11: patient.family}).payload
    yield message.now(msh={12: patient.family}).payload
    yield message.now(msh={18: patient.family}).payload
    yield message.now(control_id="").payload
    yield message.payload[3:]
    yield b"\xff\xfe" + message.payload
    yield message.now(msh={18: "UNICODE UTF-8"}).payload.replace(b"Old", b"\xff\xff")
    yield f"Dear {patient.family}, {patient.ssn}".encode()
    yield f'{{"name": "{patient.family}"}}'.encode()
    yield message.payload + b"x" * (10 * 1024 * 1024)


@pytest.fixture(scope="module")
def evidence(platform: PlatformProcess) -> Iterator[Evidence]:
    seen = Evidence()
    with Partner(platform, "riverside-lab") as lab, httpx.Client(base_url=platform.destinations_url) as switchboard:
        patients = {name: Canaries.new() for name in ("accepted", "held", "refused", "waiting", "turned-away")}
        for name, patient in patients.items():
            for what, value in patient.values.items():
                seen.search.add(f"{name}: {what}", value)
        seen.accepted = [lab.accepted(of(patients["accepted"]))]
        for message in held(of(patients["held"]), patients["held"]):
            seen.held.append(lab.accepted(message))
        for payload in refused(of(patients["refused"]), patients["refused"]):
            seen.answers.append(_without_echo(lab.post(payload)))
        ask_oddly(lab, patients["refused"], platform.secret("functions-host-key"))
        # Nothing else may be on its way when the destinations go down: with its failures their breakers would open.
        for message_id in (*seen.accepted, *seen.held):
            lab.outcome(message_id, 60)
        with broken(switchboard, "down"):
            seen.waited.append(lab.accepted(of(patients["waiting"])))
            wait_until(lambda: _has_hop(platform, seen.waited[0], "retry"), 30, "a retry")
        with broken(switchboard, "refuse"):
            seen.held.append(lab.accepted(of(patients["turned-away"])))
            seen.answers.append(str(lab.outcome(seen.held[-1])).encode())
        for message_id in (*seen.accepted, *seen.held, *seen.waited):
            seen.answers.append(str(lab.outcome(message_id, 60)).encode())
        yield seen


def ask_oddly(lab: Partner, patient: Canaries, key: str) -> None:
    """Put canaries where a careless sender would: in addresses and headers; and in a hint, which fails on it."""
    word = patient.family
    odd = {
        "traceparent": f"00-{word}-01",
        "tracestate": f"lab={word.lower()}",
        "User-Agent": word,
        "X-Patient": word,
        "Cookie": f"patient={word}",
    }
    for path in (f"/api/v1/messages/{word}", f"/api/v1/messages?patient={word}", f"/{word}", f"/admin/{word}"):
        lab.http.get(path, headers={**lab.authorization, **odd})
    body = Hl7().payload
    lab.http.post(f"{lab.url}?patient={word}", content=body, headers={**lab.authorization, **odd})
    lab.http.post(f"/api/v1/partners/{word}/hl7v2", content=body, headers=lab.authorization)
    lab.http.post(lab.url, content=body, headers={"Authorization": f"Bearer {word}"})
    lab.http.post(lab.url, content=body, headers={**lab.authorization, "Content-Type": f"text/{word}"})
    for function in ("delivery_send", "lab_results_process"):
        run = lab.http.post(f"/admin/functions/{function}", json={"input": word}, headers={"x-functions-key": key})
        assert 202 == run.status_code


@contextmanager
def broken(switchboard: httpx.Client, mode: str) -> Iterator[None]:
    switchboard.post("/admin/faults", json={"mode": mode, "for_seconds": 10}).raise_for_status()
    try:
        yield
    finally:
        switchboard.post("/admin/faults", json={"mode": "none"}).raise_for_status()


def test_the_messages_went_the_ways_that_they_were_meant_to(platform: PlatformProcess, evidence: Evidence) -> None:
    states = dict(platform.rows("SELECT message_id::text, status FROM message"))

    assert {"processed"} == {states[one] for one in (*evidence.accepted, *evidence.waited)}
    assert {"quarantined", "processed"} == {states[one] for one in evidence.held}
    asked = [*evidence.accepted, *evidence.waited, *evidence.held]
    tasks = (
        "SELECT DISTINCT message_id::text FROM task WHERE kind = 'critical-result' AND message_id = ANY(%s::uuid[])"
    )
    assert len(asked) - 2 <= len(wait_until(lambda: platform.rows(tasks, asked), 15, "the tasks"))


def test_the_search_finds_what_lies_in_its_rooms(platform: PlatformProcess, evidence: Evidence) -> None:
    def found_in(folder: str, wanted: set[str]) -> set[str]:
        found = evidence.search.only(wanted).within_files(platform.data / folder)
        return {what for names in found.values() for what in names}

    # A text that a database keeps on two of its pages is not found as a whole: a few must do.
    few = {"accepted: mrn, plain", "waiting: mrn, plain"}
    wait_until(
        lambda: few == found_in("destinations", few), 90, "the deliveries of what was accepted and of what waited"
    )
    kept = {"accepted: mrn, plain", "held: mrn, plain", "accepted: filler, plain"}

    assert kept == set(evidence.search.only(kept).within(_dump(platform, TABLES_WITH_PHI)))
    archived = {*few, "accepted: document, base64"}
    assert archived == found_in("archive", archived)


def test_no_file_beyond_the_rooms_holds_patient_data(platform: PlatformProcess, evidence: Evidence) -> None:
    assert {} == evidence.search.within_files(platform.data, besides=ROOMS)


def test_no_name_of_a_file_holds_patient_data(platform: PlatformProcess, evidence: Evidence) -> None:
    assert [] == evidence.search.within_names(platform.data)


def test_no_temporary_file_holds_patient_data(platform: PlatformProcess, evidence: Evidence) -> None:
    assert {} == evidence.search.within_files(platform.temporary)


def test_no_table_beyond_the_rooms_holds_patient_data(platform: PlatformProcess, evidence: Evidence) -> None:
    tables = set(_tables(platform))
    expected = {"hop", "audit", "event", "quarantine", "stream", "entry", "job_lease", "delivery", "task"}

    assert expected < tables
    found = {table: evidence.search.within(_dump(platform, {table})) for table in tables - TABLES_WITH_PHI}
    assert {} == {table: what for table, what in found.items() if what}


def test_no_answer_holds_patient_data(evidence: Evidence) -> None:
    assert [] == evidence.search.within(b"\n".join(evidence.answers))


def test_no_command_prints_patient_data(platform: PlatformProcess, evidence: Evidence) -> None:
    patient = Canaries.new()
    for what, value in patient.values.items():
        evidence.search.add(f"sent: {what}", value)
    file = platform.data.parent / "message.hl7"
    file.write_bytes(of(patient).now(without=("OBR",)).payload)
    done = [platform.cli("send", "--partner", "riverside-lab", file), platform.cli("reconcile")]
    for message_id in (*evidence.accepted, *evidence.held, *evidence.waited):
        done += [platform.cli("trace", message_id)]
    done += [platform.cli("trace", "--json", evidence.held[0]), platform.cli("reconcile", "--json")]
    printed = [platform.output.read_bytes(), *(f"{one.stdout}{one.stderr}".encode() for one in done)]

    assert [] == evidence.search.within(b"\n".join(printed))


def test_a_control_id_stays_among_the_messages(platform: PlatformProcess, lab: Partner) -> None:
    search, control_id = Search(), unique("QCTL")
    search.add("control id", control_id)
    lab.outcome(lab.accepted(Hl7(control_id=control_id)))

    assert {} == search.within_files(platform.data, besides=ROOMS)
    elsewhere = set(_tables(platform)) - {"message", "inbox", "conversion"}
    assert [] == search.within(_dump(platform, elsewhere))


def _has_hop(platform: PlatformProcess, message_id: str, outcome: str) -> bool:
    return bool(platform.rows("SELECT 1 FROM hop WHERE message_id = %s AND outcome = %s", message_id, outcome))


def _without_echo(response: httpx.Response) -> bytes:
    """Return an answer but for the header of an ACK, which repeats the sender's own by the standard's order."""
    if b"MSA" not in response.content:
        return response.content
    return response.content.split(b"MSA", 1)[1]


def _as_superuser(platform: PlatformProcess) -> psycopg.Connection:
    password = (platform.data / "postgres" / "password").read_text().strip()
    return psycopg.connect(f"postgresql://postgres:{password}@127.0.0.1:{platform.port + 5}/corridor")


def _tables(platform: PlatformProcess) -> list[str]:
    with _as_superuser(platform) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return [name for (name,) in rows]


def _dump(platform: PlatformProcess, tables: set[str]) -> bytes:
    """Return all rows of the tables as text; bytes are in hex."""
    parts = []
    with _as_superuser(platform) as connection, connection.cursor() as cursor:
        for table in sorted(tables):
            with cursor.copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
                parts += [bytes(block) for block in copy]
    return b"".join(parts)
