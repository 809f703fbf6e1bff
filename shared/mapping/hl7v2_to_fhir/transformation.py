"""
Who converted a message -> a second Provenance (HL7 v2-to-FHIR guide, map MSH[Provenance-Transformation]).

    Provenance.target                  what the message's own Provenance points to
    Provenance.recorded                the instant of receipt: conversion follows it, and the same bytes come out again
    Provenance.activity                v2-fhir-transformation, of the guide's code system
    Provenance.policy                  the map and its version, as a URN of ours
    Provenance.agent[assembler].who    Organization: the operator
    Provenance.entity.what             MSH-10, as in the message's own Provenance

Policy: only where the operator is declared, by the sender's partner file or by the caller. The message does not name
who converts it, and Corridor invents nobody.
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.bundles import entry_of
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.segments.msh import participant
from shared.partners.profile import Operator

_ACTIVITIES = "http://hl7.org/fhir/uv/v2mappings/CodeSystem/provenance-activity-type-v2-to-fhir"
_ACTIVITY = "v2-fhir-transformation"


def add_transformation(context: Context, bundle: Resource, operator: Operator, mapping: str) -> None:
    """Add to a transaction who converted the message by which map, and the operator's Organization."""
    source = bundle["entry"][-1]["resource"]
    organization = context.shared("Organization", "operator", operator.system, operator.identifier or operator.name)
    organization["name"] = operator.name
    if operator.identifier:
        identifier = {"system": operator.system} if operator.system else {}
        organization["identifier"] = [{**identifier, "value": operator.identifier}]
    provenance = context.add("Provenance", "transformation", str(source["id"]), mapping)
    provenance["target"] = source["target"]
    provenance["recorded"] = source["recorded"]
    provenance["policy"] = [f"urn:corridor:mapping:{mapping}"]
    provenance["activity"] = {"coding": [{"system": _ACTIVITIES, "code": _ACTIVITY}]}
    provenance["agent"] = [{"type": participant("assembler"), "who": reference(organization)}]
    provenance["entity"] = source["entity"]
    bundle["entry"] += [entry_of(organization), entry_of(provenance)]
