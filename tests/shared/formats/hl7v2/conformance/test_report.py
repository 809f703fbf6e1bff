from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats.hl7v2.conformance.findings import MAX_FINDINGS
from shared.formats.hl7v2.conformance.report import check, check_payload
from shared.formats.hl7v2.conformance.rules import Rule, read_place
from shared.formats.hl7v2.parse import parse

CORPUS = Path(os.environ.get("CORRIDOR_CORPUS") or Path(__file__).parents[6] / "shared" / "corpus")

MSH = "MSH|^~\\&|LIS|RIVERSIDE|CORRIDOR|NORTHGATE|20260301||ORU^R01^ORU_R01|RIV-1|P|{}"
PID = "PID|1||100^^^H&1.2.3&ISO^MR||Example^Dora||19700101|F"
OBR = "OBR|1||F-1^LIS|718-7^Hemoglobin^LN|||20260301"
OBX = "OBX|1|NM|718-7^Hemoglobin^LN||13.5|g/dL|12-16|N|||F"
ADT = "MSH|^~\\&|EHR|RIVERSIDE|||20260301||ADT^{0}|1|P|2.5.1\rEVN||20260301\r"


def findings(*segments: str, version: str = "2.5.1") -> list[tuple[str, str]]:
    payload = "\r".join((MSH.format(version), *segments)).encode()
    return [(one.code, one.location) for one in check(parse(payload)) if one.severity != "information"]


def test_a_message_that_conforms_has_nothing_to_find() -> None:
    assert [] == findings(PID, OBR, OBX, "NTE|1||note", OBX, "SPM|1|||119297000^Blood^SCT")


