"""
QAK -> Parameters.parameter: what came of the query (policy: the guide has no map for it).

    Parameters.parameter  = QAK-1*  ST    name: tag
    Parameters.parameter  = QAK-2*  ST    name: response-status, table 0208
    Parameters.parameter  = QAK-3*  AS-SENT   name: query
    Parameters.parameter  = QAK-4*  ST    name: hit-count
    Parameters.parameter  = QAK-5*  ST    name: this-payload
    Parameters.parameter  = QAK-6*  ST    name: hits-remaining
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_NAMES: Names = {
    1: ("tag", "ST"),
    2: ("response-status", "ST"),
    3: ("query", "CWE"),
    4: ("hit-count", "NM"),
    5: ("this-payload", "NM"),
    6: ("hits-remaining", "NM"),
}


def parameter_from_qak(context: Context, qak: Segment) -> Resource:
    """Return the parameter."""
    return parameter_from(context, qak, TABLE, _NAMES)
