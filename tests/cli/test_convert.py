import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from cli.conversion import NO_TIME, Job, convert_file, stated_time
from cli.files import Source
from tests.cli.conftest import ORU


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("payload", "instant"),
    [
        (
            b"MSH|^~\\&|A|B|C|D|20240501103000-0500||ORU^R01",
            datetime(2024, 5, 1, 10, 30, tzinfo=timezone(-timedelta(hours=5))),
        ),
        (b"\x0bMSH|^~\\&|A|B|C|D|202405011030^S|", datetime(2024, 5, 1, 10, 30, tzinfo=UTC)),
        (b"FHS|^~\\&\rMSH|^~\\&|A|B|C|D|2024\rPID|1", datetime(2024, 1, 1, tzinfo=UTC)),
        (b"MSH|^~\\&|A|B|C|D||", NO_TIME),
        (b"MSH|^~\\&|A|B|C|D|soon|", NO_TIME),
        (b"MSH", NO_TIME),
        (b"", NO_TIME),
    ],
)
def test_the_instant_of_an_offline_conversion_is_the_one_the_message_states(payload: bytes, instant: datetime) -> None:
    assert instant == stated_time(payload)


def test_one_file_goes_to_standard_output(corridor, message: Path) -> None:
    run = corridor("convert", message)

    assert (0, "Bundle") == (run.exit_code, json.loads(run.stdout)["resourceType"])


def test_the_same_bytes_give_the_same_bytes(corridor, message: Path) -> None:
    """Invariant 7."""
    first, second = corridor("convert", message), corridor("convert", message)

    assert (0, first.stdout) == (second.exit_code, second.stdout)


def test_coverage_takes_the_place_of_the_bundle_on_standard_output(corridor, message: Path) -> None:
    run = corridor("convert", message, "--coverage")

    assert 0 == run.exit_code
    assert "resourceType" not in run.stdout
    assert "OBX-5" in run.stdout


