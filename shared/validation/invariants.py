"""
The invariants of R4 that Corridor's own output could violate, as functions of a node and its resource.

`INVARIANTS` maps a shape's name to what its nodes must satisfy; derived shapes inherit. An invariant runs only on a
node whose structure was found sound, so a check may trust the types. Checks generated from FHIRPath join the same
table. Left out: ele-1 and ref-1 (the walker's own), dom-6 (best practice), those of the conformance resources.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from shared.validation.elements import Node, codings, exists, has_choice, strings
from shared.validation.instants import not_after
from shared.validation.narrative import is_safe_narrative

Check = Callable[[Node, Node], bool]

CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONDITION_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
ALLERGY_VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule of the specification: its key, a sentence for people, and the function that decides it."""

    key: str
    text: str
    holds: Check
    severity: Literal["error", "warning"] = "error"


def _implies(first: str, second: str) -> Check:
    return lambda node, _: not exists(node, first) or exists(node, second)


def _any_of(*names: str) -> Check:
    return lambda node, _: exists(node, *names)


def _contained_is_referenced(node: Node, _: Node) -> bool:
    contained = node.get("contained")
    if not contained:
        return True
    outside = {key: value for key, value in node.items() if key != "contained"}
    used = {text for text in chain(strings(outside), strings(contained)) if text.startswith("#")}
    return all(f"#{one.get('id')}" in used or "#" in set(strings(one)) for one in contained)


def _none_contained(element: str) -> Check:
    return lambda node, _: all(element not in one for one in node.get("contained", ()))


def _none_contained_meta(*elements: str) -> Check:
    return lambda node, _: all(not exists(one.get("meta", {}), *elements) for one in node.get("contained", ()))


def _obs_7(node: Node, _: Node) -> bool:
    if not has_choice(node, "value"):
        return True
    own = codings(node["code"])
    return all(own.isdisjoint(codings(component["code"])) for component in node.get("component", ()))


def _no_home(element: str) -> Check:
    return lambda node, _: all(one.get("use") != "home" for one in node.get(element, ()))


def _rat_1(node: Node, _: Node) -> bool:
    parts = exists(node, "numerator"), exists(node, "denominator")
    return parts[0] == parts[1] and (parts[0] or "extension" in node)


def _range_is_ordered(node: Node, _: Node) -> bool:
    low, high = node.get("low", {}), node.get("high", {})
    if low.get("code") != high.get("code") or low.get("unit") != high.get("unit"):
        return True  # not comparable without a conversion of units
    return "value" not in low or "value" not in high or bool(low["value"] <= high["value"])


def _inactive_when_abated(node: Node, _: Node) -> bool:
    ended = {(CONDITION_CLINICAL, code) for code in ("resolved", "remission", "inactive")}
    return not has_choice(node, "abatement") or not ended.isdisjoint(codings(node.get("clinicalStatus")))


def _entered_in_error(system: str) -> Check:
    mark = (system, "entered-in-error")
    return lambda node, _: mark in codings(node.get("verificationStatus"))


def _not_both(system: str) -> Check:
    in_error = _entered_in_error(system)
    return lambda node, top: not in_error(node, top) or not exists(node, "clinicalStatus")


def _one_or_other(system: str) -> Check:
    in_error = _entered_in_error(system)
    return lambda node, top: in_error(node, top) or exists(node, "clinicalStatus")


def _app_3(node: Node, _: Node) -> bool:
    waiting = node.get("status") in ("proposed", "cancelled", "waitlist")
    return waiting or (exists(node, "start") and exists(node, "end"))


def _inv_1(node: Node, _: Node) -> bool:
    return [has_choice(node, "value"), exists(node, "resource"), exists(node, "part")].count(True) == 1


def _drt_1(node: Node, _: Node) -> bool:
    return not exists(node, "code") or (node.get("system") == UCUM and exists(node, "value"))


def _age_1(node: Node, _: Node) -> bool:
    value = node.get("value")
    coded = exists(node, "code") or not exists(node, "value")
    return coded and node.get("system", UCUM) == UCUM and (value is None or value > 0)


