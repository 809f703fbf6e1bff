"""
QID -> Parameters.parameter: a query that is taken back (policy: the guide has no map for it).

    Parameters.parameter  = QID-1*  ST    name: tag
    Parameters.parameter  = QID-2*  AS-SENT   name: query
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_NAMES: Names = {
    1: ("tag", "ST"),
    2: ("query", "CWE"),
}


def parameter_from_qid(context: Context, qid: Segment) -> Resource:
    """Return the parameter."""
    return parameter_from(context, qid, TABLE, _NAMES)
