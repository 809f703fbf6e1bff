"""What must be refused: a sound message, damaged in one way each, with the answer that each way must get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.traffic.messages import NORTHSIDE, RIVERSIDE


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way to be wrong: `acknowledgment` is AE or AR, "" where no HL7 answer can be given."""

    code: str
    acknowledgment: str
    damage: Callable[[bytes], bytes]
    partner: str = RIVERSIDE.partner


def _header(field: int, value: str) -> Callable[[bytes], bytes]:
    """Return a damage that writes `value` into a field of MSH."""

    def damage(payload: bytes) -> bytes:
        header, _, rest = payload.partition(b"\r")
        fields = header.split(b"|")
        fields += [b""] * (field - len(fields))
        fields[field - 1] = value.encode("ascii")
        return b"|".join(fields) + b"\r" + rest

    return damage


def _without(name: bytes) -> Callable[[bytes], bytes]:
    """Return a damage that leaves out every segment called `name`."""
    return lambda payload: b"\r".join(line for line in payload.split(b"\r") if line[:3] != name)


def _broken_bytes(payload: bytes) -> bytes:
    return _header(18, "UNICODE UTF-8")(payload).replace(b"TESTPATIENT-", b"TESTPATIENT-\xff\xfe", 1)


def _in_a_batch(payload: bytes) -> bytes:
    return b"BHS|^~\\&|RIVERLIS|RIVERSIDE\r" + payload + b"BTS|1\r"


def _only_notes(payload: bytes) -> bytes:
    header, _, rest = payload.partition(b"\r")
    return header + b"\rthe rest was lost in the printer\r" + rest


REFUSALS = (
    Refusal("not-hl7v2", "", lambda _: b"Dear colleagues, the result is attached. Kind regards, TESTDOCTOR-ECHO"),
    Refusal("missing-control-id", "AE", _header(10, "")),
    Refusal("missing-segment", "AE", _without(b"OBR")),
    Refusal("unsupported-message-type", "AR", _header(9, "ZZZ^Z01^ZZZ_Z01")),
    Refusal("unsupported-event", "AR", _header(9, "ORU^R99^ORU_R99")),
    Refusal("unsupported-version", "AR", _header(12, "2.2")),
    Refusal("unsupported-processing-id", "AR", _header(11, "T"), NORTHSIDE.partner),
    Refusal("undecodable-bytes", "AE", _broken_bytes),
    Refusal("not-hl7v2", "", lambda _: b""),
    Refusal("unsupported-version", "AR", _header(12, "9.9")),
    Refusal("unsupported-character-set", "AE", _header(18, "EBCDIC-500")),
    Refusal("delimiters-invalid", "", _header(2, "^~^&")),
    Refusal("several-messages", "AE", lambda payload: payload + payload),
    Refusal("missing-version", "AE", _header(12, "")),
    Refusal("processing-id-invalid", "AR", _header(11, "Z")),
    Refusal("segment-name-invalid", "AE", _only_notes),
    Refusal("batch-not-split", "", _in_a_batch),
    Refusal("not-hl7v2", "", lambda _: b'{"resourceType": "Patient", "name": [{"family": "TESTPATIENT-ALDER"}]}'),
    Refusal("missing-message-type", "AE", _header(9, "")),
    Refusal("missing-processing-id", "AE", _header(11, ""), NORTHSIDE.partner),
)
