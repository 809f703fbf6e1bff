"""
Which resources may be said in a message whose segments cannot say that something does not hold.

A segment asserts what it names: AL1 an allergy, DG1 a diagnosis, IN1 an insurance, FT1 a charge, ORC an order. What
FHIR says was refuted, is over, is not yet so, or was entered in error makes none (policy); like anything else that is
not carried, it is reported.

    AllergyIntolerance   refuted, entered in error; inactive, resolved
    Condition            refuted
    Coverage             cancelled, a draft, entered in error
    ChargeItem           planned, not billable, aborted, entered in error
    ServiceRequest       a draft, a proposal, a plan, an option, a directive; one that asks not to do something
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.reading import Resource

_ERROR = "entered-in-error"
_GONE: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {
    "AllergyIntolerance": (
        ("verificationStatus", frozenset(("refuted", _ERROR))),
        ("clinicalStatus", frozenset(("inactive", "resolved"))),
    ),
    "Condition": (("verificationStatus", frozenset(("refuted",))),),
    "Coverage": (("status", frozenset(("cancelled", "draft", _ERROR))),),
    "ChargeItem": (("status", frozenset(("planned", "not-billable", "aborted", _ERROR))),),
    "ServiceRequest": (
        ("status", frozenset(("draft",))),
        ("intent", frozenset(("proposal", "plan", "option", "directive"))),
    ),
}


def standing(resources: list[Resource]) -> list[Resource]:
    """Return the resources that hold."""
    return [one for one in resources if holds(one)]


def holds(resource: Resource) -> bool:
    """Tell whether what a resource says is so."""
    rules = _GONE.get(str(resource["resourceType"]), ())
    return resource.get("doNotPerform") is not True and not any(
        codes & _codes(resource.get(name)) for name, codes in rules
    )


def _codes(value: object) -> set[str]:
    """Return the codes of a code or a CodeableConcept."""
    if isinstance(value, str):
        return {value}
    codings = value.get("coding", ()) if isinstance(value, dict) else ()
    return {str(one.get("code", "")) for one in codings if isinstance(one, dict)}
