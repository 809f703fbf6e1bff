"""
What a message asks or answers (MSA, QPD and their like) -> Task and Parameters; the other segments are its caller's.

    QPD, RCP, QID        Parameters, the query              QRD, QRF    the query of the original mode
    QAK                  what came of it                    RDF, RDT, DSP    an answer in rows or lines
    MSA, ERR             Task: the answer to a message

Policy: a query and the answer to it, which repeats it, are two Parameters with the query's tag as their key.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.segments.dsp import parameter_from_dsp
from shared.mapping.hl7v2_to_fhir.segments.msa import acknowledgment_from_msa
from shared.mapping.hl7v2_to_fhir.segments.qak import parameter_from_qak
from shared.mapping.hl7v2_to_fhir.segments.qid import parameter_from_qid
from shared.mapping.hl7v2_to_fhir.segments.qpd import parameter_from_qpd
from shared.mapping.hl7v2_to_fhir.segments.qrd import parameter_from_qrd
from shared.mapping.hl7v2_to_fhir.segments.qrf import parameter_from_qrf
from shared.mapping.hl7v2_to_fhir.segments.rcp import parameter_from_rcp
from shared.mapping.hl7v2_to_fhir.segments.rdf import parameter_from_rdf
from shared.mapping.hl7v2_to_fhir.segments.rdt import parameter_from_rdt

_MAKE = {
    "QPD": parameter_from_qpd,
    "RCP": parameter_from_rcp,
    "QID": parameter_from_qid,
    "QAK": parameter_from_qak,
    "QRD": parameter_from_qrd,
    "QRF": parameter_from_qrf,
    "RDF": parameter_from_rdf,
    "DSP": parameter_from_dsp,
}
# Where the tag of a query stands.
_TAGS = {"QPD": 2, "QID": 1, "QAK": 1, "QRD": 4}


def add_answer(context: Context) -> Resource | None:
    """Return the Task of the message's MSA with its ERR, None where it has none."""
    msa = context.message.first("MSA")
    return acknowledgment_from_msa(context, msa, list(context.message.all("ERR"))) if msa is not None else None


def add_query(context: Context) -> Resource | None:
    """Return the Parameters of the message's query, None where it has none."""
    message = context.message
    segments = [one for one in message.segments if one.name in _MAKE or one.name == "RDT"]
    if not segments:
        return None
    tags = (one.text(_TAGS[one.name]) for one in segments if one.name in _TAGS)
    role = "query" if message.first("MSA") is None else "response"
    tag = next(filter(None, tags), context.message.control_id)
    parameters = context.add("Parameters", role, context.scope, tag)
    columns: Segment | None = None
    parameters["parameter"] = []
    for segment in segments:
        if segment.name == "RDT":
            parameters["parameter"].append(parameter_from_rdt(context, segment, columns))
            continue
        columns = segment if segment.name == "RDF" else columns
        parameters["parameter"].append(_MAKE[segment.name](context, segment))
    return parameters


def add_candidate(parameters: Resource, candidate: Resource, patient: Resource) -> None:
    """Add how well a patient matches: `candidate` is the parameter of a QRI, `patient` a reference."""
    append(candidate, "part", {"name": "patient", "valueReference": patient})
    candidate.pop("valueBoolean", None)
    parameters["parameter"].append(candidate)
