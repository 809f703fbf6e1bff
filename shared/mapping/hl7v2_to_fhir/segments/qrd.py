"""
QRD -> Parameters.parameter: a query of the original mode (policy: the guide has no map for it).

    Parameters.parameter  = QRD-1*   AS-SENT  name: query-time
    Parameters.parameter  = QRD-2*   ST    name: format
    Parameters.parameter  = QRD-3*   ST    name: priority
    Parameters.parameter  = QRD-4*   ST    name: tag
    Parameters.parameter  = QRD-5*   ST    name: deferred-response
    Parameters.parameter  = QRD-6*   AS-SENT  name: deferred-until
    Parameters.parameter  = QRD-7*   AS-SENT  name: quantity-limit
    Parameters.parameter  = QRD-8*   ST    name: who; an XCN, as sent: whom the query is about is no practitioner
    Parameters.parameter  = QRD-9*   AS-SENT   name: what
    Parameters.parameter  = QRD-10*  AS-SENT   name: department
    Parameters.parameter  = QRD-11*  ST    name: value-qualifier
    Parameters.parameter  = QRD-12*  ST    name: results-level
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_NAMES: Names = {
    1: ("query-time", "DTM"),
    2: ("format", "ST"),
    3: ("priority", "ST"),
    4: ("tag", "ST"),
    5: ("deferred-response", "ST"),
    6: ("deferred-until", "DTM"),
    7: ("quantity-limit", "CQ"),
    8: ("who", "ST"),
    9: ("what", "CWE"),
    10: ("department", "CWE"),
    11: ("value-qualifier", "ST"),
    12: ("results-level", "ST"),
}


def parameter_from_qrd(context: Context, qrd: Segment) -> Resource:
    """Return the parameter."""
    return parameter_from(context, qrd, TABLE, _NAMES)
