"""
The tables in the segment modules' docstrings, and the fields that go as text.

A field of a table may name its data type: components that the type's map does not carry are then accounted for one by
one (`accounts`). `AS-SENT` means that the field goes, as text, into the extension `urn:corridor:extension:<field>` of
the target.
"""

from __future__ import annotations

from functools import lru_cache

from shared.formats.hl7v2.message import Segment
from shared.mapping.coverage import FieldTable, field_table
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append

AS_SENT = "AS-SENT"

# The components that a data type's map carries; a type that is absent here is carried whole.
COMPONENTS: dict[str, frozenset[int]] = {
    "CWE": frozenset(range(1, 23)),
    "CX": frozenset(range(1, 13)),
    "DT": frozenset({1}),
    "DTM": frozenset({1, 2}),
    "DR": frozenset({1, 2}),
    "EI": frozenset({1, 2, 3, 4}),
    "EIP": frozenset({1, 2}),
    "HD": frozenset({1, 2, 3}),
    "ID": frozenset({1}),
    "NDL": frozenset({1}),
    "NM": frozenset({1}),
    "PT": frozenset({1, 2}),
    "PL": frozenset(range(1, 12)),
    "CQ": frozenset({1, 2}),
    "XAD": frozenset(range(1, 24)),
    "XCN": frozenset(range(1, 26)),
    "XON": frozenset(range(1, 11)),
    "XPN": frozenset(range(1, 16)),
    "XTN": frozenset(range(1, 19)),
}
_USUAL_FIELDS = 100
_WHOLE = ("ST", "TX", "FT", "PRL", "OG")


def table_of(documentation: str | None) -> FieldTable:
    """Return the table in a segment module's docstring."""
    return field_table(documentation, (*COMPONENTS, *_WHOLE, AS_SENT))


@lru_cache(maxsize=4096)
def _as_sent(table: FieldTable, target: str, count: int) -> tuple[int, ...]:
    """Return the AS-SENT fields of a target that a segment of `count` fields, its name among them, may have."""
    return tuple(sorted(number for number in table.numbers_of(AS_SENT, target) if number < count))


@lru_cache(maxsize=4096)
def _all_as_sent(table: FieldTable, count: int) -> tuple[int, ...]:
    return tuple(number for number, rule in table.rules.items() if rule.datatype == AS_SENT and number < count)


def carry_all(element: Resource, segment: Segment, table: FieldTable) -> None:
    """Put all AS-SENT fields of a segment, whatever they name, into extensions of a resource or element."""
    fields = segment.fields
    for number in _all_as_sent(table, min(len(fields), _USUAL_FIELDS)):
        if fields[number]:
            carry_field(element, segment, number)


def carry(context: Context, resource: Resource, segment: Segment, table: FieldTable) -> None:
    """Put the AS-SENT fields of a segment that name this resource's type into its extensions."""
    fields = segment.fields
    for number in _as_sent(table, resource["resourceType"], min(len(fields), _USUAL_FIELDS)):
        if fields[number]:
            carry_field(resource, segment, number)


def carry_field(element: Resource, segment: Segment, number: int) -> None:
    """Put one field, as text, into an extension of a resource or element."""
    fields = segment.fields
    if number >= len(fields) or not (raw := fields[number]):
        return
    text = raw if raw.isalnum() else "~".join([repetition.text() for repetition in segment.repetitions(number)])
    if text.strip():
        append(element, "extension", {"url": f"{EXTENSIONS}{segment.name.lower()}-{number}", "valueString": text})