def test_a_z_segment_may_stand_anywhere() -> None:
    assert [] == findings("ZPI|1|x", PID, OBR, "ZOR|2", OBX)


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ((PID,), [("missing-segment", "OBR")]),
        ((PID, "ORC|RE", OBX), [("missing-segment", "OBR")]),
        ((PID, OBX), [("missing-segment", "OBR")]),
        ((PID, OBR, "XYZ|1", OBX), [("segment-unknown", "XYZ")]),
        ((PID, OBR, "MSA|AA|1", OBX), [("segment-unexpected", "MSA")]),
        ((OBR, OBX, "PV1||I"), [("segment-out-of-order", "PV1")]),
        ((PID, PID.replace("100", "200"), OBR), [("missing-segment", "OBR")]),
        ((PID, "PV1||I", "PV1||I", OBR), [("segment-repeats-too-often", "PV1[2]")]),
        ((PID, OBR, OBX, OBR, OBX, "DSC|1", OBX), [("segment-out-of-order", "OBX[3]")]),
    ],
)
def test_the_structure_is_checked_segment_by_segment(
    segments: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert expected == findings(*segments)


def test_a_missing_segment_is_named_with_its_group() -> None:
    payload = "\r".join((MSH.format("2.5.1"), PID, OBR, OBX, "ORC|RE", OBX)).encode()
    (found,) = [one for one in check(parse(payload)) if one.code == "missing-segment"]

    assert "ORU_R01 needs a segment OBR in PATIENT_RESULT[1].ORDER_OBSERVATION[2]." == found.text


OML = MSH.replace("ORU^R01^ORU_R01", "{kind}")
BEFORE = ("OBR|1||F-9^LIS|718-7^Hemoglobin^LN|||20260301", OBX)


def order(control: str) -> tuple[str, str]:
    return f"ORC|{control}|P-1^EHR", OBR


@pytest.mark.parametrize("kind", ["OML^O21^OML_O21", "OMG^O19^OMG_O19"])
@pytest.mark.parametrize(
    "segments",
    [
        (*order("NW"), *order("NW"), *order("CA")),
        (*order("NW"), "ORC|PR", *BEFORE, *order("NW")),
        (*order("NW"), PID, "ORC|RE", *BEFORE, "ORC|RE", *BEFORE, *order("NW"), *order("NW")),
    ],
    ids=["orders alone", "a previous result", "previous results of a patient"],
)
def test_a_further_order_is_no_previous_result_that_lacks_its_observation(
    kind: str, segments: tuple[str, ...]
) -> None:
    payload = "\r".join((OML.format("2.5.1", kind=kind), PID, *segments)).encode()

    assert [] == [one for one in check(parse(payload)) if "segment" in one.code]


def test_a_previous_result_without_its_observation_is_told() -> None:
    payload = "\r".join((OML.format("2.5.1", kind="OML^O21^OML_O21"), PID, *order("NW"), *order("PR"))).encode()
    (found,) = [one for one in check(parse(payload)) if "segment" in one.code]

    assert ("missing-segment", "OBX") == (found.code, found.location)
    assert "PRIOR_RESULT[1]" in found.text


def test_a_segment_at_the_wrong_place_is_out_of_order_and_nothing_is_missing() -> None:
    header, event = ADT.format("A01^ADT_A01").split("\r")[:2]
    late = "\r".join((header, "PID|1||1||Example^Dora", "ROL|1|AD|AD|1", "PV1||I", event))
    early = "\r".join((header, event, "PID|1||1||Example^Dora", "NK1|1", "ROL|1|AD|AD|1", "PV1||I"))

    assert [[("segment-out-of-order", "EVN")], [("segment-out-of-order", "ROL")]] == [
        [(one.code, one.location) for one in check(parse(text.encode())) if "segment" in one.code]
        for text in (late, early)
    ]


@pytest.mark.parametrize("choice", ["OBR|1||1|X^Y", "RXO|A^B|1||mg"])
def test_one_of_a_choice_is_enough(choice: str) -> None:
    payload = MSH.format("2.3").replace("ORU^R01^ORU_R01", "ORM^O01") + f"\r{PID}\rORC|NW|P-1\r{choice}"

    assert "missing-segment" not in {one.code for one in check(parse(payload.encode()))}


def test_a_structure_that_takes_any_segment_takes_it() -> None:
    payload = "\r".join(
        (
            MSH.format("2.5.1").replace("ORU^R01^ORU_R01", "MFN^M01^MFN_M01"),
            "MFI|X^Y||UPD|||NE",
            "MFE|MAD|||1|ST",
            "PRA|1",
        )
    )

    assert not {"segment-unexpected", "segment-out-of-order"} & {one.code for one in check(parse(payload.encode()))}


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("PID|1||||Example", [("missing-field", "PID-3")]),
        ('PID|1||""||Example', []),
        ("PID|x||1||Example", [("sequence-id-invalid", "PID-1")]),
        ("PID|1||1||Example||20260230", [("time-invalid", "PID-7.1")]),
        ("PID|1||1||Example|||Q", [("code-not-suggested", "PID-8")]),
        ("PID|1||1||Example|||F~M", [("field-repeats-too-often", "PID-8")]),
        ("PID|1||1||Example|||F^x", [("component-unexpected", "PID-8")]),
        ("PID|1||1^^^^^^20260230||Example", [("date-invalid", "PID-3.7")]),
        ("PID|1||1~1^^^^^^2026030112||Example", [("date-invalid", "PID-3(2).7")]),
        ("PID|1||1^^^H&1&ISO&x^MR||Example", [("component-unexpected", "PID-3.4")]),
        ("PID|1||1^^QQQ||Example", [("code-not-in-table", "PID-3.3")]),
        ("PID|1||1^2&3||Example", [("component-unexpected", "PID-3.2")]),
        ("PID|1||1^^^^^^^^^^x||Example", [("component-unexpected", "PID-3")]),
        ("PID|1||1||Example" + "|" * 35 + "x", [("field-unexpected", "PID-40")]),
        ("PID|1||1||Example||||" + "|" * 21 + "Q", [("code-not-in-table", "PID-30")]),
    ],
)
def test_the_fields_are_checked_by_their_definition(segment: str, expected: list[tuple[str, str]]) -> None:
    assert expected == findings(segment, OBR)


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("OBX|1|NM|C||about 5||||||F", [("number-invalid", "OBX-5")]),
        ("OBX|1|NM|C||-.5~+3.||||||F", []),
        ("OBX|1|SN|C||<^five||||||F", [("number-invalid", "OBX-5.2")]),
        ("OBX|1|CP|C||five&USD||||||F", [("number-invalid", "OBX-5.1.1")]),
        ("OBX|1|TM|C||2561||||||F", [("time-invalid", "OBX-5")]),
        ("OBX|1|DT|C||20260230||||||F", [("date-invalid", "OBX-5")]),
        ("OBX|1|ZZ|C||x||||||F", [("data-type-unknown", "OBX-2"), ("code-not-in-table", "OBX-2")]),
        ("OBX|1||C||x||||||F", [("missing-field", "OBX-2")]),
        ("OBX|1|TX|C||a^b||||||F", [("component-unexpected", "OBX-5")]),
        ("OBX|1|ST|C||x||||||Q", [("code-not-in-table", "OBX-11")]),
    ],
)
def test_a_value_is_checked_by_the_type_that_the_message_names(segment: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(expected) == sorted(findings(PID, OBR, segment))


@pytest.mark.parametrize(
    ("version", "datatype", "expected"),
    [
        ("2.3.1", "DTM", [("code-not-in-table", "OBX-2")]),
        ("2.5.1", "CWE", []),
        ("2.5.1", "DTM", []),
        ("2.6", "CWE", []),
        ("2.6", "CQ", [("code-not-in-table", "OBX-2")]),
        ("2.5.1", "SI", [("code-not-in-table", "OBX-2")]),
    ],
)
def test_every_data_type_of_the_version_may_be_that_of_a_value_but_for_a_few(
    version: str, datatype: str, expected: list[tuple[str, str]]
) -> None:
    value = "20260301" if datatype == "DTM" else "1"

    assert expected == findings(PID, OBR, f"OBX|1|{datatype}|C||{value}||||||F", version=version)


def test_an_order_of_2_3_needs_no_timing_and_one_of_2_3_1_its_order_control() -> None:
    order = ("ORC||P-1^EHR", "OBR|1||F-1^LIS|718-7^Hemoglobin^LN", OBX)
    missing = {
        version: {place for code, place in findings(PID, *order, version=version) if code == "missing-field"}
        for version in ("2.3", "2.3.1")
    }

    assert {"2.3": {"ORC-1"}, "2.3.1": {"ORC-1"}} == missing


@pytest.mark.parametrize(
    "detail", ["OBR|1||F-1^LIS|718-7|||20260301|20260301|5||||| 20260301||||||||20260301", "RX1|1"]
)
def test_an_order_of_2_1_has_one_detail_and_its_times_need_no_precision(detail: str) -> None:
    header = MSH.format("2.1").replace("ORU^R01^ORU_R01", "ORM^O01")
    payload = "\r".join((header, "PID|1||100||Example^Dora", "ORC|NW|P-1", detail))

    assert [] == [one for one in check(parse(payload.encode())) if one.code.startswith("missing")]


def test_an_order_of_2_2_needs_no_comment() -> None:
    header = MSH.format("2.2").replace("ORU^R01^ORU_R01", "ORM^O01")
    payload = "\r".join((header, "PID|1||100||Example^Dora", "ORC|NW|P-1", "OBR|1|P-1||718-7^Hemoglobin^LN"))

    assert [] == [one for one in check(parse(payload.encode())) if "segment" in one.code]


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        ((OBX, OBX), []),
        ((OBX, "TXA|1|CN", OBX), []),
        ((OBX, "PRT||AD||PB", "TXA|1|CN", OBX, "NTE|1||note"), []),
        ((OBX, OBX, "TXA|1|CN"), ["segment-out-of-order"]),
    ],
    ids=["results", "a document", "a document of somebody", "a document too late"],
)
def test_what_follows_the_control_of_an_order_is_a_result_but_before_txa(
    behind: tuple[str, ...], expected: list[str]
) -> None:
    header = MSH.format("2.8").replace("ORU^R01^ORU_R01", "OUL^R22^OUL_R22")
    payload = "\r".join((header, PID, "SPM|1|||119297000^Blood^SCT", OBR, "ORC|RE|P-1^EHR", *behind))

    assert expected == [one.code for one in check(parse(payload.encode())) if "segment" in one.code]


