"""Whether a value is one of its primitive data type (chapter 2A); text types take anything."""

from __future__ import annotations

import re

from shared.formats.hl7v2.conformance.findings import Findings
from shared.formats.hl7v2.times import is_time_of_day, read_moment

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_SEQUENCE = re.compile(r"\d{1,4}", re.ASCII)


def is_well_formed(datatype: str, text: str, location: str, findings: Findings) -> bool:
    """Tell whether a value has the form of its primitive type; report it when it has not."""
    match datatype:
        case "NM" if not _NUMBER.fullmatch(text):
            findings.observe("number-invalid", location, "Not an NM: digits with an optional sign and decimal point.")
        case "SI" if not _SEQUENCE.fullmatch(text):
            findings.observe("sequence-id-invalid", location, "Not an SI: a whole number of up to four digits.")
        case "DT" if (moment := read_moment(text)) is None or moment.hour or moment.zone:
            findings.observe("date-invalid", location, "Not a DT: YYYY[MM[DD]], and a day that exists.")
        case "TM" if not is_time_of_day(text):
            findings.observe("time-invalid", location, "Not a TM: HH[MM[SS[.S]]][+/-ZZZZ], and a time that exists.")
        case "DTM" | "TS" if read_moment(text) is None:
            findings.observe(
                "time-invalid", location, "Not a DTM: YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ], and a time that exists."
            )
        case _:
            return True
    return False


PRIMITIVES = frozenset({"DT", "DTM", "FT", "GTS", "ID", "IS", "NM", "SI", "SNM", "ST", "TM", "TN", "TX"})
