"""The audit log is chained and sealed, and a change of it is told by row (invariant 11, requirement H10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from cli.application import application
from functions.operations.use_case import seal_audit_log
from shared.adapters.file_archive import FileArchive
from shared.adapters.memory import FixedClock, MemoryArchive
from shared.adapters.postgres_audit_book import open_audit_book
from shared.adapters.postgres_audit_chain import PostgresAuditChain
from shared.adapters.postgres_statements import Statements
from shared.audit.chain import GENESIS, Position, parse_seal, seal, serialize_seal
from shared.audit.proof import Proof, prove
from shared.errors import RejectedError, TransientError
from shared.ports import Archive, Ports


def record(ports: Ports, *subjects: str) -> None:
    for subject in subjects:
        with ports.ledger.transaction() as tx:
            tx.audit.record("operator/invented", "looked", subject, "a test", number=1)


def proof(ledger_url: str, archive: Archive) -> Proof:
    with open_audit_book(ledger_url) as book:
        return prove(book, archive.get)


def findings(ledger_url: str, archive: Archive) -> list[tuple[str, str]]:
    return [(found.rule, found.subject) for found in proof(ledger_url, archive).findings]


def tamper(ledger_url: str, statement: str) -> None:
    with psycopg.connect(ledger_url) as connection:
        connection.execute(statement)


@pytest.fixture
def sealed(ports: Ports) -> MemoryArchive:
    """Seal two batches of three rows and leave one row unsealed."""
    archive = ports.archive
    assert isinstance(archive, MemoryArchive)
    record(ports, "a", "b", "c")
    seal_audit_log(ports)
    record(ports, "d", "e", "f")
    seal_audit_log(ports)
    record(ports, "g")
    return archive


def test_what_was_sealed_is_proved_and_the_tail_is_reported(
    sealed: MemoryArchive, ledger_url: str, clock: FixedClock
) -> None:
    found = proof(ledger_url, sealed)

    assert (2, 6, (), 1, clock.now) == (found.batches, found.rows, found.findings, found.tail.rows, found.tail.oldest)


def test_an_empty_log_is_in_order(ports: Ports, ledger_url: str) -> None:
    assert 0 == seal_audit_log(ports)
    assert (0, GENESIS, 0) == ((found := proof(ledger_url, ports.archive)).batches, found.root, found.tail.rows)


def test_nothing_new_makes_no_seal(ports: Ports, sealed: MemoryArchive) -> None:
    assert [1, 0] == [seal_audit_log(ports), seal_audit_log(ports)]
    assert 3 == len(sealed.contents)


def test_what_is_recorded_while_a_seal_is_written_waits_for_the_next_run(ports: Ports) -> None:
    class SlowArchive(MemoryArchive):
        def put(self, name: str, content: bytes) -> None:
            super().put(name, content)
            record(ports, "later")

    slow = replace(ports, archive=SlowArchive())
    record(ports, "a", "b")

    assert [2, 1, 1] == [seal_audit_log(slow) for _ in range(3)]


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE audit SET reason = 'a tesT' WHERE subject = 'e'", ("row-altered", "audit row 5")),
        ("UPDATE audit SET details = '{\"number\": 2}' WHERE subject = 'b'", ("row-altered", "audit row 2")),
        ("UPDATE audit SET at = at + interval '1 microsecond' WHERE subject = 'a'", ("row-altered", "audit row 1")),
        ("DELETE FROM audit WHERE subject = 'c'", ("row-missing", "audit row 3")),
        (
            "INSERT INTO audit (at, actor, action, subject, reason, details, xid) "
            "SELECT at, actor, action, 'forged', reason, details, xid FROM audit WHERE subject = 'd'",
            ("row-inserted", "audit row 8"),
        ),
        ("UPDATE audit_seal SET root = '\\x00' WHERE batch = 1", ("seal-record-differs", "batch 1")),
    ],
)
def test_a_change_in_the_ledger_is_found_and_named(
    sealed: MemoryArchive, ledger_url: str, statement: str, finding: tuple[str, str]
) -> None:
    tamper(ledger_url, statement)

    assert [finding] == findings(ledger_url, sealed)


def test_rows_that_change_places_are_found(sealed: MemoryArchive, ledger_url: str) -> None:
    tamper(
        ledger_url,
        "UPDATE audit SET subject = CASE subject WHEN 'a' THEN 'b' ELSE 'a' END WHERE subject IN ('a', 'b')",
    )

    assert [("row-altered", "audit row 1"), ("row-altered", "audit row 2")] == findings(ledger_url, sealed)


def test_a_flipped_byte_in_a_seal_is_found(sealed: MemoryArchive, ledger_url: str) -> None:
    name = "audit/seal-000000000001"
    one = parse_seal(sealed.contents[name])
    (number, digest), *others = one.rows
    flipped = bytes([digest[0] ^ 1]) + digest[1:]
    sealed.contents[name] = serialize_seal(replace(one, rows=((number, flipped), *others)))

    assert [("seal-altered", "batch 1"), ("row-altered", "audit row 1")] == findings(ledger_url, sealed)


def test_a_seal_that_is_gone_or_no_seal_is_found(sealed: MemoryArchive, ledger_url: str) -> None:
    del sealed.contents["audit/seal-000000000001"]
    sealed.contents["audit/seal-000000000002"] = b"{}"

    rules = {rule for rule, _ in findings(ledger_url, sealed)}

    assert {"seal-missing", "seal-unreadable"} == rules


def test_a_history_that_was_cut_off_in_the_ledger_is_still_in_storage(sealed: MemoryArchive, ledger_url: str) -> None:
    tamper(ledger_url, "DELETE FROM audit_seal")
    tamper(ledger_url, "DELETE FROM audit WHERE subject IN ('d', 'e', 'f', 'g')")

    assert [
        ("seal-unrecorded", "batch 2"),
        ("row-missing", "audit row 4"),
        ("row-missing", "audit row 5"),
        ("row-missing", "audit row 6"),
    ] == findings(ledger_url, sealed)


def test_a_seal_from_elsewhere_breaks_the_chain(sealed: MemoryArchive, ledger_url: str) -> None:
    second = parse_seal(sealed.contents["audit/seal-000000000002"])
    sealed.contents["audit/seal-000000000002"] = serialize_seal(replace(second, batch=7, previous=GENESIS))

    rules = [rule for rule, _ in findings(ledger_url, sealed)]

    assert ["seal-misplaced", "seal-chain-broken", "seal-altered"] == rules


def test_a_row_that_commits_late_is_not_stepped_over(ports: Ports, ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as late:
        late.execute(
            "INSERT INTO audit (at, actor, action, subject, reason, details) "
            "VALUES (now(), 'slow', 'wrote', 'late', 'a test', '{}')"
        )
        record(ports, "after")
        held_back = seal_audit_log(ports)

    assert (0, 2) == (held_back, seal_audit_log(ports))
    assert (2, 0, ()) == ((found := proof(ledger_url, ports.archive)).rows, found.tail.rows, found.findings)


def test_a_long_log_is_sealed_in_batches(ports: Ports, ledger_url: str) -> None:
    tamper(
        ledger_url,
        "INSERT INTO audit (at, actor, action, subject, reason, details) "
        "SELECT now(), 'many', 'wrote', n::text, 'a test', '{}' FROM generate_series(1, 2500) AS n",
    )

    assert 2500 == seal_audit_log(ports)
    assert (3, 2500, ()) == ((found := proof(ledger_url, ports.archive)).batches, found.rows, found.findings)


def test_transactions_are_sealed_in_the_order_of_their_numbers_whatever_their_digits(
    ports: Ports, ledger_url: str
) -> None:
    tamper(
        ledger_url,
        "INSERT INTO audit (at, actor, action, subject, reason, details, xid) "
        "SELECT now(), 'many', 'wrote', n::text, 'a test', '{}', n::text::xid8 FROM generate_series(105, 1, -1) AS n",
    )
    with ports.ledger.transaction() as tx:
        first = tx.audit_chain.unsealed(Position(), 60)
        second = tx.audit_chain.unsealed(first.end, 60)

    assert [str(number) for number in range(1, 106)] == [row.subject for row in (*first.rows, *second.rows)]


def test_a_batch_reads_no_more_rows_than_it_seals_however_many_wait(ports: Ports, ledger_url: str) -> None:
    tamper(
        ledger_url,
        "INSERT INTO audit (at, actor, action, subject, reason, details) "
        "SELECT now(), 'many', 'wrote', n::text, 'a test', '{}' FROM generate_series(1, 20000) AS n",
    )
    tamper(ledger_url, "ANALYZE audit")  # as autovacuum does
    with psycopg.connect(ledger_url) as connection:
        chain, position = PostgresAuditChain(Statements(connection)), Position()
        for batch in range(1, 4):
            unsealed = chain.unsealed(position, 500)
            position = unsealed.end
            assert batch * 501 >= rows_read(connection)
            assert 500 == len(unsealed.rows)


def rows_read(connection: psycopg.Connection) -> int:
    """What this transaction has read of the audit log so far, as the server counts it."""
    query = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'audit'"
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_one_run_seals_so_much_and_leaves_the_rest_of_a_backlog_to_the_next(ports: Ports, ledger_url: str) -> None:
    tamper(
        ledger_url,
        "INSERT INTO audit (at, actor, action, subject, reason, details) "
        "SELECT now(), 'many', 'wrote', n::text, 'a test', '{}' FROM generate_series(1, 2500) AS n",
    )

    assert [2000, 500, 0] == [seal_audit_log(ports, batches=2) for _ in range(3)]
    assert (3, 2500, ()) == ((found := proof(ledger_url, ports.archive)).batches, found.rows, found.findings)


class DyingArchive:
    """Keeps what it is given and then fails, as a process that dies between storage and ledger."""

    def __init__(self, kept: MemoryArchive) -> None:
        self.kept = kept

    def put(self, name: str, content: bytes) -> None:
        self.kept.put(name, content)
        raise TransientError("archive-unavailable")

    def get(self, name: str) -> bytes:
        return self.kept.get(name)


def test_a_sealer_that_dies_between_storage_and_ledger_leaves_a_seal_that_the_next_one_takes(
    ports: Ports, ledger_url: str
) -> None:
    kept = MemoryArchive()
    record(ports, "a", "b")
    with pytest.raises(TransientError):
        seal_audit_log(replace(ports, archive=DyingArchive(kept)))
    assert (2, ()) == ((half := proof(ledger_url, kept)).rows, half.findings)
    record(ports, "c")

    assert [2, 1] == [seal_audit_log(replace(ports, archive=kept)) for _ in range(2)]
    assert (2, 3, ()) == ((found := proof(ledger_url, kept)).batches, found.rows, found.findings)


def test_a_seal_that_somebody_else_wrote_stops_the_sealer(ports: Ports) -> None:
    record(ports, "a")
    strange = seal(1, b"\x01" * 32, [], Position(1, 1), ports.clock())
    ports.archive.put(strange.name, serialize_seal(strange))

    with pytest.raises(RejectedError, match="seal-conflict"):
        seal_audit_log(ports)


def test_an_archive_that_refuses_for_another_reason_stops_the_sealer(ports: Ports) -> None:
    class Refusing(DyingArchive):
        def put(self, name: str, content: bytes) -> None:
            raise RejectedError("archive-full")

    record(ports, "a")
    with pytest.raises(RejectedError, match="archive-full"):
        seal_audit_log(replace(ports, archive=Refusing(MemoryArchive())))


def test_one_sealer_at_a_time(ports: Ports) -> None:
    record(ports, "a")
    with ports.ledger.transaction() as tx:
        tx.jobs.take("operations-seal-audit", "another", timedelta(minutes=1))

    assert 0 == seal_audit_log(ports)


def test_a_restored_server_that_counts_transactions_from_anew_goes_on_with_the_chain(
    ports: Ports, ledger_url: str
) -> None:
    record(ports, "a", "b", "c")
    seal_audit_log(ports)
    record(ports, "copied, not sealed")
    # What a dump carries from a server that had counted further than this one.
    tamper(ledger_url, "UPDATE audit SET xid = (xid::text::bigint + 1000000000)::text::xid8")
    tamper(ledger_url, "UPDATE audit_seal SET last_xid = (last_xid::text::bigint + 1000000000)::text::xid8")
    record(ports, "new")

    before = [rule for rule, _ in findings(ledger_url, ports.archive)]
    assert [1, 1] == [seal_audit_log(ports) for _ in range(2)]
    record(ports, "newer")
    assert 1 == seal_audit_log(ports)
    found = proof(ledger_url, ports.archive)
    # The record of batch 1 was moved above.
    assert (["seal-record-differs"], ["seal-record-differs"]) == (before, [one.rule for one in found.findings])
    assert (6, 0) == (found.rows, found.tail.rows)


@pytest.fixture
def verify(ledger_url: str) -> Callable[..., tuple[int, str]]:
    def run(archive: Path, *options: str) -> tuple[int, str]:
        environ = {"CORRIDOR_OPERATOR_DATABASE_URL": ledger_url, "CORRIDOR_ARCHIVE_URL": archive.as_uri()}
        result = CliRunner().invoke(application, ["audit", "verify", *options], env=environ)
        return result.exit_code, result.stdout

    return run


def test_the_command_names_the_row_and_fails(
    ports: Ports, ledger_url: str, tmp_path: Path, verify: Callable[..., tuple[int, str]]
) -> None:
    desk = replace(ports, archive=FileArchive(tmp_path / "archive"))
    record(desk, "a", "b")
    seal_audit_log(desk)
    record(desk, "c")

    code, text = verify(tmp_path / "archive")
    assert 0 == code
    assert "is what was sealed: 2 rows in 1 batches; 1 rows are not sealed yet" in text

    tamper(ledger_url, "UPDATE audit SET actor = 'nobody' WHERE subject = 'b'")
    code, text = verify(tmp_path / "archive")
    assert (1, "  row-altered: audit row 2") == (code, text.splitlines()[0])
    code, text = verify(tmp_path / "archive", "--json")
    assert (1, True) == (code, '"rule": "row-altered"' in text)
