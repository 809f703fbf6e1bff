"""
RDF -> Parameters.parameter: the columns of an answer in rows (policy: the guide has no map for it).

    Parameters.parameter  = RDF-1*  ST    name: column-count
    Parameters.parameter  = RDF-2*  ST    name: column; its name, type and length
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_NAMES: Names = {
    1: ("column-count", "ST"),
    2: ("column", "ST"),
}


def parameter_from_rdf(context: Context, rdf: Segment) -> Resource:
    """Return the parameter."""
    return parameter_from(context, rdf, TABLE, _NAMES)
