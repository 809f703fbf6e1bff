"""
RCP -> Parameters.parameter: how the query is to be answered (policy: the guide has no map for it).

    Parameters.parameter  = RCP-1*  ST    name: priority
    Parameters.parameter  = RCP-2*  AS-SENT  name: quantity-limit
    Parameters.parameter  = RCP-3*  AS-SENT   name: response-modality
    Parameters.parameter  = RCP-4*  AS-SENT  name: delivery-time
    Parameters.parameter  = RCP-5*  ST    name: modify-indicator
    Parameters.parameter  = RCP-6*  ST    name: sort-by
    Parameters.parameter  = RCP-7*  ST    name: segment-group
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_NAMES: Names = {
    1: ("priority", "ST"),
    2: ("quantity-limit", "CQ"),
    3: ("response-modality", "CWE"),
    4: ("delivery-time", "DTM"),
    5: ("modify-indicator", "ST"),
    6: ("sort-by", "ST"),
    7: ("segment-group", "ST"),
}


def parameter_from_rcp(context: Context, rcp: Segment) -> Resource:
    """Return the parameter."""
    return parameter_from(context, rcp, TABLE, _NAMES)
