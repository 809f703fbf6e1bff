"""Required bindings of coded types, where R4's own definitions can decide them."""

from __future__ import annotations

from typing import Any

from shared.validation.findings import Findings
from shared.validation.shapes import Property, ValueSet, value_set

Node = dict[str, Any]


def check_code(code: str, prop: Property, location: str, findings: Findings) -> None:
    """Check a `code` (or a uri, string) against its required binding."""
    if prop.codes is None:
        _undecidable(prop.value_set, location, findings)
    elif code not in prop.codes:
        findings.error("code-invalid", location, f"The code is not in the value set {prop.value_set}.")


def check_coded(node: Node, prop: Property, location: str, findings: Findings) -> None:
    """Check a CodeableConcept against its required binding; no other complex type of R4 has one."""
    systems = value_set(prop.value_set)
    if systems is None:
        _undecidable(prop.value_set, location, findings)
    elif not is_in(systems, node):
        findings.error("code-invalid", location, f"No coding is in the value set {prop.value_set}.")


def is_in(systems: ValueSet, node: Node) -> bool:
    """Whether one of the codings of a CodeableConcept is in a value set."""
    codings = node.get("coding")
    return any(_contains(systems, coding) for coding in (codings if isinstance(codings, list) else ()))


def _contains(systems: ValueSet, coding: object) -> bool:
    if not isinstance(coding, dict):
        return False
    system, code = coding.get("system"), coding.get("code")
    return isinstance(system, str) and isinstance(code, str) and code in systems.get(system, ())


def _undecidable(url: str, location: str, findings: Findings) -> None:
    findings.once("binding-undecidable", url, location, f"Not checked: R4 alone cannot decide the value set {url}.")
