"""
QPD -> Parameters.parameter: the query and what it asks for (policy: the guide has no map for it).

    Parameters.parameter  = QPD-1*     AS-SENT   name: query
    Parameters.parameter  = QPD-2*     ST    name: tag
    Parameters.parameter  = QPD-3..40*  AS-SENT  the query's own: names and types below; `@PID.5.1^value` by its name

The names: immunization history (CDC Z34, Z44), patient demographics (K21), candidates (K22, IHE PDQ), corresponding
identifiers (K23, IHE PIX).
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_QUERY = {1: ("query", "CWE"), 2: ("tag", "ST")}
_IMMUNIZATION = {
    3: ("patient-identifier", "CX"),
    4: ("patient-name", "XPN"),
    5: ("mother-maiden-name", "XPN"),
    6: ("birth-date", "DTM"),
    7: ("sex", "ST"),
    8: ("address", "XAD"),
    9: ("telephone", "XTN"),
    10: ("multiple-birth-indicator", "ST"),
    11: ("birth-order", "NM"),
    12: ("last-update", "DTM"),
    13: ("last-update-facility", "ST"),
}
_IDENTIFIERS = {3: ("person-identifier", "CX"), 4: ("domain", "ST")}
_CANDIDATES = {
    3: ("demographics", "QIP"),
    4: ("confidence-threshold", "NM"),
    5: ("algorithm", "ST"),
    6: ("algorithm-version", "ST"),
    7: ("algorithm-description", "ST"),
    8: ("domain", "ST"),
}
_QUERIES: dict[str, Names] = {
    **dict.fromkeys(("Z34", "Z44"), _IMMUNIZATION),
    **dict.fromkeys(("Q21", "K21", "Q23", "K23", "Q24", "K24", "IHE PIX QUERY"), _IDENTIFIERS),
    **dict.fromkeys(("Q22", "K22", "ZV1", "IHE PDQ QUERY"), _CANDIDATES),
}


def parameter_from_qpd(context: Context, qpd: Segment) -> Resource:
    """Return the parameter; the query's name, else the event, decides what its fields are called."""
    names = _QUERIES.get(qpd.text(1).upper()) or _QUERIES.get(context.message.event) or {}
    return parameter_from(context, qpd, TABLE, {**_QUERY, **names})