def test_a_list_of_locations_has_its_structure_in_2_3_1() -> None:
    header = MSH.format("2.3.1").replace("ORU^R01^ORU_R01", "MFN^M05")
    entry = ("MFI|LOC||UPD|||NE", "MFE|MAD|||W|PL", "LOC|W||N", "LDP|W|CAR")
    codes = [one.code for one in check(parse("\r".join((header, *entry)).encode()))]

    assert not {"structure-unknown", "missing-segment", "segment-unexpected"} & set(codes)


def test_a_rank_of_a_diagnosis_beyond_the_first_is_in_its_table() -> None:
    diagnosis = "DG1|1||I10^Hypertension^I10|||F" + "|" * 9 + "3"
    payload = ADT.format("A01^ADT_A01") + f"{PID}\rPV1||I\r{diagnosis}"

    assert [] == [one for one in check(parse(payload.encode())) if one.severity != "information"]


QUERY = "QPD|Z34^Request^CDCPHINVS|Q-1|100^^^H&1.2.3&ISO^MR~200^^^H&1.2.3&ISO^PI|Example^Dora|Sample|20200101|F"


def test_a_query_has_as_many_parameters_as_its_own_definition_says() -> None:
    header = MSH.format("2.5.1").replace("ORU^R01^ORU_R01", "QBP^Q11^QBP_Q11")
    table = MSH.format("2.5.1").replace("ORU^R01^ORU_R01", "RTB^K13^RTB_K13")
    rows = ("MSA|AA|1", "QAK|Q-1|OK", "QPD|Z99^Find^L|Q-1", "RDF|2|PID.3^CX^20", "RDT||Example^Dora|F")
    payloads = ("\r".join((header, QUERY, "RCP|I")), "\r".join((table, *rows)))

    assert [[], []] == [
        [(one.code, one.location) for one in check(parse(text.encode())) if one.severity != "information"]
        for text in payloads
    ]


