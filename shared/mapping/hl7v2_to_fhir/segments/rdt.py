"""
RDT -> Parameters.parameter: a row of an answer (policy: the guide has no map for it).

    Parameters.parameter  = RDT-1..200*  ST    the name is that of the column, RDF-2.1
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import parameter_from

TABLE = table_of(__doc__)


def parameter_from_rdt(context: Context, rdt: Segment, rdf: Segment | None) -> Resource:
    """Return the row; `rdf` names its columns."""
    columns = [one.component(1) for one in rdf.repetitions(2)] if rdf is not None else []
    names = {number: (name, "ST") for number, name in enumerate(columns, start=1) if name}
    return parameter_from(context, rdt, TABLE, names)
