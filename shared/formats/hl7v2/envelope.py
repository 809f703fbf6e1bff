"""
What ingest must know of a message before it may acknowledge it: who sent what, about whom, and whether it can be read.

Cheap on purpose: it runs before every ACK, and looks at MSH, PID, MRG, ORC and OBR only.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.authority import authority
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.message import Message, Repetition, Segment
from shared.formats.hl7v2.parse import DEFAULT_LIMITS, Limits, is_batch, parse
from shared.formats.hl7v2.structures import required_segments, structure_of

_PROCESSING_IDS = frozenset("PTD")
_READ_AS_LATIN = "8859/1"
# MSH-18 among the split fields (MSH-1 is the separator itself).
_CHARACTER_SET = 17
_AFTER_CHARACTER_SET = _CHARACTER_SET + 1


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier with the authority that issued it (a URI when the universal id makes one) and its type code."""

    authority: str
    value: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class MergePair:
    """A PID followed by an MRG: the identifiers that go on, and the prior ones."""

    surviving: tuple[Identifier, ...]
    prior: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    The facts of MSH, the identifiers in the message, and the problems that forbid to accept it.

    Whom the second and later PID segments name are `further_patients`.

    The conditions are MSH-15 and MSH-16 (table 0155), see `acknowledgment_modes`.
    """

    delimiters: Delimiters
    charset: str
    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    parties: tuple[str, str, str, str]
    sent: str
    message_code: str
    trigger_event: str
    structure: str
    control_id: str
    processing_id: str
    version: str
    patient_identifiers: tuple[Identifier, ...] = ()
    placer_numbers: tuple[Identifier, ...] = ()
    filler_numbers: tuple[Identifier, ...] = ()
    problems: tuple[Issue, ...] = ()
    accept_condition: str = ""
    application_condition: str = ""
    merges: tuple[MergePair, ...] = ()
    further_patients: tuple[tuple[Identifier, ...], ...] = ()

    @property
    def message_type(self) -> str:
        """Return `ORU^R01`."""
        return f"{self.message_code}^{self.trigger_event}" if self.trigger_event else self.message_code


def read_envelope(payload: bytes, *, default_charset: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Envelope:
    """Return the envelope of one message, as `open_envelope` does, without the message."""
    return open_envelope(payload, default_charset=default_charset, limits=limits)[0]


def open_envelope(
    payload: bytes, *, default_charset: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> tuple[Envelope, Message]:
    """
    Return the envelope of one message, its problems included: they are for an AE or AR, and there is always one.

    Beside it the message, of which only the header is there when its text could not be read. RejectedError only when
    no ACK can be made: `not-hl7v2`, `delimiters-invalid`, `batch-not-split`, `too-large`.
    """
    if is_batch(payload):
        raise RejectedError("batch-not-split", "FHS", "The payload is a batch: read its messages one by one.")
    message, problems = _read(payload, default_charset, limits)
    return envelope_of(message, problems), message


def envelope_of(message: Message, problems: tuple[Issue, ...] = ()) -> Envelope:
    """Return the envelope of a message that is parsed already."""
    header = message.header
    structure = structure_of(message.code, message.event, header.text(9, 3), message.version)
    patients, placers, fillers = _identifiers(message)
    return Envelope(
        delimiters=message.delimiters,
        charset=message.charset,
        sending_application=header.text(3),
        sending_facility=header.text(4),
        receiving_application=header.text(5),
        receiving_facility=header.text(6),
        parties=(header.raw(3), header.raw(4), header.raw(5), header.raw(6)),
        sent=header.text(7),
        message_code=message.code,
        trigger_event=message.event,
        structure=structure,
        control_id=message.control_id,
        processing_id=header.text(11),
        version=message.version,
        patient_identifiers=patients[0] if patients else (),
        placer_numbers=placers,
        filler_numbers=fillers,
        problems=problems + _problems(message, structure, unread=bool(problems)),
        accept_condition=header.text(15),
        application_condition=header.text(16),
        merges=_merges(message),
        further_patients=patients[1:],
    )


def identifier_of(repetition: Repetition) -> Identifier | None:
    """Return a CX (number ^ ^ ^ authority ^ type) as an identifier; None when it has no number."""
    if not (value := repetition.component(1)):
        return None
    issuer = authority(*repetition.subcomponents(4, 3))
    return Identifier(issuer, value, repetition.component(5))


def entity_identifier_of(repetition: Repetition | None) -> Identifier | None:
    """Return an EI (number ^ namespace ^ universal id ^ type) as an identifier; None when it has no number."""
    if repetition is None:
        return None
    value, *issuer = repetition.components(4)
    return Identifier(authority(*issuer), value) if value else None


def _read(payload: bytes, default_charset: str | None, limits: Limits) -> tuple[Message, tuple[Issue, ...]]:
    """Return the message; one whose text cannot be decoded or split is read as far as its header allows."""
    try:
        return parse(payload, default_charset=default_charset, limits=limits), ()
    except RejectedError as error:
        problem = Issue("fatal", "structure", error.code, error.location, error.text)
        if error.code in ("not-hl7v2", "delimiters-invalid", "too-large"):
            raise
        # In wide characters that cannot be read there is no header either: then nobody can be answered.
        if payload.find(b"MSH") < 0:
            raise
    header = payload[payload.find(b"MSH") :].split(b"\r", 1)[0].split(b"\n", 1)[0]
    separator = header[3:4]
    fields = header.split(separator, _AFTER_CHARACTER_SET)
    if len(fields) > _CHARACTER_SET:
        fields[_CHARACTER_SET] = b""
    return parse(separator.join(fields), default_charset=_READ_AS_LATIN), (problem,)


def _identifiers(
    message: Message,
) -> tuple[tuple[tuple[Identifier, ...], ...], tuple[Identifier, ...], tuple[Identifier, ...]]:
    patients: list[tuple[Identifier, ...]] = []
    placers: dict[Identifier, None] = {}
    fillers: dict[Identifier, None] = {}
    for segment in message.segments:
        if segment.name == "PID" and (numbers := _numbers(segment, 3, 2)):
            patients.append(numbers)
        elif segment.name in ("ORC", "OBR"):
            for number, into in ((2, placers), (3, fillers)):
                if identifier := entity_identifier_of(segment.first(number)):
                    into[identifier] = None
    return tuple(patients), tuple(placers), tuple(fillers)


def _merges(message: Message) -> tuple[MergePair, ...]:
    """Return each MRG with the PID before it: MRG-1 is the prior list, MRG-4 what 2.2 and older had instead."""
    pairs: list[MergePair] = []
    surviving: tuple[Identifier, ...] = ()
    for segment in message.segments:
        if segment.name == "PID":
            surviving = _numbers(segment, 3, 2)
        elif segment.name == "MRG":
            pairs.append(MergePair(surviving, _numbers(segment, 1, 4)))
    return tuple(pairs)


def _numbers(segment: Segment, *fields: int) -> tuple[Identifier, ...]:
    found = (identifier_of(repetition) for number in fields for repetition in segment.repetitions(number))
    return tuple(dict.fromkeys(identifier for identifier in found if identifier))


def _problems(message: Message, structure: str, *, unread: bool) -> tuple[Issue, ...]:
    """Return what is missing; of a message whose text could not be read, only its header is judged."""
    header = message.header
    problems = [
        Issue("error", "required", code, f"MSH-{number}", f"{name} is missing.")
        for number, code, name in (
            (9, "missing-message-type", "The message type"),
            (10, "missing-control-id", "The message control id"),
            (11, "missing-processing-id", "The processing id"),
            (12, "missing-version", "The version id"),
        )
        if not header.text(number)
    ]
    processing = header.text(11)
    if processing and processing not in _PROCESSING_IDS:
        problems.append(Issue("error", "code-invalid", "processing-id-invalid", "MSH-11", "Table 0103: P, T, D."))
    if unread:
        return tuple(problems)
    present = {segment.name for segment in message.segments}
    problems += [
        Issue("error", "required", "missing-segment", name, f"{structure} needs a segment {name}.")
        for name in required_segments(message.version, structure)
        if name not in present
    ]
    return tuple(problems)
