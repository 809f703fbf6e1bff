from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.formats.hl7v2.parse import parse
from shared.formats.hl7v2.results import observed_results, report_states

HEADER = "MSH|^~\\&|LIS|RIV|||20260301||ORU^R01^ORU_R01|RIV-1|P|2.5.1"


def message(*segments: str) -> bytes:
    return "\r".join((HEADER, *segments)).encode()


def test_results_are_read_with_all_that_a_critical_value_policy_needs() -> None:
    parsed = parse(
        message(
            "ORC|RE|P-1^NG|F-1^RV",
            "OBR|1|||CBC^Count^L",
            "OBX|1|NM|718-7^Hemoglobin^LN||5.20|g/dL|12-15|LL~A|||F|||20260301",
            "OBX|2|SN|777-3^Platelets^LN|1|<^20|10*3/uL||||| P",
            "OBX|3|NM|X^Odd^L||see note||||||NONSENSE",
        )
    )
    first, second, third = observed_results(parsed)

    assert ("OBX[1]", (("718-7", "LN"),), "Hemoglobin", ((Decimal("5.20"), ""),), ("g/dL",), ("LL", "A"), "F") == (
        first.location,
        first.codes,
        first.code_text,
        first.numbers,
        first.unit_names,
        first.flags,
        first.status,
    )
    assert (((Decimal(20), "<"),), "1") == (second.numbers, second.sub_id)
    assert ((), "NONSENSE") == (third.numbers, third.status)
    assert {"filler|RV|F-1|CBC"} == {first.report, second.report, third.report}


def test_blanks_without_end_are_read_in_one_pass() -> None:
    absurd = "OBX|1|NM|718-7^Hemoglobin^LN||" + " " * 1_000_000 + "5 6" + " " * 1_000_000
    (found,) = observed_results(parse(message("OBR|1|||CBC", absurd)))

    assert () == found.numbers


def test_a_report_keeps_its_key_from_preliminary_to_corrected() -> None:
    states = [
        report_states(parse(message(f"OBR|1||F-1^RV|CBC||||||||||||||||||2026030{day}||CH|{status}")))[0]
        for day, status in ((1, "P"), (2, "F"), (3, "C"))
    ]

    assert 1 == len({state.key for state in states})
    assert [("P", "20260301"), ("F", "20260302"), ("C", "20260303")] == [(one.status, one.changed) for one in states]


def test_a_report_without_filler_number_is_known_by_the_placer_else_by_its_message() -> None:
    states = report_states(parse(message("OBR|1|P-1^NG||CBC", "OBR|2|||CBC", "OBR|3|||CBC")))

    assert ["placer|NG|P-1|CBC", "message|LIS|RIV|RIV-1|2", "message|LIS|RIV|RIV-1|3"] == [
        state.key for state in states
    ]


part = st.text("ab|/\\p", max_size=4)


@given(st.lists(st.tuples(part, part, part), min_size=2, max_size=6, unique=True))
def test_different_reports_never_share_a_key(numbers: list[tuple[str, str, str]]) -> None:
    delimiters = "MSH#*@!%#"
    segments = [f"OBR#1##F{number}*{authority}#S{service}" for number, authority, service in numbers]
    parsed = parse("\r".join((f"{delimiters}LIS#RIV###2026##ORU*R01#1#P#2.5.1", *segments)).encode())

    assert len(numbers) == len({state.key for state in report_states(parsed)})
