"""
The results in a parsed message, read cheaply and without a conversion.

Policies stand on it (critical values, supersession), so it must work even where converting the message fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from shared.formats.hl7v2.envelope import Identifier, entity_identifier_of
from shared.formats.hl7v2.message import Message, Repetition, Segment

_COMPARATORS = frozenset({"<", "<=", ">", ">="})
_COMPARED = re.compile(r"(<=|>=|<|>)?\s*(\S+)")


@dataclass(frozen=True, slots=True)
class ObservedResult:
    """
    One OBX as policies need it.

    `codes` are the identifier and its alternate with their systems, `numbers` the NM and SN values of its repetitions
    with their comparators (`<` of `<5`), `unit_names` the unit's spellings.
    """

    location: str
    report: str
    sub_id: str
    code: str
    code_text: str
    flags: tuple[str, ...]
    status: str
    codes: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[Decimal, str], ...]
    unit_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportState:
    """One OBR group: which report it is, how far it is (OBR-25), and when the filler said so (OBR-22, as sent)."""

    location: str
    key: str
    filler: Identifier | None
    placer: Identifier | None
    service: str
    status: str
    changed: str


def observed_results(message: Message) -> Iterator[ObservedResult]:
    """Yield every OBX below an OBR, in the message's order."""
    report: Segment | None = None
    order: Segment | None = None
    key = ""
    for segment in message.segments:
        if segment.name == "ORC":
            order = segment
        elif segment.name == "OBR":
            report, order = segment, order
            key = report_key(message, segment, order)
            order = None
        elif segment.name == "OBX" and report is not None:
            yield _observed(segment, key)


def report_states(message: Message) -> list[ReportState]:
    """Return the state of every report (OBR group) of the message, in its order."""
    states = []
    order: Segment | None = None
    for segment in message.segments:
        if segment.name == "ORC":
            order = segment
        elif segment.name == "OBR":
            states.append(
                ReportState(
                    location=segment.label,
                    key=report_key(message, segment, order),
                    filler=_number(3, segment, order),
                    placer=_number(2, segment, order),
                    service=segment.text(4) or segment.text(4, 2),
                    status=segment.text(25),
                    changed=segment.text(22),
                )
            )
            order = None
    return states


def report_key(message: Message, report: Segment, order: Segment | None = None) -> str:
    """
    Return the business key of the report that an OBR opens: the same for every later state of the same report.

    Filler order number with its authority and the service; else the placer's; else the message's control id and the
    OBR's place, which no later message can name again. The service is part of it, because some fillers give one number
    to every OBR of an order.
    """
    service = report.text(4) or report.text(4, 2)
    for kind, number in (("filler", 3), ("placer", 2)):
        if identifier := _number(number, report, order):
            return "|".join((kind, *_escaped(identifier.authority, identifier.value, service)))
    header = message.header
    return "|".join(("message", *_escaped(header.text(3), header.text(4), header.text(10), str(report.occurrence))))


def _escaped(*parts: str) -> list[str]:
    """Return key parts that cannot run into one another."""
    return [part.replace("\\", "\\\\").replace("|", "\\p") for part in parts]


def _number(field: int, report: Segment, order: Segment | None) -> Identifier | None:
    found = entity_identifier_of(report.first(field))
    return found or (entity_identifier_of(order.first(field)) if order is not None else None)


def _observed(segment: Segment, key: str) -> ObservedResult:
    pairs = ((segment.text(3, code), segment.text(3, system)) for code, system in ((1, 3), (4, 6)))
    read = (_numeric(segment.text(2), repetition) for repetition in segment.repetitions(5))
    return ObservedResult(
        location=segment.label,
        report=key,
        sub_id=segment.text(4),
        code=segment.text(3),
        code_text=segment.text(3, 2) or segment.text(3, 9),
        flags=tuple(flag for repetition in segment.repetitions(8) if (flag := repetition.component(1))),
        status=segment.text(11),
        codes=tuple(pair for pair in pairs if pair[0]),
        numbers=tuple((value, sign) for value, sign in read if value is not None),
        unit_names=tuple(name for part in (1, 2, 4, 5) if (name := segment.text(6, part))),
    )


def _numeric(kind: str, value: Repetition) -> tuple[Decimal | None, str]:
    if kind == "NM":
        match = _COMPARED.fullmatch(value.component(1).strip())
        return (decimal_of(match[2]), match[1] or "") if match else (None, "")
    if kind == "SN" and not value.component(3):
        comparator = value.component(1)
        if comparator in _COMPARATORS or comparator in ("", "="):
            return decimal_of(value.component(2)), comparator.strip("=") if comparator == "=" else comparator
    return None, ""


def decimal_of(text: str) -> Decimal | None:
    """Return an NM value, None when it is not a plain finite number (`1e5` is none in HL7)."""
    text = text.strip()
    if not text or not text.isascii() or text.strip("+-0123456789."):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
