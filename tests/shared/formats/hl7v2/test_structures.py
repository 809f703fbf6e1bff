from __future__ import annotations

import json

from scripts.compile_hl7v2_structures import TARGET, compile_tables
from shared.formats.hl7v2.structures import known_versions, required_segments, structure_of


def test_the_committed_table_is_what_the_script_compiles() -> None:
    committed = json.loads(TARGET.read_text(encoding="utf-8"))

    assert committed == compile_tables(set(committed["structures"]))


def test_the_script_compiles_every_structure() -> None:
    structures = compile_tables(set())["structures"]

    assert {"ADT_A01", "ORM_O01", "SIU_S12", "MDM_T02", "VXU_V04"} <= structures.keys()


def test_a_structure_names_the_segments_it_cannot_lack() -> None:
    assert ("MSH", "OBR") == required_segments("2.5.1", "ORU_R01")
    assert ("MSH", "MSA") == required_segments("2.3", "ACK")
    assert ("MSH",) == required_segments("2.5.1", "ZZZ_Z99")
    assert {"2.3", "2.5.1", "2.8.2"} <= known_versions("ORU_R01")


def test_the_structure_follows_from_the_event_where_it_is_not_sent() -> None:
    assert ["ORU_R01", "ACK", "ACK", "ADT_A04", "ORU_R30"] == [
        structure_of("ORU", "R01"),
        structure_of("ACK", ""),
        structure_of("ACK", "R01"),
        structure_of("ADT", "A04"),
        structure_of("ORU", "R30", "ORU_R30"),
    ]
