"""
The components of a data type for which FHIR has no element -> extensions `urn:corridor:extension:<type>-<component>`.

    CX 2, 3, 6, 9..12    XCN 8, 11, 12, 14, 15, 16, 22..25    XON 2, 4, 5, 8, 9
    XPN 8, 9, 15         XAD 8, 10, 11, 15..18, 20..23        XTN 10, 11, 15..17     CWE 15, 16, 18, 19, 21, 22
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Resource, append


def keep(element: Resource, repetition: Repetition, datatype: str, numbers: Iterable[int]) -> None:
    """Keep the valued ones of these components, as sent, in extensions of the element; `datatype` in lower case."""
    count = len(repetition.parts)
    for number in numbers:
        if number <= count and (text := repetition.component(number)) and text.strip("& "):
            append(element, "extension", {"url": f"{EXTENSIONS}{datatype}-{number}", "valueString": text})
