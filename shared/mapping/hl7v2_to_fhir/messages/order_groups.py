"""
The groups of a message about orders and results: patient, order, result, specimen, container, and what was before.

Tolerant of order: a segment belongs to the nearest opener before it, wherever the structure would have put it, so that
nothing is lost by its place (an OBX after an SPM is an observation like any other).

    ORC, OBR       open an order, together where they stand together; in an OUL the OBR comes first
    SPM            belongs to the order before it; where it comes before all orders, those that follow belong to it
    SAC            belongs to the specimen before it
    PID, PV1, or an ORC of control PR, below an order of an OML or OMG: a previous result
    PRT, NTE       belong to the segment before them; all that says more of the patient, to the patient
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.formats.hl7v2.message import Message, Segment
from shared.mapping.hl7v2_to_fhir.messages import patient

_OF_THE_ORDER = frozenset(
    ("TQ1", "TQ2", "CTD", "DG1", "CTI", "BLG", "FT1", "TXA", "IPC", "ZDS", "RQD", "RQ1", "ODS", "ODT")
)
_MEDICATION = frozenset(("RXO", "RXE", "RXD", "RXA"))
_SPECIMENS_FIRST = frozenset(("OML", "OUL", "ORL", "OMI", "OMG", "OPL"))
_WITH_PRIOR_RESULTS = frozenset(("OML", "OMG", "OPL"))
_SPECIMEN = ("SPM", "SAC")
_PRIOR = ("PR", "RE")


@dataclass(slots=True)
class Noted:
    """A segment with what stands under it: comments, and participations and other details."""

    segment: Segment
    notes: list[Segment] = field(default_factory=list)
    details: list[Segment] = field(default_factory=list)


@dataclass(slots=True)
class SpecimenGroup:
    """SPM, its comments and containers, the observations below them; SPM may be missing above a SAC."""

    spm: Segment | None = None
    notes: list[Segment] = field(default_factory=list)
    details: list[Segment] = field(default_factory=list)
    containers: list[Noted] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)


@dataclass(slots=True)
class OrderGroup:
    """
    ORC, OBR and what they open; one of the two may be missing.

    An order that has RXO or the like in the place of OBR is one for a medication: then its `segments` count.
    """

    orc: Segment | None = None
    obr: Segment | None = None
    notes: list[Segment] = field(default_factory=list)
    details: list[Segment] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)
    specimens: list[SpecimenGroup] = field(default_factory=list)
    prior: list[PriorGroup] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    is_medication: bool = False


@dataclass(slots=True)
class PriorGroup:
    """Previous results: who and which visit they are of, where they say so, and their orders."""

    segments: list[Segment] = field(default_factory=list)
    orders: list[OrderGroup] = field(default_factory=list)


@dataclass(slots=True)
class PatientGroup:
    """PID with all that says more of the patient, the orders until the next PID, specimens that come before them."""

    segments: list[Segment] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)
    orders: list[OrderGroup] = field(default_factory=list)
    specimens: list[SpecimenGroup] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """The groups of a message, the comments on the whole of it, and the segments that no group takes."""

    patients: list[PatientGroup] = field(default_factory=list)
    notes: list[Segment] = field(default_factory=list)
    rest: list[Segment] = field(default_factory=list)


def _first_of(message: Message, *names: str) -> str:
    """Return which of the segments stands first in the message, "" where it has none of them."""
    return next((segment.name for segment in message.segments if segment.name in names), "")


class _Reader:
    """Where the next segment belongs."""

    def __init__(self, message: Message) -> None:
        self.reading = Reading()
        self.order: OrderGroup | None = None
        self.main: OrderGroup | None = None
        self.prior: PriorGroup | None = None
        self.specimen: SpecimenGroup | None = None
        self.specimens: list[SpecimenGroup] = []
        self.notes = self.reading.notes
        self.details = self.reading.rest
        code = message.code
        self.specimens_first = code in _SPECIMENS_FIRST and _first_of(message, "ORC", "OBR", "SPM", "SAC") in _SPECIMEN
        self.obr_first = code == "OUL" and _first_of(message, "ORC", "OBR") == "OBR"
        self.prior_results = message.code in _WITH_PRIOR_RESULTS

    @property
    def patient(self) -> PatientGroup:
        if not self.reading.patients:
            self.reading.patients.append(PatientGroup())
        return self.reading.patients[-1]

    def read(self, segment: Segment) -> None:
        if reader := _READERS.get(segment.name):
            reader(self, segment)
        elif segment.name in patient.OPENERS:
            self._of_patient(segment)
        elif segment.name in _MEDICATION and (self.order is None or self.order.obr is None):
            (self.order or self._open(OrderGroup())).is_medication = True
        elif segment.name not in ("RXR", "RXC"):
            self.reading.rest.append(segment)
        if self.order is not None:
            self.order.segments.append(segment)

    def _pid(self, segment: Segment) -> None:
        if self.order is not None and self.prior_results:
            self._open_prior(segment)
            return
        group = self.patient
        if group.segments and (group.segments[0].name == "PID" or group.orders):
            group = PatientGroup()
            self.reading.patients.append(group)
        group.segments.insert(0, segment)
        self.order = self.main = self.specimen = self.prior = None
        self.specimens = []
        self.notes = self.details = group.segments

    def _pv1(self, segment: Segment) -> None:
        if self.order is not None and self.prior_results and (self.prior is None or self.prior.orders):
            self._open_prior(segment)
        else:
            self._of_patient(segment)

    def _of_patient(self, segment: Segment) -> None:
        waiting = self.prior is not None and not self.prior.orders
        segments = self.prior.segments if self.prior is not None and waiting else self.patient.segments
        segments.append(segment)
        if self.order is None or waiting:
            self.notes = self.details = segments

    def _open_prior(self, segment: Segment | None) -> None:
        self.prior = PriorGroup([segment] if segment is not None else [])
        self.specimen = None
        assert self.main is not None  # noqa: S101 - previous results stand below an order
        self.main.prior.append(self.prior)
        self.notes = self.details = self.prior.segments

    def _orc(self, segment: Segment) -> None:
        if self.obr_first and self.order is not None and self.order.orc is None:
            self.order.orc = segment
            return
        control = segment.text(1)
        if self.prior is not None and self.prior.orders and control not in _PRIOR:
            self.prior = None
        elif control == "PR" and self.prior is None and self.main is not None and self.prior_results:
            self._open_prior(None)
        self._open(OrderGroup(orc=segment))

    def _obr(self, segment: Segment) -> None:
        order = self.order
        waiting = self.prior is not None and not self.prior.orders
        if order is None or order.obr is not None or waiting:
            order = self._open(OrderGroup())
        order.obr = segment
        self.notes, self.details = order.notes, order.details

    def _open(self, order: OrderGroup) -> OrderGroup:
        self.order, self.specimen = order, None
        if self.prior is not None:
            self.prior.orders.append(order)
        else:
            self.main = order
            self.patient.orders.append(order)
            order.specimens.extend(self.specimens)
        self.notes, self.details = order.notes, order.details
        return order

    def _of_order(self, segment: Segment) -> None:
        if self.order is not None:
            self.order.details.append(segment)
        elif segment.name in patient.OPENERS:
            self._of_patient(segment)
        else:
            self.reading.rest.append(segment)

    def _obx(self, segment: Segment) -> None:
        noted = Noted(segment)
        (self.specimen or self.order or self.patient).observations.append(noted)
        self.notes, self.details = noted.notes, noted.details

    def _nte(self, segment: Segment) -> None:
        self.notes.append(segment)

    def _detail(self, segment: Segment) -> None:
        self.details.append(segment)

    def _spm(self, segment: Segment) -> None:
        self._open_specimen(SpecimenGroup(segment))

    def _open_specimen(self, group: SpecimenGroup) -> SpecimenGroup:
        if self.specimens_first:
            if self.order is not None:
                self.specimens, self.order, self.main, self.prior = [], None, None, None
            self.specimens.append(group)
            self.patient.specimens.append(group)
        else:
            (self.order or self._open(OrderGroup())).specimens.append(group)
        self.specimen = group
        self.notes, self.details = group.notes, group.details
        return group

    def _sac(self, segment: Segment) -> None:
        group = self.specimen
        if group is None and self.specimens and self.specimens[-1].spm is not None:
            group = self.specimen = self.specimens[-1]
        if group is None:
            group = self._open_specimen(SpecimenGroup())
        noted = Noted(segment)
        group.containers.append(noted)
        self.notes, self.details = noted.notes, noted.details


_READERS: dict[str, Callable[[_Reader, Segment], None]] = {
    "PID": _Reader._pid,
    "PV1": _Reader._pv1,
    "ORC": _Reader._orc,
    "OBR": _Reader._obr,
    "OBX": _Reader._obx,
    "NTE": _Reader._nte,
    "SPM": _Reader._spm,
    "SAC": _Reader._sac,
    **dict.fromkeys(("PRT", "TCD", "SID", "INV"), _Reader._detail),
    **dict.fromkeys(_OF_THE_ORDER, _Reader._of_order),
}


def read_groups(message: Message) -> Reading:
    """Return the groups of a message."""
    reader = _Reader(message)
    for segment in message.segments[1:]:
        reader.read(segment)
    return reader.reading
