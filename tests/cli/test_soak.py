"""`corridor soak`: what it can be asked, and how it tells what came of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.commands.soak import command
from cli.demo.sending import Sent
from cli.partner_client import Answer
from cli.soak.report import facts_of, lines_of, verdict_of, write_json
from cli.soak.run import Order, Told
from local.soak.faults import FAULTS, Struck
from local.soak.judge import BOOKS, Evidence
from local.soak.memory import Memory
from local.soak.traffic import soak_traffic

ORDER = Order(10, 60, ("kill-host",), 1, 60)
ERRANDS = soak_traffic(1, 60)


def told() -> Told:
    sent = [
        Sent(one.posting, Answer(one.posting.expect.acknowledgment or "HTTP 400", "-", ()), 0, 0.01, 0.0)
        for one in ERRANDS
    ]
    nothing = Evidence([], [], [], {}, [])
    return Told(ERRANDS, sent, [Struck("kill-host", 1.0, 2.0, "away")], 6.0, 10.0, 0, nothing, Memory())


def test_the_faults_are_listed() -> None:
    done = CliRunner().invoke(command, ["--faults", "list"])

    assert 0 == done.exit_code
    assert list(FAULTS) == [line.split()[0] for line in done.output.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "kill-host,earthquake"], "earthquake"),
        (["--faults", ","], "no such fault"),
        (["--rate", "0.5", "--minutes", "1"], "60 to 200000 messages"),
        (["--rate", "500", "--minutes", "1440"], "60 to 200000 messages"),
        (["--minutes", "0"], "--minutes"),
    ],
    ids=["unknown fault", "no fault", "too few", "too many", "no time"],
)
def test_what_cannot_be_done_is_refused_before_anything_starts(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(command, [*arguments, "--data", str(tmp_path / "soak")])

    assert 2 == done.exit_code
    assert words in done.output
    assert not (tmp_path / "soak").exists()


def test_a_folder_that_no_soak_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("irreplaceable")
    done = CliRunner().invoke(command, ["--data", str(tmp_path)])

    assert 2 == done.exit_code
    assert "irreplaceable" == (tmp_path / "thesis.txt").read_text()


def test_the_report_says_each_book_and_what_is_wrong_in_it() -> None:
    lines = lines_of(ORDER, told(), verdict_of(told()))

    assert [f"{book}:" for book in BOOKS] == [line.split()[0] for line in lines if line.split()[0][:-1] in BOOKS]
    lost = next(line for line in lines if line.strip().startswith("lost:"))
    assert int(lost.split()[1]) == sum(len(one.due - one.replaceable) for one in ERRANDS)
    assert any(line.startswith("out of order: 1 before what they stand on (0 waited too long)") for line in lines)
    assert 13 >= len([line for line in lines if " is not at " in line]) > 0
    assert "6.0 messages/s" in " ".join(lines) or f"{len(ERRANDS) / 10} messages/s" in " ".join(lines)


def test_the_result_is_written_as_json(tmp_path: Path) -> None:
    write_json(tmp_path / "soak.json", ORDER, told(), verdict_of(told()))
    written = json.loads((tmp_path / "soak.json").read_text())

    assert {"kill-host": 1} == written["faults"]
    assert len(ERRANDS) == written["messages"]
    assert set(BOOKS) == set(written["verdict"])
    assert [{"fault": "kill-host", "began": 1.0, "ended": 2.0, "note": "away"}] == written["struck"]


def test_what_is_in_flight_at_the_end_is_told() -> None:
    restless = replace(told(), in_flight=3)

    assert 3 == facts_of(ORDER, restless)["in_flight"]
    assert any("3 in flight" in line for line in lines_of(ORDER, restless, verdict_of(restless)))


def test_the_memory_of_each_program_is_told_and_who_may_keep_what_it_is_given() -> None:
    held = {"functions-host": (100, 101), "issuer": (30, 90), "destinations": (30, 90)}
    memory = Memory()
    for number, (name, (first, last)) in enumerate(held.items()):
        memory.lives[name, number] = [(float(at), (first if at < 300 else last) << 20) for at in range(0, 600, 10)]
    remembered = replace(told(), memory=memory)

    lines = [line.strip() for line in lines_of(ORDER, remembered, verdict_of(remembered)) if "memory:" in line]

    assert [
        "memory: destinations 30 -> 90 MB in a life of 590 s (1 in all), keeps what it is given: "
        "it keeps every effect",
        "memory: functions-host 100 -> 101 MB in a life of 590 s (1 in all), flat",
        "memory: issuer 30 -> 90 MB in a life of 590 s (1 in all), grows",
    ] == lines
    assert 90.0 == facts_of(ORDER, remembered)["memory"]["issuer"]["last_quarter_mb"]
    assert any("no program lived long enough" in line for line in lines_of(ORDER, told(), verdict_of(told())))
