"""
The invariants of R4 that Corridor's own output could violate, as functions of a node and its resource.

`INVARIANTS` maps a shape's name to what its nodes must satisfy; derived shapes inherit. An invariant runs only on a
node whose structure was found sound, so a check may trust the types. Left out: ele-1
and ref-1, which the walker checks itself, and what the full validation alone evaluates, in FHIRPath.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.validation.elements import exists, has_choice
from shared.validation.instants import not_after
from shared.validation.narrative import is_safe_narrative
from shared.validation.predicates import (
    ALLERGY_VERIFICATION,
    CONDITION_VERIFICATION,
    Check,
    Implies,
    NeedsOne,
    age_1,
    app_3,
    contained_is_referenced,
    drt_1,
    inactive_when_abated,
    inv_1,
    no_home,
    none_contained,
    none_contained_meta,
    not_both,
    not_negative,
    obs_7,
    one_or_other,
    range_is_ordered,
    rat_1,
    size_is_true,
)

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Invariant:
    """
    A rule of the specification: its key, a sentence for people, and the function that decides it.

    A node without the element `only_with` satisfies it, and so does one that the JSON Schema `stricter` accepts.
    """

    key: str
    text: str
    holds: Check
    only_with: str = ""
    stricter: Schema | None = None


_NOT_IN_ERROR: Schema = {
    "properties": {
        "verificationStatus": {
            "properties": {"coding": {"items": {"properties": {"code": {"not": {"enum": ["entered-in-error"]}}}}}}
        }
    }
}
_TIMED: Schema = {"required": ["start", "end"]}


def _without(*names: str) -> Schema:
    """Return the schema of what has none of these primitive or complex elements."""
    return {"not": {"anyOf": [{"required": [key]} for name in names for key in (name, f"_{name}")]}}


INVARIANTS: dict[str, tuple[Invariant, ...]] = {
    "DomainResource": (
        Invariant(
            "dom-2",
            "A contained resource must not contain resources.",
            none_contained("contained"),
            only_with="contained",
        ),
        Invariant(
            "dom-3", "A contained resource must be referred to.", contained_is_referenced, only_with="contained"
        ),
        Invariant(
            "dom-4",
            "A contained resource must have no version.",
            none_contained_meta("versionId", "lastUpdated"),
            only_with="contained",
        ),
        Invariant(
            "dom-5",
            "A contained resource must have no security label.",
            none_contained_meta("security"),
            only_with="contained",
        ),
    ),
    "Extension": (
        Invariant(
            "ext-1",
            "An extension has either extensions or a value.",
            lambda node, _: ("extension" in node) != has_choice(node, "value"),
        ),
    ),
    "Narrative": (
        Invariant(
            "txt-1",
            "The narrative must be plain, safe XHTML in one div.",
            lambda node, _: is_safe_narrative(node.get("div", "")),
        ),
    ),
    "Period": (
        Invariant(
            "per-1",
            "A period must not end before it starts.",
            lambda node, _: not_after(node.get("start"), node.get("end")),
            only_with="end",
        ),
    ),
    "Range": (
        Invariant(
            "rng-2", "The low value of a range must not exceed the high one.", range_is_ordered, only_with="low"
        ),
    ),
    "Ratio": (Invariant("rat-1", "A ratio needs numerator and denominator, or neither.", rat_1),),
    "Quantity": (Invariant("qty-3", "A coded unit needs its system.", Implies("code", "system")),),
    "Age": (Invariant("age-1", "An age is positive and in UCUM.", age_1),),
    "Duration": (Invariant("drt-1", "A coded duration is in UCUM and has a value.", drt_1),),
    "Attachment": (
        Invariant("att-1", "Attached data needs a content type.", Implies("data", "contentType")),
        Invariant(
            "attachment-size", "The stated size is the number of bytes of the data.", size_is_true, only_with="size"
        ),
    ),
    "ContactPoint": (Invariant("cpt-2", "A contact value needs its system.", Implies("value", "system")),),
    "Timing.repeat": (
        Invariant("tim-1", "A duration needs its unit.", Implies("duration", "durationUnit")),
        Invariant("tim-2", "A period needs its unit.", Implies("period", "periodUnit")),
        Invariant("tim-4", "A duration must not be negative.", not_negative("duration")),
        Invariant("tim-5", "A period must not be negative.", not_negative("period")),
        Invariant("tim-6", "periodMax needs a period.", Implies("periodMax", "period")),
        Invariant("tim-7", "durationMax needs a duration.", Implies("durationMax", "duration")),
        Invariant("tim-8", "countMax needs a count.", Implies("countMax", "count")),
        Invariant(
            "tim-10",
            "Either times of day or events, not both.",
            lambda node, _: not (exists(node, "timeOfDay") and exists(node, "when")),
        ),
    ),
    "Patient.contact": (
        Invariant(
            "pat-1",
            "A contact needs a name, telecom, address or organization.",
            NeedsOne("name", "telecom", "address", "organization"),
        ),
    ),
    "Organization": (
        Invariant("org-1", "An organization needs an identifier or a name.", NeedsOne("identifier", "name")),
        Invariant("org-2", "An organization has no home address.", no_home("address"), only_with="address"),
        Invariant("org-3", "An organization has no home telecom.", no_home("telecom"), only_with="telecom"),
    ),
    "ServiceRequest": (Invariant("prr-1", "Order details need a code.", Implies("orderDetail", "code")),),
    "Observation": (
        Invariant(
            "obs-6",
            "A reason for absent data excludes a value.",
            lambda node, _: not (exists(node, "dataAbsentReason") and has_choice(node, "value")),
            only_with="dataAbsentReason",
        ),
        Invariant(
            "obs-7",
            "A component must not repeat the observation's code beside its value.",
            obs_7,
            only_with="component",
        ),
    ),
    "Observation.referenceRange": (
        Invariant("obs-3", "A reference range needs low, high or text.", NeedsOne("low", "high", "text")),
    ),
    "Task": (
        Invariant(
            "inv-1",
            "A task is not modified before it is authored.",
            lambda node, _: not_after(node.get("authoredOn"), node.get("lastModified")),
        ),
    ),
    "Condition": (
        Invariant(
            "con-4",
            "An abated condition is inactive, resolved or in remission.",
            inactive_when_abated,
            stricter=_without(
                "abatementDateTime", "abatementAge", "abatementPeriod", "abatementRange", "abatementString"
            ),
        ),
        Invariant(
            "con-5",
            "A condition entered in error has no clinical status.",
            not_both(CONDITION_VERIFICATION),
            stricter=_NOT_IN_ERROR,
        ),
    ),
    "Condition.stage": (
        Invariant("con-1", "A stage needs a summary or an assessment.", NeedsOne("summary", "assessment")),
    ),
    "Condition.evidence": (Invariant("con-2", "Evidence needs a code or a detail.", NeedsOne("code", "detail")),),
    "Immunization.education": (
        Invariant("imm-1", "Education needs a document type or a reference.", NeedsOne("documentType", "reference")),
    ),
    "AllergyIntolerance": (
        Invariant(
            "ait-1",
            "An allergy needs a clinical status unless entered in error.",
            one_or_other(ALLERGY_VERIFICATION),
            stricter={"required": ["clinicalStatus"]},
        ),
        Invariant(
            "ait-2",
            "An allergy entered in error has no clinical status.",
            not_both(ALLERGY_VERIFICATION),
            stricter=_NOT_IN_ERROR,
        ),
    ),
    "Appointment": (
        Invariant(
            "app-2",
            "An appointment has both start and end, or neither.",
            lambda node, _: exists(node, "start") == exists(node, "end"),
            stricter=_TIMED,
        ),
        Invariant(
            "app-3", "Only a proposed, cancelled or waiting appointment lacks its times.", app_3, stricter=_TIMED
        ),
        Invariant(
            "app-4",
            "A reason for cancelling needs a cancelled or missed appointment.",
            lambda node, _: "cancelationReason" not in node or node.get("status") in ("noshow", "cancelled"),
            only_with="cancelationReason",
        ),
    ),
    "Appointment.participant": (
        Invariant("app-1", "A participant needs a type or an actor.", NeedsOne("type", "actor")),
    ),
    "Parameters.parameter": (Invariant("inv-1", "A parameter has one of value, resource and parts.", inv_1),),
    "CapabilityStatement": (
        Invariant(
            "cpb-1",
            "A capability statement describes rest, messaging or documents.",
            NeedsOne("rest", "messaging", "document"),
        ),
        Invariant(
            "cpb-2",
            "A capability statement needs a description, software or implementation.",
            NeedsOne("description", "software", "implementation"),
        ),
        Invariant(
            "cpb-14",
            "An instance states its implementation.",
            lambda node, _: node.get("kind") != "instance" or exists(node, "implementation"),
        ),
    ),
}