@pytest.mark.parametrize("version", ["2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.2"])
@pytest.mark.parametrize(
    ("kind", "segments"),
    [
        ("QBP^Q11^QBP_Q11", (QUERY, "PID|1||1||Example", "OBX|1", "RCP|I")),
        ("RSP^K11^RSP_K11", ("MSA|AA|1", "QAK|Q-1|OK", QUERY, PID, "ORC|RE", "RXA|0|1", "ORC|RE", "RXA|0|1")),
    ],
)
def test_which_segments_a_query_by_pattern_has_its_own_definition_says(
    version: str, kind: str, segments: tuple[str, ...]
) -> None:
    payload = "\r".join((MSH.format(version).replace("ORU^R01^ORU_R01", kind), *segments))

    assert [] == [one for one in check(parse(payload.encode())) if "segment" in one.code or "structure" in one.code]


@pytest.mark.parametrize("version", ["2.5", "2.5.1", "2.6"])
@pytest.mark.parametrize(("structure", "expected"), [("RSP_K21", ["structure-differs"]), ("RSP_K22", [])])
def test_a_search_for_patients_may_find_several(version: str, structure: str, expected: list[str]) -> None:
    header = MSH.format(version).replace("ORU^R01^ORU_R01", f"RSP^K22^{structure}")
    found = (PID, "QRI|95", PID.replace("100", "200"), PID.replace("100", "300"), "QRI|60")
    payload = "\r".join((header, "MSA|AA|1", "QAK|Q-1|OK", QUERY, *found))

    assert expected == [
        one.code for one in check(parse(payload.encode())) if "segment" in one.code or "structure" in one.code
    ]