def _size_is_true(node: Node, _: Node) -> bool:
    if "data" not in node or "size" not in node:
        return True
    text = "".join(node["data"].split())
    return bool(node["size"] == len(text) // 4 * 3 - text[-2:].count("="))


def _not_negative(element: str) -> Check:
    return lambda node, _: node.get(element, 0) >= 0


INVARIANTS: dict[str, tuple[Invariant, ...]] = {
    "DomainResource": (
        Invariant("dom-2", "A contained resource must not contain resources.", _none_contained("contained")),
        Invariant("dom-3", "A contained resource must be referred to.", _contained_is_referenced),
        Invariant(
            "dom-4", "A contained resource must have no version.", _none_contained_meta("versionId", "lastUpdated")
        ),
        Invariant("dom-5", "A contained resource must have no security label.", _none_contained_meta("security")),
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
        ),
    ),
    "Range": (Invariant("rng-2", "The low value of a range must not exceed the high one.", _range_is_ordered),),
    "Ratio": (Invariant("rat-1", "A ratio needs numerator and denominator, or neither.", _rat_1),),
    "Quantity": (Invariant("qty-3", "A coded unit needs its system.", _implies("code", "system")),),
    "Age": (Invariant("age-1", "An age is positive and in UCUM.", _age_1),),
    "Duration": (Invariant("drt-1", "A coded duration is in UCUM and has a value.", _drt_1),),
    "Attachment": (
        Invariant("att-1", "Attached data needs a content type.", _implies("data", "contentType")),
        Invariant("attachment-size", "The stated size is the number of bytes of the data.", _size_is_true),
    ),
    "ContactPoint": (Invariant("cpt-2", "A contact value needs its system.", _implies("value", "system")),),
    "Timing.repeat": (
        Invariant("tim-1", "A duration needs its unit.", _implies("duration", "durationUnit")),
        Invariant("tim-2", "A period needs its unit.", _implies("period", "periodUnit")),
        Invariant("tim-4", "A duration must not be negative.", _not_negative("duration")),
        Invariant("tim-5", "A period must not be negative.", _not_negative("period")),
        Invariant("tim-6", "periodMax needs a period.", _implies("periodMax", "period")),
        Invariant("tim-7", "durationMax needs a duration.", _implies("durationMax", "duration")),
        Invariant("tim-8", "countMax needs a count.", _implies("countMax", "count")),
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
            _any_of("name", "telecom", "address", "organization"),
        ),
    ),
    "Organization": (
        Invariant("org-1", "An organization needs an identifier or a name.", _any_of("identifier", "name")),
        Invariant("org-2", "An organization has no home address.", _no_home("address")),
        Invariant("org-3", "An organization has no home telecom.", _no_home("telecom")),
    ),
    "ServiceRequest": (Invariant("prr-1", "Order details need a code.", _implies("orderDetail", "code")),),
    "Observation": (
        Invariant(
            "obs-6",
            "A reason for absent data excludes a value.",
            lambda node, _: not (exists(node, "dataAbsentReason") and has_choice(node, "value")),
        ),
        Invariant("obs-7", "A component must not repeat the observation's code beside its value.", _obs_7),
    ),
    "Observation.referenceRange": (
        Invariant("obs-3", "A reference range needs low, high or text.", _any_of("low", "high", "text")),
    ),
    "Task": (
        Invariant(
            "inv-1",
            "A task is not modified before it is authored.",
            lambda node, _: not_after(node.get("authoredOn"), node.get("lastModified")),
        ),
    ),
    "Condition": (
        Invariant("con-4", "An abated condition is inactive, resolved or in remission.", _inactive_when_abated),
        Invariant("con-5", "A condition entered in error has no clinical status.", _not_both(CONDITION_VERIFICATION)),
    ),
    "Condition.stage": (
        Invariant("con-1", "A stage needs a summary or an assessment.", _any_of("summary", "assessment")),
    ),
    "Condition.evidence": (Invariant("con-2", "Evidence needs a code or a detail.", _any_of("code", "detail")),),
    "Immunization.education": (
        Invariant("imm-1", "Education needs a document type or a reference.", _any_of("documentType", "reference")),
    ),
    "AllergyIntolerance": (
        Invariant(
            "ait-1",
            "An allergy needs a clinical status unless entered in error.",
            _one_or_other(ALLERGY_VERIFICATION),
        ),
        Invariant("ait-2", "An allergy entered in error has no clinical status.", _not_both(ALLERGY_VERIFICATION)),
    ),
    "Appointment": (
        Invariant(
            "app-2",
            "An appointment has both start and end, or neither.",
            lambda node, _: exists(node, "start") == exists(node, "end"),
        ),
        Invariant("app-3", "Only a proposed, cancelled or waiting appointment lacks its times.", _app_3),
        Invariant(
            "app-4",
            "A reason for cancelling needs a cancelled or missed appointment.",
            lambda node, _: "cancelationReason" not in node or node.get("status") in ("noshow", "cancelled"),
        ),
    ),
    "Appointment.participant": (
        Invariant("app-1", "A participant needs a type or an actor.", _any_of("type", "actor")),
    ),
    "Parameters.parameter": (Invariant("inv-1", "A parameter has one of value, resource and parts.", _inv_1),),
    "CapabilityStatement": (
        Invariant(
            "cpb-1",
            "A capability statement describes rest, messaging or documents.",
            _any_of("rest", "messaging", "document"),
        ),
        Invariant(
            "cpb-2",
            "A capability statement needs a description, software or implementation.",
            _any_of("description", "software", "implementation"),
        ),
        Invariant(
            "cpb-14",
            "An instance states its implementation.",
            lambda node, _: node.get("kind") != "instance" or exists(node, "implementation"),
        ),
    ),
}
