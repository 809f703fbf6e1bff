"""The functions behind the invariants: whether a node, inside its resource, satisfies one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from shared.validation.elements import Node, codings, exists, has_choice, strings

Check = Callable[[Node, Node], bool]

CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONDITION_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
ALLERGY_VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
UCUM = "http://unitsofmeasure.org"

_ENDED = frozenset((CONDITION_CLINICAL, code) for code in ("resolved", "remission", "inactive"))


@dataclass(frozen=True, slots=True)
class Implies:
    """The first element is there only together with the second."""

    first: str
    second: str

    def __call__(self, node: Node, _: Node) -> bool:
        """Whether the node satisfies it."""
        return not exists(node, self.first) or exists(node, self.second)


@dataclass(frozen=True, slots=True, init=False)
class NeedsOne:
    """At least one of the elements is there."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)

    def __call__(self, node: Node, _: Node) -> bool:
        """Whether the node satisfies it."""
        return exists(node, *self.names)


def contained_is_referenced(node: Node, _: Node) -> bool:
    """Whether each contained resource is referred to, or refers to its container (dom-3)."""
    contained = node.get("contained")
    if not contained:
        return True
    outside = {key: value for key, value in node.items() if key != "contained"}
    used = {text for text in chain(strings(outside), strings(contained)) if text.startswith("#")}
    return all(f"#{one.get('id')}" in used or "#" in set(strings(one)) for one in contained)


def none_contained(element: str) -> Check:
    """Return the check that no contained resource has this element."""
    return lambda node, _: all(element not in one for one in node.get("contained", ()))


def none_contained_meta(*elements: str) -> Check:
    """Return the check that no contained resource has these elements in its meta."""
    return lambda node, _: all(not exists(one.get("meta", {}), *elements) for one in node.get("contained", ()))


def obs_7(node: Node, _: Node) -> bool:
    """Whether no component repeats the code of an observation that has a value."""
    if not has_choice(node, "value"):
        return True
    own = codings(node["code"])
    return all(own.isdisjoint(codings(component["code"])) for component in node.get("component", ()))


def no_home(element: str) -> Check:
    """Return the check that no value of this element is for use at home."""
    return lambda node, _: all(one.get("use") != "home" for one in node.get(element, ()))


def rat_1(node: Node, _: Node) -> bool:
    """Whether a ratio has both parts or, with extensions, neither."""
    parts = exists(node, "numerator"), exists(node, "denominator")
    return parts[0] == parts[1] and (parts[0] or "extension" in node)


def range_is_ordered(node: Node, _: Node) -> bool:
    """Whether low is not above high, where their units are the same (rng-2)."""
    low, high = node.get("low", {}), node.get("high", {})
    if low.get("code") != high.get("code") or low.get("unit") != high.get("unit"):
        return True  # not comparable without a conversion of units
    return "value" not in low or "value" not in high or bool(low["value"] <= high["value"])


def inactive_when_abated(node: Node, _: Node) -> bool:
    """Whether an abated condition is inactive, resolved or in remission (con-4)."""
    return not has_choice(node, "abatement") or not _ENDED.isdisjoint(codings(node.get("clinicalStatus")))


def entered_in_error(system: str) -> Check:
    """Return the check that the verification status, of this code system, is entered-in-error."""
    mark = (system, "entered-in-error")
    return lambda node, _: "verificationStatus" in node and mark in codings(node["verificationStatus"])


def not_both(system: str) -> Check:
    """Return the check that what is entered in error has no clinical status."""
    in_error = entered_in_error(system)
    return lambda node, top: not exists(node, "clinicalStatus") or not in_error(node, top)


def one_or_other(system: str) -> Check:
    """Return the check that what is not entered in error has a clinical status."""
    in_error = entered_in_error(system)
    return lambda node, top: exists(node, "clinicalStatus") or in_error(node, top)


def app_3(node: Node, _: Node) -> bool:
    """Whether an appointment has its times unless it is proposed, cancelled or waiting."""
    waiting = node.get("status") in ("proposed", "cancelled", "waitlist")
    return waiting or (exists(node, "start") and exists(node, "end"))


def inv_1(node: Node, _: Node) -> bool:
    """Whether a parameter has exactly one of value, resource and parts."""
    return [has_choice(node, "value"), exists(node, "resource"), exists(node, "part")].count(True) == 1


def drt_1(node: Node, _: Node) -> bool:
    """Whether a coded duration is in UCUM and has a value."""
    return not exists(node, "code") or (node.get("system") == UCUM and exists(node, "value"))


def age_1(node: Node, _: Node) -> bool:
    """Whether an age is positive, and coded in UCUM if at all."""
    value = node.get("value")
    coded = exists(node, "code") or not exists(node, "value")
    return coded and node.get("system", UCUM) == UCUM and (value is None or value > 0)


def size_is_true(node: Node, _: Node) -> bool:
    """Whether the size stated is that of the data, where both are there."""
    if "data" not in node or "size" not in node:
        return True
    text = "".join(node["data"].split())
    return bool(node["size"] == len(text) // 4 * 3 - text[-2:].count("="))


def not_negative(element: str) -> Check:
    """Return the check that the number in this element is not below zero."""
    return lambda node, _: node.get(element, 0) >= 0
