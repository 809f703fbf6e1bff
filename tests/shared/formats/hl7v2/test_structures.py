from __future__ import annotations

import json

import pytest

from scripts.compile_hl7v2_structures import TARGET, text_of
from shared.formats.hl7v2.cells import Cell
from shared.formats.hl7v2.grammar import read_grammar
from shared.formats.hl7v2.structures import (
    VERSIONS,
    Definitions,
    definitions_of,
    required_segments,
    structure_of,
    version_number,
)


def of(version: str) -> Definitions:
    found = definitions_of(version)
    assert found is not None
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_the_committed_tables_are_what_the_script_compiles(version: str) -> None:
    assert text_of(version) == (TARGET / f"v{version}.json").read_text(encoding="utf-8")


def test_every_version_has_its_tables_and_names_their_licence() -> None:
    files = {file.name for file in TARGET.glob("*.json")}

    assert {f"v{version}.json" for version in VERSIONS} == files
    assert all("MIT" in json.loads((TARGET / name).read_text("utf-8"))["source"] for name in files)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_structure_can_be_read_and_is_made_of_segments_that_the_version_has(version: str) -> None:
    definitions = of(version)
    strangers = {
        (structure, segment)
        for structure in definitions.structures
        if (grammar := definitions.structure(structure)) is not None
        for segment in grammar.names - {"ANYHL7SEGMENT"}
        if definitions.segment(segment) is None
    }

    assert set() == strangers
    assert {"ACK", "ADT_A01", "ORU_R01"} <= definitions.structures


def test_a_structure_names_the_segments_it_cannot_lack() -> None:
    assert ("MSH", "OBR") == required_segments("2.5.1", "ORU_R01")
    assert ("MSH", "MSA") == required_segments("2.3", "ACK")
    assert ("MSH", "EVN", "PID", "PV1") == required_segments("2.5.1", "ADT_A01")
    assert ("MSH", "SCH", "RGS") == required_segments("2.5.1", "SIU_S12")
    assert ("MSH", "MFI", "MFE", "OM1") == required_segments("2.5.1", "MFN_M03")
    assert ("MSH",) == required_segments("2.5.1", "ZZZ_Z99")
    assert ("MSH",) == required_segments("2.9", "ORU_R01")


def test_of_a_choice_no_segment_is_required() -> None:
    assert ("MSH", "OBX") == read_grammar("ZZZ_Z01", "MSH CHOICE<OBR RXO> DETAIL+(OBX NTE?)").required
    assert "RXO" not in required_segments("2.3", "ORM_O01")


def test_a_field_has_type_cardinality_and_table() -> None:
    definitions = of("2.5.1")
    pid, cx = definitions.segment("PID"), definitions.datatype("CX")
    assert pid is not None
    assert cx is not None

    assert [Cell("CX", True, 0), Cell("IS", table="0001")] == [pid[2], pid[7]]
    assert Cell("HD", table="0363") == cx[3]
    assert ("", 0) == (of("2.7").segment("PID")[1].datatype, of("2.7").segment("PID")[1].most)  # type: ignore[index]
    assert (None, None) == (definitions.segment("ZZZ"), definitions.datatype("ST"))


def test_a_table_gives_its_codes_only_where_it_knows_all_of_them() -> None:
    assert {"D", "P", "T"} == of("2.5.1").codes("0103")
    assert of("2.5.1").codes("0005") is None
    assert of("2.3").codes("0103") is None
    assert [False, True] == [of(version).has_tables for version in ("2.3", "2.3.1")]


@pytest.mark.parametrize(
    ("code", "event", "version", "expected"),
    [
        ("ORU", "R01", "2.5.1", "ORU_R01"),
        ("ACK", "", "2.5.1", "ACK"),
        ("ACK", "R01", "2.5.1", "ACK"),
        ("ADT", "A04", "2.5.1", "ADT_A01"),
        ("ADT", "A04", "2.2", "ADT_A04"),
        ("ADT", "A28", "2.3", "ADT_A01"),
        ("ADT", "A28", "2.5", "ADT_A05"),
        ("ADT", "A40", "2.5.1", "ADT_A39"),
        ("ADT", "A11", "2.5.1", "ADT_A09"),
        ("SIU", "S13", "2.5.1", "SIU_S12"),
        ("MDM", "T06", "2.4", "MDM_T02"),
        ("REF", "I14", "2.5", "REF_I12"),
        ("ORM", "", "2.2", "ORM_O01"),
        ("ORU", "", "2.3", "ORU_R01"),
        ("ZZZ", "Z99", "2.5.1", "ZZZ_Z99"),
        ("ADT", "A08", "", "ADT_A01"),
    ],
)
def test_the_structure_follows_from_the_event_where_it_is_not_sent(
    code: str, event: str, version: str, expected: str
) -> None:
    assert expected == structure_of(code, event, version=version)


def test_the_structure_that_is_sent_stands() -> None:
    assert "ORU_R30" == structure_of("ORU", "R01", "ORU_R30", "2.5.1")


def test_an_unreadable_version_counts_as_the_one_we_would_write() -> None:
    assert [(2, 5, 1), (2, 8), (2, 5, 1), (2, 5, 1)] == [version_number(text) for text in ("2.5.1", "2.8", "", "²")]
