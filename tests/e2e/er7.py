"""HL7 v2 messages of invented patients, written field by field."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field, replace

Fields = dict[int, str]

USUAL = "|^~\\&"
_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """Return an identifier that no other test uses."""
    return f"{prefix}{uuid.uuid4().hex[:8].upper()}{next(_numbers)}"


@dataclass(frozen=True)
class Observation:
    """One OBX."""

    value: str = "4.1"
    kind: str = "NM"
    code: str = "2823-3^Potassium^LN"
    units: str = "mmol/L^^UCUM"
    flag: str = ""
    status: str = "F"
    note: str = ""
    more: Fields = field(default_factory=dict)

    def fields(self, number: int) -> Fields:
        return {
            1: str(number),
            2: self.kind,
            3: self.code,
            5: self.value,
            6: self.units,
            8: self.flag,
            11: self.status,
            **self.more,
        }


@dataclass(frozen=True)
class Hl7:
    """An ORU^R01 of one report; written with the usual delimiters first, then in the message's own."""

    mrn: str = field(default_factory=lambda: unique("MRN"))
    filler: str = field(default_factory=lambda: unique("F"))
    control_id: str = field(default_factory=lambda: unique("C"))
    observations: tuple[Observation, ...] = (Observation(),)
    status: str = "F"
    stated: str = "20260314081000-0400"
    delimiters: str = USUAL
    msh: Fields = field(default_factory=dict)
    pid: Fields = field(default_factory=dict)
    obr: Fields = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def payload(self) -> bytes:
        lines = [self._header(), self._patient(), self._order(), self._report()]
        for number, one in enumerate(self.observations, start=1):
            lines.append(_segment("OBX", one.fields(number)))
            if one.note:
                lines.append(_segment("NTE", {1: "1", 2: "L", 3: one.note}))
        kept = [line for line in (*lines, *self.extra) if line[:3] not in self.without]
        text = "".join(f"{line}\r" for line in kept)
        return text.translate(str.maketrans(USUAL, self.delimiters)).encode()

    def now(self, **changes: object) -> Hl7:
        """Return another message about the same patient and report."""
        return replace(self, **{"control_id": unique("C"), **changes})

    def _header(self) -> str:
        fields = {
            3: "RVLIS",
            4: "RIVERSIDE",
            5: "CORRIDOR",
            6: "HARBOR",
            7: "20260314081500-0400",
            9: "ORU^R01^ORU_R01",
            10: self.control_id,
            11: "P",
            12: "2.5.1",
            **self.msh,
        }
        # MSH-1 is the separator itself: its fields count from MSH-2.
        return _segment("MSH", {1: "^~\\&", **{number - 1: text for number, text in fields.items()}})

    def _patient(self) -> str:
        name = {1: "1", 3: f"{self.mrn}^^^HARBOR^MR", 5: "Testperson^Invented", 7: "19700101", 8: "F"}
        return _segment("PID", {**name, **self.pid})

    def _order(self) -> str:
        return _segment("ORC", {1: "RE", 3: f"{self.filler}^RIVERSIDE"})

    def _report(self) -> str:
        return _segment(
            "OBR",
            {
                1: "1",
                3: f"{self.filler}^RIVERSIDE",
                4: "2823-3^Potassium^LN",
                7: "20260314080000-0400",
                22: self.stated,
                25: self.status,
                **self.obr,
            },
        )


def _segment(name: str, fields: Fields) -> str:
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


CRITICAL = Observation(value="7.9", flag="HH")
UNKNOWN_STATUS = Observation(status="?")
