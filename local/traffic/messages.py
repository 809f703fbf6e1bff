"""One state of one order -> the bytes of an ORU^R01, as its laboratory writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.traffic.content import Report, Result
from local.traffic.er7 import USUAL, Components, Delimiters, Value, segment
from local.traffic.people import Clinician, Patient

DAY = datetime(2026, 3, 14)  # noqa: DTZ001 -- local time of each laboratory; its offset is written beside it
VERSIONS = ("2.5.1", "2.3.1", "2.4", "2.5", "2.8")


@dataclass(frozen=True, slots=True)
class Laboratory:
    """How one sender signs its messages; `behind` is what its clock lacks to the hospital's."""

    partner: str
    application: str
    facility: str
    authority: str
    universal_id: str
    prefix: str
    encoding: str
    offset: str
    behind: timedelta


RIVERSIDE = Laboratory(
    "riverside-lab",
    "RIVERLIS",
    "RIVERSIDE",
    "HARBOR",
    "2.16.840.1.113883.19.4.27",
    "RV",
    "utf-8",
    "-0400",
    timedelta(),
)
NORTHSIDE = Laboratory(
    "northside-lab",
    "NORTHLIS",
    "NORTHSIDE",
    "NORTHSIDE",
    "2.16.840.1.113883.19.6.1",
    "NS",
    "latin-1",
    "",
    timedelta(hours=1),
)
LABORATORIES = {laboratory.partner: laboratory for laboratory in (RIVERSIDE, NORTHSIDE)}


@dataclass(frozen=True, slots=True)
class Style:
    """What is peculiar about how a message is written."""

    version: str = "2.5.1"
    delimiters: Delimiters = USUAL
    line_end: str = "\r"
    framed: bool = False
    own_segment: bool = False
    universal_ids: bool = False
    processing_id: str = "P"


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, of whom: without a `patient` the message has no PID. Seconds count from midnight."""

    number: int
    laboratory: Laboratory
    patient: Patient | None
    clinician: Clinician
    collected: int
    style: Style

    def filler_number(self, index: int) -> str:
        """Return the filler order number of the order's report `index`."""
        return f"{self.laboratory.prefix}-26-{self.number:05d}-{index + 1}"


@dataclass(frozen=True, slots=True)
class State:
    """How far the reports are: `status` is OBR-25, `stated` when the laboratory said so (OBR-22)."""

    status: str
    stated: int
    reports: tuple[Report, ...]


def write_message(order: Order, state: State, control_id: str) -> bytes:
    """Return the message; pure."""
    writer = _Writer(order, state, control_id)
    text = "".join(line + order.style.line_end for line in writer.segments())
    payload = text.encode(order.laboratory.encoding)
    return b"\x0b" + payload + b"\x1c\r" if order.style.framed else payload