def test_what_stands_for_any_segments_takes_none_that_have_a_place_of_their_own() -> None:
    header = MSH.format("2.5.1").replace("ORU^R01^ORU_R01", "MFN^M03^MFN_M03")
    entry = ("MFE|MAD|||1|ST", "OM1|1|1^K||Y|LIS")
    payload = "\r".join((header, "MFI|OMA||UPD|||NE", *entry, "OM2|1", "OM4|1", *entry, "MFE|MAD|||2|ST", "OM2|1"))
    found = [(one.code, one.text) for one in check(parse(payload.encode())) if "segment" in one.code]

    assert [("missing-segment", "MFN_M03 needs a segment OM1 in MF_TEST[3].")] == found


def test_the_order_of_a_goal_may_be_of_any_kind() -> None:
    header = MSH.format("2.5.1").replace("ORU^R01^ORU_R01", "PGL^PC6^PGL_PC6")
    goal = "GOL|AD|20260301|1^Walk^L|G-1"
    payload = "\r".join((header, PID, goal, "ORC|NW|P-1", "RXO|1^Drug^L", "NTE|1||daily", "OBX|1"))

    assert [] == [one for one in check(parse(payload.encode())) if "segment" in one.code]


def test_a_field_that_the_version_withdrew_is_noted() -> None:
    assert ("field-not-in-use", "PID-2") in findings(PID.replace("PID|1||", "PID|1|1|"), OBR, version="2.7")


def test_a_required_component_may_not_be_left_out() -> None:
    assert [("missing-component", "PID-13.3")] == findings(PID + "|||||^PRN", OBR, version="2.8")


def test_a_code_of_another_system_is_not_compared_with_the_table() -> None:
    race = "PID|1||1||Example||||{}"

    assert [("code-not-suggested", "PID-16.1")] == findings(race.format("|" * 7 + "Q"), OBR)
    assert [] == findings(race.format("|" * 7 + "Q^Married^LOCAL"), OBR)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2.5.1", "2.9", ("version-unknown", "MSH-12")),
        ("ORU^R01^ORU_R01", "ZZZ^Z01^ZZZ_Z01", ("structure-unknown", "MSH-9")),
        ("ORU^R01^ORU_R01", "ORU^R01^OUL_R21", ("structure-differs", "MSH-9.3")),
        ("|2.5.1", "|", ("missing-field", "MSH-12")),
    ],
)
def test_what_cannot_be_judged_as_sent_is_said(old: str, new: str, expected: tuple[str, str]) -> None:
    payload = "\r".join((MSH.format("2.5.1").replace(old, new), PID, OBR)).encode()

    assert expected in [(one.code, one.location) for one in check(parse(payload))]


def test_a_report_says_what_was_not_checked() -> None:
    notes = {
        version: [one.code for one in check(parse("\r".join((MSH.format(version), PID, OBR)).encode()))][-2:]
        for version in ("2.2", "2.5.1")
    }

    assert ["lengths-not-checked", "tables-not-checked"] == notes["2.2"]
    assert ["lengths-not-checked"] == notes["2.5.1"]


def test_a_partners_rules_are_checked_besides() -> None:
    rules = (
        Rule("PID", 5, 2, "R"),
        Rule("PID", 19, 0, "X"),
        Rule("PID", 3, 1, length=2),
        Rule("NK1", 0, 0, "R"),
        Rule("OBR", 0, 0, "X"),
        Rule("PID", 8, 0, "RE", length=1),
        Rule("MSH", 2, 0, length=4),
    )
    pid = "PID|1||100~1||Example|||F|||||||||||123"
    issues = check(parse("\r".join((MSH.format("2.5.1"), pid, OBR)).encode()), rules)

    assert [
        ("profile-required", "PID-5.2"),
        ("profile-not-allowed", "PID-19"),
        ("profile-too-long", "PID-3.1"),
        ("profile-required", "NK1"),
        ("profile-not-allowed", "OBR"),
    ] == [(one.code, one.location) for one in issues]
    assert ["PID-5.2", "PID-19", "PID", "MSH-2"] == [rules[index].place for index in (0, 1)] + ["PID", rules[6].place]


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        (Rule("PID", 3, 4, "R"), "100^^^NG~200~300^^^NG", ["PID-3(2).4"]),
        (Rule("PID", 3, 4, "R"), "100^^^NG~^^^~300^^^NG", []),
        (Rule("PID", 3, 4, "R"), "^^^", ["PID-3.4"]),
        (Rule("PID", 3, 0, "R"), "^^^", ["PID-3"]),
        (Rule("PID", 3, 0, "R"), "100~", []),
        (Rule("PID", 3, 0, "R"), '""', ["PID-3"]),
        (Rule("PID", 3, 0, "X"), "^~^", []),
        (Rule("PID", 3, 0, "X"), "^~^^^NG", ["PID-3"]),
    ],
)
def test_a_required_value_is_in_every_repetition_and_separators_are_none(
    rule: Rule, value: str, expected: list[str]
) -> None:
    issues = check(parse("\r".join((MSH.format("2.5.1"), f"PID|1||{value}||Example", OBR)).encode()), (rule,))

    assert expected == [one.location for one in issues if one.code.startswith("profile-")]


