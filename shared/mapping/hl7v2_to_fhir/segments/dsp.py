"""
DSP -> Parameters.parameter: a line of an answer that is meant for a screen (policy: the guide has no map for it).

    Parameters.parameter  = DSP-1*  ST    name: line
    Parameters.parameter  = DSP-2*  ST    name: level
    Parameters.parameter  = DSP-3*  ST    name: text
    Parameters.parameter  = DSP-4*  ST    name: break-point
    Parameters.parameter  = DSP-5*  ST    name: result
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.parameters import Names, parameter_from

TABLE = table_of(__doc__)

_NAMES: Names = {
    1: ("line", "ST"),
    2: ("level", "ST"),
    3: ("text", "ST"),
    4: ("break-point", "ST"),
    5: ("result", "ST"),
}


def parameter_from_dsp(context: Context, dsp: Segment) -> Resource:
    """Return the parameter."""
    return parameter_from(context, dsp, TABLE, _NAMES)