class _Writer:
    """The segments of one message."""

    def __init__(self, order: Order, state: State, control_id: str) -> None:
        self._order, self._state, self._control_id = order, state, control_id
        self._laboratory, self._style = order.laboratory, order.style
        self._version = tuple(int(part) for part in order.style.version.split("."))

    def segments(self) -> Iterator[str]:
        """Yield every segment in the structure's order."""
        yield self._segment("MSH", self._header())
        if self._version >= (2, 5) and self._order.number % 3 == 0:
            yield self._segment("SFT", {1: "Invented Software House", 2: "7.4", 3: "TEST-LIS", 4: "BUILD 1"})
        if self._order.patient:
            yield self._segment("PID", self._pid(self._order.patient))
            yield self._segment("PV1", self._pv1())
        for index, report in enumerate(self._state.reports):
            yield self._segment("ORC", self._orc(index))
            yield self._segment("OBR", self._obr(index, report))
            yield from self._notes(report.notes)
            for number, result in enumerate(report.results, start=1):
                yield self._segment("OBX", self._obx(number, report, result))
                yield from self._notes(result.notes)
            if report.specimen and self._version >= (2, 5):
                yield self._segment("SPM", self._spm(index, report.specimen))
        if self._style.own_segment:
            yield self._segment("ZTL", {1: "1", 2: "ANALYSER-TEST-07", 3: ("LOT", "42 & 43")})

    def _segment(self, name: str, fields: dict[int, Value]) -> str:
        return segment(self._style.delimiters, name, fields)

    def _header(self) -> dict[int, Value]:
        laboratory, patient = self._laboratory, self._order.patient
        facility: Value = laboratory.facility
        if self._style.universal_ids:
            facility = (laboratory.facility, laboratory.universal_id, "ISO")
        kind: Components = ("ORU", "R01") if self._version < (2, 4) else ("ORU", "R01", "ORU_R01")
        fields: dict[int, Value] = {
            3: laboratory.application,
            4: facility,
            5: "CORRIDOR",
            6: "HARBOR",
            7: self._time(self._state.stated) + laboratory.offset,
            9: kind,
            10: self._control_id,
            11: self._style.processing_id,
            12: self._style.version,
        }
        # Northside never says which character set it writes: its partner file does. Riverside forgets it at times.
        if patient and patient.charset and laboratory.encoding == "utf-8" and self._order.number % 6:
            fields[18] = patient.charset
        return fields

    def _pid(self, patient: Patient) -> dict[int, Value]:
        laboratory = self._laboratory
        authority = (laboratory.authority, laboratory.universal_id, "ISO")
        record: Components = (
            patient.record,
            "",
            "",
            authority if self._style.universal_ids else authority[0],
            "MR",
        )
        more: Components = (f"X{patient.record}", "", "", laboratory.facility, "PI")
        return {
            1: "1",
            3: [more, record] if int(patient.record[1:]) % 5 == 0 else record,
            5: (patient.family, patient.given, patient.middle, "", "", "", "L"),
            7: patient.born,
            8: patient.sex,
            11: (patient.street, "", "Testville", "NY", "00000", "USA", "H"),
            13: (patient.phone, "PRN", "PH"),
        }

    def _pv1(self) -> dict[int, Value]:
        ward = f"W{self._order.number % 4 + 1}"
        visit: Components = (f"V{self._order.number:06d}", "", "", self._laboratory.authority, "VN")
        kind = "IEOI"[self._order.number % 4]
        return {1: "1", 2: kind, 3: (ward, "12", "B", "HARBOR"), 7: self._clinician(), 19: visit}

    def _orc(self, index: int) -> dict[int, Value]:
        status = {"P": "IP", "X": "CA"}.get(self._state.status, "CM")
        return {1: "RE", 2: self._placer(index), 3: self._filler(index), 5: status, 12: self._clinician()}

    def _obr(self, index: int, report: Report) -> dict[int, Value]:
        fields: dict[int, Value] = {
            1: str(index + 1),
            2: self._placer(index),
            3: self._filler(index),
            4: report.service,
            7: self._time(self._order.collected),
            14: self._time(self._order.collected + 600),
            16: self._clinician(),
            22: self._time(self._state.stated),
            24: report.section,
            25: report.status or self._state.status,
        }
        if report.specimen and self._version < (2, 5):
            fields[15] = ((*report.specimen, "HL70070"),)
        if report.parent:
            first = self._state.reports[0].results[0]
            code = tuple(part if isinstance(part, str) else "" for part in first.code)
            fields[26] = (code, first.sub_id)
            fields[29] = (self._number(self._placer(0)), self._number(self._filler(0)))
        return fields

    def _obx(self, number: int, report: Report, result: Result) -> dict[int, Value]:
        status = result.status or self._state.status
        cancelled = self._state.status == "X"
        fields: dict[int, Value] = {
            1: str(number),
            2: self._kind(result.kind),
            3: result.code,
            4: result.sub_id,
            5: "" if cancelled else result.value,
            6: result.units,
            7: result.normal,
            8: "" if cancelled else result.flag,
            11: status,
            14: self._time(self._order.collected),
        }
        if self._version >= (2, 5, 1) and number == 1:
            fields[23] = (
                "Invented Laboratory",
                "",
                "",
                "",
                "",
                (self._laboratory.facility,),
                "XX",
                "",
                "",
                "TL-1",
            )
        return fields

    def _spm(self, index: int, specimen: tuple[str, str]) -> dict[int, Value]:
        number = f"SP{self._order.number:05d}{index}"
        collected = self._time(self._order.collected)
        received = self._time(self._order.collected + 600)
        specimen_id: Components = ("", (number, self._laboratory.facility))
        return {1: "1", 2: specimen_id, 4: (*specimen, "HL70487"), 17: collected, 18: received}

    def _notes(self, notes: tuple[str, ...]) -> Iterator[str]:
        for number, text in enumerate(notes, start=1):
            yield self._segment("NTE", {1: str(number), 2: "L", 3: text})

    def _kind(self, kind: str) -> str:
        if kind == "CWE" and self._version < (2, 5):
            return "CE"
        return "TS" if kind == "DTM" and self._version < (2, 6) else kind

    def _clinician(self) -> Components:
        who = self._order.clinician
        return (who.number, who.family, who.given, "", "", "", "", "", "HARBOR")

    def _placer(self, index: int) -> Components:
        return (f"EHR-{self._order.number:06d}-{index + 1}", "HARBOR")

    def _filler(self, index: int) -> Components:
        return (self._order.filler_number(index), self._laboratory.facility)

    def _number(self, identifier: Components) -> tuple[str, ...]:
        return tuple(part for part in identifier if isinstance(part, str))

    def _time(self, second: int) -> str:
        moment = DAY + timedelta(seconds=second) - self._laboratory.behind
        return moment.strftime("%Y%m%d%H%M%S")
