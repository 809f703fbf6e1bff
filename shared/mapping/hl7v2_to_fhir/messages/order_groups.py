"""
The groups of a message about orders and results: patient, visit, order, observations, specimens.

Tolerant of order: a segment belongs to the nearest opener before it, wherever the structure would have put it, so that
nothing is lost by its place (an OBX after an SPM is an observation like any other).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.formats.hl7v2.message import Message, Segment


@dataclass(slots=True)
class Noted:
    """A segment with the comments that follow it."""

    segment: Segment
    notes: list[Segment] = field(default_factory=list)


@dataclass(slots=True)
class SpecimenGroup:
    """SPM, its comments, the observations below it."""

    spm: Segment
    notes: list[Segment] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)


@dataclass(slots=True)
class OrderGroup:
    """ORC, OBR and what they open; one of the two may be missing."""

    orc: Segment | None = None
    obr: Segment | None = None
    timings: list[Segment] = field(default_factory=list)
    notes: list[Segment] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)
    specimens: list[SpecimenGroup] = field(default_factory=list)


@dataclass(slots=True)
class PatientGroup:
    """PID and everything until the next one."""

    pid: Segment | None = None
    notes: list[Segment] = field(default_factory=list)
    additional: list[Segment] = field(default_factory=list)
    visits: list[tuple[Segment, list[Segment]]] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)
    orders: list[OrderGroup] = field(default_factory=list)


class _Reader:
    """Where the next segment belongs."""

    def __init__(self) -> None:
        self.patients: list[PatientGroup] = []
        self.order: OrderGroup | None = None
        self.specimen: SpecimenGroup | None = None
        self.notes: list[Segment] | None = None
        self.rest: list[Segment] = []
        self.readers: dict[str, Callable[[Segment], None]] = {
            "PID": self._pid,
            "PD1": self._additional,
            "NK1": self._additional,
            "PV1": self._pv1,
            "PV2": self._pv2,
            "ORC": self._orc,
            "OBR": self._obr,
            "TQ1": self._tq1,
            "OBX": self._obx,
            "NTE": self._nte,
            "SPM": self._spm,
        }

    @property
    def patient(self) -> PatientGroup:
        if not self.patients:
            self.patients.append(PatientGroup())
        return self.patients[-1]

    def _pid(self, segment: Segment) -> None:
        group = PatientGroup(segment)
        self.patients.append(group)
        self.order = self.specimen = None
        self.notes = group.notes

    def _additional(self, segment: Segment) -> None:
        self.patient.additional.append(segment)

    def _pv1(self, segment: Segment) -> None:
        self.patient.visits.append((segment, []))

    def _pv2(self, segment: Segment) -> None:
        if self.patient.visits:
            self.patient.visits[-1][1].append(segment)
        else:
            self.rest.append(segment)

    def _orc(self, segment: Segment) -> None:
        self._open(OrderGroup(orc=segment))

    def _obr(self, segment: Segment) -> None:
        if self.order is None or self.order.obr is not None:
            self._open(OrderGroup())
        assert self.order is not None  # noqa: S101 - _open has just set it
        self.order.obr = segment
        self.notes = self.order.notes

    def _open(self, order: OrderGroup) -> None:
        self.order, self.specimen = order, None
        self.patient.orders.append(order)
        self.notes = order.notes

    def _tq1(self, segment: Segment) -> None:
        (self.order.timings if self.order else self.rest).append(segment)

    def _obx(self, segment: Segment) -> None:
        owner = self.specimen or self.order or self.patient
        noted = Noted(segment)
        owner.observations.append(noted)
        self.notes = noted.notes

    def _nte(self, segment: Segment) -> None:
        (self.rest if self.notes is None else self.notes).append(segment)

    def _spm(self, segment: Segment) -> None:
        if self.order is None:
            self._open(OrderGroup())
        assert self.order is not None  # noqa: S101 - _open has just set it
        self.specimen = SpecimenGroup(segment)
        self.order.specimens.append(self.specimen)
        self.notes = self.specimen.notes


def read_groups(message: Message) -> tuple[list[PatientGroup], list[Segment]]:
    """Return the patient groups of a message, and the segments that no group takes."""
    reader = _Reader()
    for segment in message.segments[1:]:
        if read := reader.readers.get(segment.name):
            read(segment)
        else:
            reader.rest.append(segment)
    return reader.patients, reader.rest
