"""
Who pays: the Account of a patient, its guarantors and coverages.

An Account is made where the message is about one (BAR, DFT), names one (PID-18, in ADT), or says who pays (GT1, IN1,
UB1, UB2). PID-18 is its business key; without it the patient has one account with the sender.

    PID-18          Account.identifier            GT1             Account.guarantor
    IN1, IN2, IN3   Coverage, Account.coverage    ACC             the visit's Encounter
    UB1, UB2        Account                       PV1-20 ...      Account
    ABS, BLC, RMI   the visit's Encounter
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.coverage import FieldTable
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_type, issuer_of
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes, drop_none
from shared.mapping.hl7v2_to_fhir.messages.groups import Group
from shared.mapping.hl7v2_to_fhir.messages.roles import add_roles
from shared.mapping.hl7v2_to_fhir.segments import abs as abstract
from shared.mapping.hl7v2_to_fhir.segments import blc, in3, rmi, ub1, ub2
from shared.mapping.hl7v2_to_fhir.segments.acc import add_accident
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.gt1 import add_guarantor
from shared.mapping.hl7v2_to_fhir.segments.in1 import coverage_from_in1
from shared.mapping.hl7v2_to_fhir.segments.in2 import add_in2

_ABOUT_ACCOUNTS = frozenset({"BAR", "DFT"})
_PAYERS = frozenset({"GT1", "IN1"})
_PAYING = frozenset({"GT1", "IN1", "UB1", "UB2"})
_STAY: dict[str, FieldTable] = {"ABS": abstract.TABLE, "BLC": blc.TABLE, "RMI": rmi.TABLE}
_FINANCIAL = frozenset({*_PAYING, "ACC", *_STAY})
_BILLS: dict[str, FieldTable] = {"UB1": ub1.TABLE, "UB2": ub2.TABLE}


def account_of(context: Context, group: Group, pid: Segment | None, subject: Resource) -> Resource | None:
    """Return the Account of a patient's group, None where the message is not about one."""
    kind = context.message.code
    number = pid.first(18) if pid is not None else None
    named = number.component(1) if number is not None else ""
    if not (named and kind == "ADT") and kind not in _ABOUT_ACCOUNTS and not _tells_who_pays(context, group):
        return None
    if number is not None and named:
        account = context.shared("Account", scoped(context.scope, issuer_of(context, number, 4)), named)
        identifier = identifier_from_cx(context, number, "PID-18") or {}
        append(account, "identifier", {"type": identifier_type("AN"), **identifier})
    else:
        account = context.shared("Account", context.scope, str(subject.get("reference") or context.message.control_id))
    account["status"] = "active"
    if "reference" in subject:
        account["subject"] = [subject]
    return account


def _tells_who_pays(context: Context, group: Group) -> bool:
    return not _PAYING.isdisjoint(context.names) and group.has_any(_PAYING)


def add_financial(
    context: Context, group: Group, subject: Resource, account: Resource | None, visit: Resource | None
) -> None:
    """Add guarantors, coverages, accident and bill right below the group; `visit` holds the accident and the stay."""
    for child in group.children:
        if child.name not in _FINANCIAL:
            continue
        segment = child.segment
        if child.name in _PAYERS and segment is not None and not child.children and drop_none(context, segment):
            continue
        if child.name == "IN1" and segment is not None and account is not None:
            _add_coverage(context, child, segment, subject, account)
        elif child.name == "GT1" and segment is not None and account is not None:
            add_guarantor(context, account, segment, subject)
            add_notes(context, child, account)
        elif child.name in _BILLS and segment is not None and account is not None:
            carry_into(context, account, segment, _BILLS[child.name])
        elif child.name == "ACC" and segment is not None and (holder := visit or account) is not None:
            add_accident(context, holder, segment)
        elif child.name in _STAY and segment is not None and (holder := visit or account) is not None:
            carry_into(context, holder, segment, _STAY[child.name])


def _add_coverage(context: Context, group: Group, in1: Segment, subject: Resource, account: Resource) -> None:
    coverage = coverage_from_in1(context, in1, subject)
    if group.children:
        _add_to_coverage(context, group, coverage)
    entry: Resource = {"coverage": reference(coverage)}
    append(account, "coverage", {**entry, "priority": coverage["order"]} if "order" in coverage else entry)


def _add_to_coverage(context: Context, group: Group, coverage: Resource) -> None:
    for segment in group.segments("IN2"):
        add_in2(context, coverage, segment)
    for segment in group.segments("IN3"):
        carry_into(context, coverage, segment, in3.TABLE)
    add_roles(context, group, coverage)
    add_notes(context, group, coverage)
