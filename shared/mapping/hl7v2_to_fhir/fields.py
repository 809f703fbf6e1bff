"""
The tables in the segment modules' docstrings, and the fields that go as text.

A field of a table may name its data type: components that the type's map does not carry are then accounted for one by
one (`accounts`). `AS-SENT` means that the field goes, as text, into the extension `urn:corridor:extension:<field>` of
the target.
"""

from __future__ import annotations

from functools import cache

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
_WHOLE = ("ST", "TX", "FT", "PRL", "OG")


def table_of(documentation: str | None) -> FieldTable:
    """Return the table in a segment module's docstring."""
    return field_table(documentation, (*COMPONENTS, *_WHOLE, AS_SENT))


@cache
def _as_sent(table: FieldTable, target: str) -> tuple[int, ...]:
    """Return the AS-SENT fields of a target in their order."""
    return tuple(sorted(table.numbers_of(AS_SENT, target)))


@cache
def _all_as_sent(table: FieldTable) -> tuple[int, ...]:
    return tuple(sorted(number for number, rule in table.rules.items() if rule.datatype == AS_SENT))


def carry_all(element: Resource, segment: Segment, table: FieldTable) -> None:
    """Put all AS-SENT fields of a segment, whatever they name, into extensions of a resource or element."""
    fields = segment.fields
    count = len(fields)
    for number in _all_as_sent(table):
        if number >= count:
            break
        if fields[number]:
            carry_field(element, segment, number)


def carry(context: Context, resource: Resource, segment: Segment, table: FieldTable) -> None:
    """Put the AS-SENT fields of a segment that name this resource's type into its extensions."""
    fields = segment.fields
    count = len(fields)
    for number in _as_sent(table, resource["resourceType"]):
        if number >= count:
            break
        if fields[number]:
            carry_field(resource, segment, number)


def carry_field(element: Resource, segment: Segment, number: int) -> None:
    """Put one field, as text, into an extension of a resource or element."""
    fields = segment.fields
    if number >= len(fields) or not (raw := fields[number]):
        return
    if raw.isalnum() or is_one_text(segment, raw):
        text = raw
    else:
        text = "~".join([repetition.text() for repetition in segment.repetitions(number)])
    if text.strip():
        append(element, "extension", {"url": f"{EXTENSIONS}{segment.name.lower()}-{number}", "valueString": text})


def is_one_text(segment: Segment, raw: str) -> bool:
    """Tell whether a field of a segment is one text that reads as it is written: a text writes components with `^`."""
    repeated, separator = segment.delimiters.separators
    return segment.plain and repeated not in raw and (separator == "^" or separator not in raw)
