"""
MRG -> the prior Patient, Account and Encounter of a merge (HL7 v2-to-FHIR guide, map MRG[Account]; else our policy).

What becomes of them is the event's: see `messages/merges.py`. Where the event leaves the prior thing alone, the
survivor keeps the number in its extensions.

    Patient.identifier     = MRG-1*   CX
    Patient.identifier     = MRG-2*   CX
    Account.identifier     = MRG-3    CX    the patient's: extension, where no account is merged or moved
    Patient.identifier     = MRG-4    CX
    Encounter.identifier   = MRG-5    CX    VN
    Encounter.identifier   = MRG-6*   CX
    Patient.name           = MRG-7*   XPN
"""

from __future__ import annotations

from collections.abc import Collection

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_type, issuer_of
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.pid import patient_key

TABLE = table_of(__doc__)


def prior_patient_keys(context: Context, mrg: Segment) -> list[tuple[str, ...]]:
    """
    Return the business keys that the prior patient has in its own messages, none where MRG names nobody.

    There are several where MRG names several numbers of one kind and issuer: each may have a record of its own.
    """
    named = [one for number in (1, 4) for one in mrg.repetitions(number) if one.component(1)]
    first = patient_key(context, named)
    if first is None or len(named) == 1:
        return [first] if first is not None else []
    keys = [(patient_key(context, [one]) or first, one.component(5)) for one in named]
    kind = next(kind for key, kind in keys if key == first)
    return list(dict.fromkeys([first, *(key for key, same in keys if same == kind and key[:-1] == first[:-1])]))


def prior_patient(context: Context, mrg: Segment, key: tuple[str, ...], others: Collection[str] = ()) -> Resource:
    """Return the prior Patient: all that the message knows of it but the numbers `others`, whose records they are."""
    patient = context.shared("Patient", *key)
    for number in (1, 4, 2):
        _add_identifiers(context, patient, mrg, number)
    if others:
        patient["identifier"] = [one for one in patient["identifier"] if one.get("value") not in others]
    for repetition in mrg.repetitions(7):
        append(patient, "name", name_from_xpn(context, repetition, mrg.location(7)))
    return patient


def prior_account(context: Context, mrg: Segment) -> Resource | None:
    """Return the prior Account, None where MRG-3 names none."""
    number = mrg.first(3)
    if number is None or not number.component(1):
        return None
    account = context.shared("Account", scoped(context.scope, issuer_of(context, number, 4)), number.component(1))
    _add_identifiers(context, account, mrg, 3, "AN")
    return account


def prior_encounter(context: Context, mrg: Segment) -> Resource | None:
    """Return the prior Encounter, None where MRG-5 names none."""
    number = mrg.first(5)
    if number is None or not number.component(1):
        return None
    key = ("visit", scoped(context.scope, issuer_of(context, number, 4)), number.component(1))
    encounter = context.shared("Encounter", *key)
    _add_identifiers(context, encounter, mrg, 5, "VN")
    _add_identifiers(context, encounter, mrg, 6)
    return encounter


def prior_identifiers(context: Context, mrg: Segment, *numbers: int) -> list[Resource]:
    """Return the identifiers in these fields."""
    holder: Resource = {}
    for number in numbers:
        _add_identifiers(context, holder, mrg, number)
    return list(holder.get("identifier", ()))


def _add_identifiers(context: Context, holder: Resource, mrg: Segment, number: int, kind: str = "") -> None:
    for repetition in mrg.repetitions(number):
        identifier = identifier_from_cx(context, repetition, mrg.location(number))
        if identifier and kind:
            identifier.setdefault("type", identifier_type(kind))
        append(holder, "identifier", identifier)
        if identifier is None:
            append(holder, "extension", original_value(repetition.text()))
