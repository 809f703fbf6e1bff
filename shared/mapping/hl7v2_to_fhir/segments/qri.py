"""
QRI -> Parameters.parameter: how well a patient matches the query (policy: the guide has no map for it).

    Parameters.parameter  = QRI-1*  ST    name: score
    Parameters.parameter  = QRI-2*  AS-SENT   name: match-reason
    Parameters.parameter  = QRI-3*  AS-SENT   name: algorithm
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_NAMES: Names = {
    1: ("score", "NM"),
    2: ("match-reason", "CWE"),
    3: ("algorithm", "CWE"),
}


def parameter_from_qri(context: Context, qri: Segment) -> Resource:
    """Return the parameter."""
    return parameter_from(context, qri, TABLE, _NAMES)
