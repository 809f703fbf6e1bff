"""
The fields of a segment against its definition: required, repeating, beyond the definition, and every value in them.

    severity   an HL7 table of an ID is binding (error); a user-defined table, and that of a coded element, suggests
               (warning); what lies beyond the definition is to be ignored by receivers (warning)
"""

from __future__ import annotations

from shared.errors import RejectedError
from shared.formats.hl7v2.cells import Cell
from shared.formats.hl7v2.conformance.findings import Findings
from shared.formats.hl7v2.conformance.values import PRIMITIVES, is_well_formed
from shared.formats.hl7v2.message import MAX_REPETITIONS, NULL, Repetition, Segment
from shared.formats.hl7v2.structures import OPEN_ENDED, Definitions

_VARIES = "varies"
_BINDING = frozenset({"ID", "CNE"})
_CODED = frozenset({"CE", "CF", "CNE", "CWE"})
# MSH-1 and MSH-2 hold the separators themselves.
_SEPARATORS = (("MSH", 1), ("MSH", 2), ("BHS", 1), ("BHS", 2), ("FHS", 1), ("FHS", 2))
_PARAMETER = Cell(_VARIES, most=0)
# Chapter 7: all data types of the version are values of OBX-2, but these; the table came to list them only later.
_VALUE_TYPES, _NO_VALUE_TYPES = "0125", frozenset({"CM", "CQ", "ID", "SI"})


class FieldChecker:
    """Checks the segments of one message against the definitions of one version."""

    def __init__(self, definitions: Definitions, findings: Findings) -> None:
        self._definitions = definitions
        self._findings = findings

    def check(self, segment: Segment) -> None:
        """Report every fault of a segment; one that the version does not define is left to the structure's check."""
        cells = self._definitions.segment(segment.name)
        if cells is None:
            return
        last = max(len(cells), len(segment.fields) - 1)
        for number in range(1, last + 1):
            if (segment.name, number) not in _SEPARATORS:
                self._field(segment, number, _cell(segment.name, number, cells))

    def _field(self, segment: Segment, number: int, cell: Cell | None) -> None:
        raw = segment.raw(number)
        location = segment.location(number)
        if not raw.strip():
            if cell is not None and cell.is_required:
                self._findings.observe("missing-field", location, "The field is required.")
            return
        if cell is None:
            self._findings.observe("field-unexpected", location, "The segment has no field of this number.")
            return
        if not cell.datatype:
            text = f"Version {self._definitions.version} does not use this field."
            self._findings.observe("field-not-in-use", location, text)
            return
        if raw == NULL:
            return
        separator = segment.delimiters.repetition
        parts = raw.split(separator, MAX_REPETITIONS) if separator else [raw]
        if len(parts) > MAX_REPETITIONS:
            raise RejectedError("too-many-repetitions", location, f"More than {MAX_REPETITIONS} repetitions.")
        if cell.most and len(parts) > cell.most:
            times = "may not repeat" if cell.most == 1 else f"repeats at most {cell.most} times"
            self._findings.observe("field-repeats-too-often", location, f"The field {times}.")
        if cell.datatype == _VARIES:
            cell = self._varying(segment, number, cell)
        for repetition, part in enumerate(parts, start=1):
            if part and part != NULL:
                place = segment.location(number, repetition)
                self._repetition(Repetition(part, segment.delimiters), cell, place)

    def _varying(self, segment: Segment, number: int, cell: Cell) -> Cell:
        """Return OBX-5 with the type that OBX-2 names; any other `varies` takes what there is."""
        if (segment.name, number) != ("OBX", 5):
            return cell
        datatype = segment.text(2)
        if not datatype:
            self._findings.observe(
                "missing-field", segment.location(2), "OBX-5 has a value, so OBX-2 must name its type."
            )
        elif datatype not in PRIMITIVES and self._definitions.datatype(datatype) is None:
            text = f"Version {self._definitions.version} has no data type of this name."
            self._findings.observe("data-type-unknown", segment.location(2), text)
        return cell._replace(datatype=datatype)

    def _repetition(self, repetition: Repetition, cell: Cell, location: str) -> None:
        components = self._definitions.datatype(cell.datatype)
        if components is None:
            if cell.datatype in PRIMITIVES:
                if any(part.strip() for part in repetition.parts[1:]):
                    self._findings.observe("component-unexpected", location, f"A {cell.datatype} has no components.")
                self._value(repetition.component(1), cell, location)
            return
        if cell.datatype in _CODED:
            self._coded(repetition, cell, location)
        for number, component in enumerate(components, start=1):
            self._component(repetition, number, component, f"{location}.{number}")
        if any(part.strip() for part in repetition.parts[len(components) :]):
            text = f"A {cell.datatype} has {len(components)} components."
            self._findings.observe("component-unexpected", location, text)

    def _component(self, repetition: Repetition, number: int, cell: Cell, location: str) -> None:
        raw = repetition.parts[number - 1] if number <= len(repetition.parts) else ""
        if not raw.strip():
            if cell.is_required:
                self._findings.observe("missing-component", location, "The component is required.")
            return
        if raw == NULL or not cell.datatype:
            return
        parts = self._definitions.datatype(cell.datatype)
        separator = repetition.delimiters.subcomponent
        pieces = raw.split(separator) if separator and separator in raw else [raw]
        if parts is None:
            if cell.datatype in PRIMITIVES:
                if any(piece.strip() for piece in pieces[1:]):
                    self._findings.observe(
                        "component-unexpected", location, f"A {cell.datatype} has no sub-components."
                    )
                self._value(repetition.subcomponent(number, 1), cell, location)
            return
        for part, piece in enumerate(parts[: len(pieces)], start=1):
            # A composite this deep has room for its first component alone.
            inner = self._definitions.datatype(piece.datatype)
            self._value(repetition.subcomponent(number, part), inner[0] if inner else piece, f"{location}.{part}")
        if any(piece.strip() for piece in pieces[len(parts) :]):
            text = f"A {cell.datatype} has {len(parts)} sub-components."
            self._findings.observe("component-unexpected", location, text)

    def _value(self, text: str, cell: Cell, location: str) -> None:
        if not text or not is_well_formed(cell.datatype, text, location, self._findings):
            return
        if cell.table and cell.datatype in ("ID", "IS"):
            self._code(text, cell, location)

    def _coded(self, repetition: Repetition, cell: Cell, location: str) -> None:
        """Check the code of a coded element against the field's table, unless it says that it is of another system."""
        code, system = repetition.component(1), repetition.component(3)
        if cell.table and code and system in ("", f"HL7{cell.table}"):
            self._code(code, cell, f"{location}.1")

    def _code(self, code: str, cell: Cell, location: str) -> None:
        codes = self._definitions.codes(cell.table)
        if codes is None or code in codes or (cell.table == _VALUE_TYPES and self._is_value_type(code)):
            return
        finding = "code-not-in-table" if cell.datatype in _BINDING else "code-not-suggested"
        self._findings.observe(finding, location, f"Table {cell.table} has no such code.")

    def _is_value_type(self, name: str) -> bool:
        return name not in _NO_VALUE_TYPES and self._definitions.has_datatype(name)


def _cell(name: str, number: int, cells: tuple[Cell, ...]) -> Cell | None:
    """Return the definition of a field, None when the segment has no such field."""
    if name in OPEN_ENDED and number >= len(cells):
        return _PARAMETER
    return cells[number - 1] if number <= len(cells) else None