def test_a_rule_names_its_place_as_the_standard_does() -> None:
    assert [("PID", 5, 1), ("PID", 5, 0), ("ZPI", 0, 0), None, None] == [
        read_place(text) for text in ("PID-5.1", "PID-5", "ZPI", "PID-0", "PID.5")
    ]


def test_a_hostile_message_has_a_report_of_a_reasonable_size() -> None:
    payload = "\r".join((MSH.format("2.5.1"), PID, OBR, *(OBX.replace("13.5", "x") for _ in range(2_000)))).encode()
    issues = check(parse(payload))

    assert MAX_FINDINGS + 2 == len(issues)
    assert "1500 more findings are not listed." == issues[MAX_FINDINGS].text


def test_a_batch_is_reported_message_by_message_and_its_trailer_last() -> None:
    good, bad = "\r".join((MSH.format("2.5.1"), PID, OBR)), MSH.format("2.5.1").replace("|^~\\&|", "|^^|")
    payload = "\r".join(("BHS|^~\\&|", good, bad, good, "BTS|2")).encode()
    reports = {
        item: [one.code for one in issues if one.severity != "information"] for item, issues in check_payload(payload)
    }

    assert {1: [], 2: ["delimiters-invalid"], 3: [], 0: ["batch-count-differs"]} == reports


def test_too_many_repetitions_refuse_the_message_and_say_where() -> None:
    payload = f"{MSH.format('2.5.1')}\rPID|1||{'x~' * 30_000}".encode()
    ((_, issues),) = check_payload(payload)

    assert [("fatal", "too-many-repetitions", "PID-3")] == [(one.severity, one.code, one.location) for one in issues]


SEGMENTS = st.sampled_from(
    ["PID", "PD1", "NTE", "ORC", "OBR", "OBX", "SPM", "PV1", "NK1", "TQ1", "PRT", "TXA", "QPD", "ZZZ", "DSC", "QQQ"]
)
TYPES = st.sampled_from(["ORU^R01", "OUL^R22", "OML^O21", "OMG^O19", "PGL^PC6", "RSP^K11", "RSP^K22", "MFN^M03"])


@given(st.lists(SEGMENTS, max_size=40), st.sampled_from(["2.1", "2.3", "2.5.1", "2.8.2"]), TYPES)
def test_any_order_of_segments_is_judged(names: list[str], version: str, message_type: str) -> None:
    header = MSH.format(version).replace("ORU^R01^ORU_R01", message_type)
    payload = "\r".join((header, *(f"{name}|1|x" for name in names))).encode()

    assert {"error", "warning", "information"} >= {one.severity for one in check(parse(payload))}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="third-party corpus not present, set CORRIDOR_CORPUS to its folder")
def test_every_message_of_the_corpora_has_a_report() -> None:
    severities: Counter[str] = Counter()
    for file in sorted(CORPUS.rglob("*.hl7")):
        for _, issues in check_payload(file.read_bytes()):
            severities.update({one.severity for one in issues})

    assert severities["information"] > 100
    assert 0 == severities["fatal"]
