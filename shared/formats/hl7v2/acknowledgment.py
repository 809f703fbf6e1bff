"""
The ACK of a message, in the sender's own delimiters, character set and version.

    MSH-3..6  the message's parties, swapped        MSH-9   ACK, from 2.3.1 on ACK^event^ACK
    MSH-11    copied                                MSH-12  copied
    MSA       code, the message's control id; MSA-3 the first error's text before 2.5
    ERR       one segment per error from 2.5 on (ERR-2, 3, 4, 5, 8); one ERR-1 with repetitions before
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.acknowledgment_modes import AckCode
from shared.formats.hl7v2.charset import codec_of
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.envelope import Envelope
from shared.formats.hl7v2.parse import parse
from shared.formats.hl7v2.structures import version_number

__all__ = ["AckCode", "Acknowledged", "acknowledge", "acknowledgment_code", "read_acknowledgment"]

_LOCATION = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<sequence>\d+)\])?"
    r"(?:-(?P<field>\d+)(?:\((?P<repetition>\d+)\))?(?:\.(?P<component>\d+)(?:\.(?P<subcomponent>\d+))?)?)?"
)
# Table 0357, message error condition codes.
_CONDITIONS = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}
_CONDITION_OF_CODE = {
    "missing-segment": "100",
    "unsupported-message-type": "200",
    "unsupported-event": "201",
    "processing-id-invalid": "202",
    "unsupported-processing-id": "202",
    "unsupported-version": "203",
    "control-id-reused": "205",
}
_CONDITION_OF_KIND = {"required": "101", "value": "102", "structure": "102", "code-invalid": "103"}
_SEVERITY = {"fatal": "E", "error": "E", "warning": "W", "information": "I"}
_FALLBACK_VERSION = "2.5.1"


class Acknowledged(NamedTuple):
    """What an acknowledgment says: MSA-1, and MSA-2, the control id of the message that it is about."""

    code: str
    control_id: str


def read_acknowledgment(answer: bytes) -> Acknowledged:
    """Return what an acknowledgment that we were given says; "" for both when it is none, or cannot be read."""
    try:
        found = parse(answer).first("MSA")
    except RejectedError:
        found = None
    return Acknowledged(found.text(1), found.text(2)) if found is not None else Acknowledged("", "")


def acknowledgment_code(answer: bytes) -> str:
    """Return MSA-1 of an acknowledgment that we were given; "" when it is none, or cannot be read."""
    return read_acknowledgment(answer).code


def acknowledge(
    envelope: Envelope, code: AckCode, *, control_id: str, instant: datetime, errors: Sequence[Issue] = ()
) -> bytes:
    """Return the acknowledgment of the message in `envelope`; pure: the id and the time of the ACK are given."""
    version = version_number(envelope.version)
    segments = [
        _header(envelope, version, control_id, instant),
        _acknowledgment(envelope, code, errors if version < (2, 5) else ()),
    ]
    if errors and version >= (2, 5):
        segments += [_error(envelope.delimiters, error) for error in errors]
    elif errors:
        segments.append(_error_before_2_5(envelope.delimiters, errors, version))
    text = "".join(f"{segment}\r" for segment in segments)
    return text.encode(_codec(envelope.charset) or "utf-8", "replace")


def _header(envelope: Envelope, version: tuple[int, ...], control_id: str, instant: datetime) -> str:
    delimiters = envelope.delimiters
    application, facility, receiver, receiver_facility = envelope.parties
    kind = ["ACK", envelope.trigger_event, "ACK"] if version >= (2, 3, 1) and envelope.trigger_event else ["ACK"]
    fields = [
        "MSH",
        delimiters.encoding_characters,
        receiver,
        receiver_facility,
        application,
        facility,
        instant.strftime("%Y%m%d%H%M%S%z"),
        "",
        delimiters.component.join(kind),
        delimiters.escaped(control_id),
        delimiters.escaped(envelope.processing_id) or "P",
        delimiters.escaped(envelope.version) or _FALLBACK_VERSION,
    ]
    if _codec(envelope.charset):
        sets = (delimiters.escaped(name) for name in envelope.charset.split("~"))
        fields += ["", "", "", "", "", delimiters.repetition.join(sets)]
    return delimiters.field.join(fields)


def _codec(charset: str) -> str:
    """Return the codec of the sender's character set; "" where we cannot write it: then the ACK declares none."""
    try:
        return codec_of(charset)
    except RejectedError:
        return ""


def _acknowledgment(envelope: Envelope, code: AckCode, errors: Sequence[Issue]) -> str:
    fields = ["MSA", code, envelope.delimiters.escaped(envelope.control_id)]
    if errors:
        fields.append(envelope.delimiters.escaped(errors[0].text))
    return envelope.delimiters.field.join(fields)


def _error(delimiters: Delimiters, error: Issue) -> str:
    condition = _condition(error)
    coded = (condition, _CONDITIONS[condition], "HL70357")
    ours = (error.code, "", "urn:corridor:error")
    return delimiters.field.join(
        (
            "ERR",
            "",
            delimiters.component.join(_place(error.location)),
            delimiters.component.join(delimiters.escaped(part) for part in coded),
            _SEVERITY[error.severity],
            delimiters.component.join(delimiters.escaped(part) for part in ours),
            "",
            "",
            delimiters.escaped(error.text),
        )
    )


def _error_before_2_5(delimiters: Delimiters, errors: Sequence[Issue], version: tuple[int, ...]) -> str:
    repetitions = []
    for error in errors:
        condition = _condition(error)
        segment, sequence, field, *_ = [*_place(error.location), "", "", ""]
        coded = (condition, _CONDITIONS[condition], "HL70357") if version >= (2, 3) else (condition,)
        text = (delimiters.subcomponent or " ").join(delimiters.escaped(part) for part in coded)
        repetitions.append(delimiters.component.join((segment, sequence, field, text)))
    separator = delimiters.repetition
    return f"ERR{delimiters.field}{separator.join(repetitions) if separator else repetitions[0]}"


def _place(location: str) -> list[str]:
    """Return an ERL: segment, sequence, field, repetition, component, sub-component, as far as the location goes."""
    match = _LOCATION.fullmatch(location)
    if match is None:
        return []
    found = match.groupdict()
    place = [found["segment"], found["sequence"] or "1"]
    if found["field"]:
        place += [found["field"], found["repetition"] or "1"]
        place += [part for part in (found["component"], found["subcomponent"]) if part]
    return place


def _condition(error: Issue) -> str:
    return _CONDITION_OF_CODE.get(error.code) or _CONDITION_OF_KIND.get(error.kind, "207")