def test_a_folder_is_mirrored_and_a_failure_stops_nothing(corridor, tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    (cases / "ward").mkdir(parents=True)
    (cases / "ward" / "good.hl7").write_text(ORU.format(control_id="C-1"), newline="")
    (cases / "ward" / "good-expected.json").write_text('{"resourceType": "Bundle"}')
    (cases / "bad.hl7").write_text("PID|1||not a message")
    (cases / "README.md").write_text("samples")

    run = corridor("convert", cases, "--out", tmp_path / "out", "--coverage")

    assert 1 == run.exit_code
    assert ["bad.hl7.error.json", "ward/good.hl7.coverage.json", "ward/good.hl7.json"] == files_below(tmp_path / "out")
    assert "OperationOutcome" == json.loads((tmp_path / "out" / "bad.hl7.error.json").read_text())["resourceType"]
    assert "converted 1, failed 1, skipped 2 (1 fhir, 1 unknown), in " in run.stderr


def test_many_files_on_all_cores_give_what_each_gives_alone(corridor, tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    for number in range(40):
        (cases / f"{number}.hl7").write_text(ORU.format(control_id=f"C-{number}"), newline="")

    run = corridor("convert", cases, "--out", tmp_path / "out")

    assert 0 == run.exit_code
    assert 40 == len(files_below(tmp_path / "out"))
    alone = corridor("convert", cases / "7.hl7").stdout
    assert alone == (tmp_path / "out" / "7.hl7.json").read_text()


def test_a_refused_message_prints_its_outcome_and_one_line(corridor, tmp_path: Path) -> None:
    path = tmp_path / "bad.hl7"
    path.write_text("PID|1||not a message")

    run = corridor("convert", path)

    assert (1, "OperationOutcome") == (run.exit_code, json.loads(run.stdout)["resourceType"])
    assert [f"corridor: {path}: not-hl7v2: MSH: The first segment is not MSH."] == run.stderr.splitlines()


def test_a_file_that_vanished_does_not_stop_the_others(tmp_path: Path) -> None:
    vanished = Source(tmp_path / "vanished.hl7", Path("vanished.hl7"))

    result = convert_file(vanished, "hl7v2", Job(None, "fhir", None, coverage=False, out=None))

    assert re.fullmatch(r"unexpected-error: FileNotFoundError in \w+\.py, line \d+", result.error)
    assert ("fatal", "exception") == (result.outcome["issue"][0]["severity"], result.outcome["issue"][0]["code"])


def test_an_unforeseen_failure_names_its_place_and_nothing_of_the_message(message: Path) -> None:
    not_a_profile: Any = "Invented"

    result = convert_file(
        Source(message, Path(message.name)), "hl7v2", Job(None, "fhir", not_a_profile, coverage=False, out=None)
    )

    assert re.fullmatch(r"unexpected-error: AttributeError in \w+\.py, line \d+", result.error)
    assert None is result.content


def test_a_batch_gives_a_collection_of_what_converts_and_an_outcome_of_what_does_not(corridor, tmp_path: Path) -> None:
    good = ORU.format(control_id="C-1")
    (tmp_path / "batch.hl7").write_text(
        "FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r" + good + good.replace("|2.5.1", "|2.5.1||||||KLINGON") + "BTS|2\rFTS|1\r",
        newline="",
    )
    (tmp_path / "alone.hl7").write_text(good, newline="")

    run = corridor("convert", tmp_path / "batch.hl7", "--out", tmp_path / "out")

    assert 1 == run.exit_code
    collection = json.loads((tmp_path / "out" / "batch.hl7.json").read_text())
    assert "collection" == collection["type"]
    assert [json.loads(corridor("convert", tmp_path / "alone.hl7").stdout)] == [
        entry["resource"] for entry in collection["entry"]
    ]
    issues = json.loads((tmp_path / "out" / "batch.hl7.error.json").read_text())["issue"]
    assert ["unsupported-character-set"] == [issue["details"]["coding"][0]["code"] for issue in issues]


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        (b"ISA*00*", [], "conversion from x12 to fhir is not yet supported"),
        (b"MSH|", ["--from", "ccda"], "conversion from ccda to fhir is not yet supported"),
        (b"MSH|", ["--to", "hl7v2"], "conversion from hl7v2 to hl7v2 is not yet supported"),
        (b"hello", [], "cannot tell the format; say it with --from"),
        (b"MSH|", ["--partner", "nobody-we-know"], "no such partner: nobody-we-know"),
    ],
)
def test_what_cannot_be_converted_is_wrong_usage(
    corridor, tmp_path: Path, content: bytes, options: list[str], reason: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    run = corridor("convert", path, *options)

    assert (2, True) == (run.exit_code, reason in run.stderr)


def test_a_partner_file_that_is_wrong_is_told_before_anything_is_converted(corridor, tmp_path: Path) -> None:
    path, partner = tmp_path / "file", tmp_path / "example-lab.yaml"
    path.write_bytes(b"MSH|")
    head = "name: example-lab\ntitle: Example\ncontact: lab@example.example\n"
    partner.write_text(f"{head}sends:\n  code-maps: {{OBX-11: {{G: {{code: finished}}}}}}\n")

    run = corridor("convert", path, "--partner", partner)

    assert (1, True) == (run.exit_code, "example-lab.yaml: sends.code-maps.OBX-11.G.code" in str(run.exception))


def test_a_batch_that_lost_a_message_says_so_beside_what_converts(corridor, tmp_path: Path) -> None:
    path = tmp_path / "day.hl7"
    path.write_text(f"BHS|^~\\&|\r{ORU.format(control_id='A')}{ORU.format(control_id='B')}BTS|3\r", newline="")

    run = corridor("convert", path, "--out", tmp_path / "out")
    issue = json.loads((tmp_path / "out" / "day.hl7.error.json").read_text())["issue"][0]

    assert (1, True) == (run.exit_code, (tmp_path / "out" / "day.hl7.json").exists())
    assert ("batch-count-differs", ["BTS-1"]) == (issue["details"]["coding"][0]["code"], issue["expression"])


def test_what_a_conversion_warns_of_is_a_line_and_in_the_coverage(corridor, tmp_path: Path) -> None:
    path = tmp_path / "odd.hl7"
    path.write_text("MSH|^~\\&|A|B|C|D|20260301||ZZZ^Z99|1|P|2.5.1\rPID|1||100^^^NG^MR||Testcase^Tilda", newline="")

    run, account = corridor("convert", path), corridor("convert", path, "--coverage")
    codes = [one["details"]["coding"][0]["code"] for one in json.loads(account.stdout)["issues"]]

    text = "The message type has no map of its own: its segments were read one by one."
    assert 0 == run.exit_code == account.exit_code
    assert f"corridor: {path}: message-type-unmapped: MSH-9: {text}\n" == run.stderr == account.stderr
    assert ["message-type-unmapped", "authority-without-uri"] == codes


def test_warnings_of_a_folder_are_listed_and_counted(corridor, message: Path, tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "good.hl7").write_bytes(message.read_bytes())
    for number in range(12):
        odd = f"MSH|^~\\&|A|B|C|D|20260301||ZZZ^Z99|{number}|P|2.5.1\r"
        (cases / f"{number}.hl7").write_text(odd, newline="")

    run = corridor("convert", cases, "--out", tmp_path / "out")

    assert 0 == run.exit_code
    assert 10 == sum(line.startswith("warning ") for line in run.stderr.splitlines())
    assert "converted 13, failed 0, with warnings 12 (--coverage lists them), in " in run.stderr


def test_a_night_without_results_converts_to_a_collection_of_nothing(corridor, tmp_path: Path) -> None:
    path = tmp_path / "night.hl7"
    path.write_text("BHS|^~\\&|LAB\rBTS|0\r", newline="")
    run, account, report = (
        corridor("convert", path),
        corridor("convert", path, "--coverage"),
        corridor("validate", path),
    )

    assert (0, {"resourceType": "Bundle", "type": "collection"}) == (run.exit_code, json.loads(run.stdout))
    assert (0, []) == (account.exit_code, json.loads(account.stdout))
    assert 0 == report.exit_code


def test_a_batch_that_does_not_say_that_it_is_empty_fails(corridor, tmp_path: Path) -> None:
    path = tmp_path / "lost.hl7"
    path.write_text("BHS|^~\\&|LAB\rBTS|3\r", newline="")
    run, report = corridor("convert", path, "--coverage"), corridor("validate", path)

    assert (1, "OperationOutcome") == (run.exit_code, json.loads(run.stdout)["resourceType"])
    assert (
        "batch-count-differs: BTS-1: The trailer counts other messages than the 0 that are there. (and" in run.stderr
    )
    assert 1 == report.exit_code


def test_a_batch_that_may_have_been_cut_off_is_a_warning(corridor, tmp_path: Path) -> None:
    path = tmp_path / "day.hl7"
    odd = ORU.format(control_id="B").replace("ORU^R01", "ZZZ^Z99")
    path.write_text(f"BHS|^~\\&|\r{ORU.format(control_id='A')}{odd}", newline="")

    run = corridor("convert", path, "--coverage")
    texts = [issue["expression"] for one in json.loads(run.stdout) for issue in one["issues"]]

    assert (0, True) == (run.exit_code, "batch-trailer-missing: BTS: 1 BHS but 0 BTS" in run.stderr)
    assert ["MSH-9"] in texts


def test_who_converts_is_declared_by_the_caller(corridor, message: Path) -> None:
    done = corridor("convert", message, "--operator", "Example Health Exchange", "--operator-id", "2.999.3")
    resources = [entry["resource"] for entry in json.loads(done.stdout)["entry"]]

    assert 0 == done.exit_code
    assert ["Example Health Exchange"] == [
        one["name"] for one in resources if one.get("identifier") == [{"value": "2.999.3"}]
    ]
    assert 2 == sum(one["resourceType"] == "Provenance" for one in resources)


def test_a_declared_zone_goes_before_that_of_the_header(corridor, tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_text(
        "MSH|^~\\&|LIS|RIV|||20260301120000-0500||ADT^A08|1|P|2.5.1\rPID|1||7^^^RIV||Testcase^Ada\r"
        "PV1|1|I||||||||||||||||||||||||||||||||||||||||||20260301101500"
    )
    texts = [
        corridor("convert", tmp_path / "a.hl7", *zone).stdout
        for zone in ((), ("--time-zone", "UTC"), ("--time-zone", "America/Denver"))
    ]

    assert ["10:15:00-05:00", "10:15:00Z", "10:15:00-07:00"] == [
        found[0] for text in texts if (found := re.findall(r"10:15:00[^\"]+", text))
    ]


@pytest.mark.parametrize(
    "options", [("--operator-id", "2.999.3"), ("--time-zone", "Mars/Olympus"), ("--time-zone", "../etc")]
)
def test_an_option_that_means_nothing_is_wrong_usage(corridor, message: Path, options: tuple[str, str]) -> None:
    assert 2 == corridor("convert", message, *options).exit_code
