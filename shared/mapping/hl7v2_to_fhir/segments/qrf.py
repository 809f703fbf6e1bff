"""
QRF -> Parameters.parameter: what narrows a query of the original mode (policy: the guide has no map for it).

    Parameters.parameter  = QRF-1*   ST    name: where
    Parameters.parameter  = QRF-2*   AS-SENT  name: start
    Parameters.parameter  = QRF-3*   AS-SENT  name: end
    Parameters.parameter  = QRF-4*   ST    name: user-qualifier
    Parameters.parameter  = QRF-5*   ST    name: other-filter
    Parameters.parameter  = QRF-6*   ST    name: time-qualifier
    Parameters.parameter  = QRF-7*   ST    name: status-qualifier
    Parameters.parameter  = QRF-8*   ST    name: selection-qualifier
    Parameters.parameter  = QRF-9*   ST    name: timing
    Parameters.parameter  = QRF-10*  ST    name: confidence-threshold
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_NAMES: Names = {
    1: ("where", "ST"),
    2: ("start", "DTM"),
    3: ("end", "DTM"),
    4: ("user-qualifier", "ST"),
    5: ("other-filter", "ST"),
    6: ("time-qualifier", "ST"),
    7: ("status-qualifier", "ST"),
    8: ("selection-qualifier", "ST"),
    9: ("timing", "ST"),
    10: ("confidence-threshold", "NM"),
}


def parameter_from_qrf(context: Context, qrf: Segment) -> Resource:
    """Return the parameter."""
    return parameter_from(context, qrf, TABLE, _NAMES)
