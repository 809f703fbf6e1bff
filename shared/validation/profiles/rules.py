"""
What base R4 asks beyond the walk: its invariants in FHIRPath, its extensible bindings, its vocabulary of extensions.

The invariants that the walker has as functions are not evaluated again.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from shared.validation.findings import Findings
from shared.validation.invariants import INVARIANTS
from shared.validation.profiles.codes import membership
from shared.validation.profiles.definitions import Profile, Rule, r4_value_sets, rules_table
from shared.validation.profiles.fhirpath import holds
from shared.validation.profiles.tour import Stop
from shared.validation.shapes import bases_of

# The walker checks the narrative's markup as a whole, ref-1 by resolving each reference, and bdl-* at the entry.
WALKED: Final = frozenset({"txt-1", "txt-2", "ref-1", *(f"bdl-{number}" for number in range(1, 13))})


@cache
def rules_of(form: str) -> tuple[Rule, ...]:
    """Return the invariants of a shape and its bases that the walker leaves out."""
    invariants = rules_table()["invariants"]
    names = (form, *bases_of(form))
    known = {rule.key for name in names for rule in INVARIANTS.get(name, ())} | WALKED
    return tuple(tuple(rule) for name in names for rule in invariants.get(name, ()) if rule[0] not in known)


@cache
def _members_with_rules(form: str) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """Return (element, invariants) of the primitives and data types of a shape that have rules at the element."""
    found: list[tuple[str, tuple[Rule, ...]]] = []
    for path, rules in rules_table()["invariants"].items():
        parent, _, name = path.rpartition(".")
        if parent == form and not _is_shape(path):
            left = tuple(tuple(rule) for rule in rules if rule[0] not in WALKED)
            found.append((name.removesuffix("[x]"), left))
    return tuple(found)


@cache
def _is_shape(path: str) -> bool:
    return bool(bases_of(path))


def check_rules(stop: Stop, root: dict[str, Any], findings: Findings) -> None:
    """Record the invariants of R4 that an object breaks, at the object or at its element."""
    for rule in rules_of(stop.form):
        _check_rule(rule, rule[2], stop, stop.location, root, findings)
    for name, rules in _members_with_rules(stop.form):
        if any(key.lstrip("_").startswith(name) for key in stop.value):
            for rule in rules:
                _check_rule(rule, f"{name}.all({rule[2]})", stop, f"{stop.location}.{name}", root, findings)


def _check_rule(
    rule: Rule, expression: str, stop: Stop, location: str, root: dict[str, Any], findings: Findings
) -> None:
    key, severity, stated = rule
    verdict = holds(expression, stop.value, stop.form, stop.scope, root)
    if verdict is None:
        text = f"Not checked: the invariant {key} cannot be evaluated."
        findings.once("invariant-undecidable", key, location, text)
    elif not verdict and key == "dom-6":
        # Best practice: it asks every resource for a narrative, and is a remark, not a finding about each.
        findings.once("dom-6", "dom-6", location, f"Best practice, said once: {stated}")
    elif not verdict:
        record = findings.error if severity == "error" else findings.warning
        record(key, location, f"The invariant {key} fails: {stated}")


def check_extensible(stop: Stop, findings: Findings) -> None:
    """Warn of a coded element without a code of the value set that R4 would rather have."""
    url = rules_table()["extensible"].get(stop.path)
    if url is None:
        return
    verdict = membership(r4_value_sets().get(url), stop.value, stop.form)
    if verdict is None:
        findings.once(
            "binding-undecidable", url, stop.location, f"Not checked: the value set {url} is not known here."
        )
    elif not verdict:
        text = f"R4 asks for a code of the value set {url}, if one fits."
        findings.warning("code-not-in-value-set", stop.location, text)


def may_stand_at(extension: Profile, stop: Stop) -> bool:
    """Whether one of an extension's contexts is the element that holds it; a context in FHIRPath is not judged."""
    holder = stop.parent
    if not extension.context or holder is None:
        return True
    if holder.form == "Extension" and isinstance(holder.value, dict):
        names = {"Extension", "Element", str(holder.value.get("url"))}
    else:
        names = {holder.path, holder.path.removesuffix("[x]"), holder.form, *bases_of(holder.form)}
        if holder.form == "Element" and holder.prop is not None:
            names |= {"Element", holder.prop.type}
    return any(kind == "fhirpath" or path in names for kind, path in extension.context)
