"""
Merges, moves and changes of identifiers (MRG), one MRG group at a time.

    event                          the prior one becomes
    A18 A30 A34 A36 A39 A40        Patient inactive, link replaced-by; the survivor's link says replaces
    A46 A47 change of identifier   the same: our ids follow the identifiers, so a changed one is another resource
    A35 A36 A41 A49                Account inactive, part of the surviving one (PID-18)
    A42 A50                        Encounter entered-in-error, part of the surviving one (PV1-19)
    A43 move patient information   the target's link says seealso; the source is not touched
    A44 move account               the Account with its new subject, extension moved-from
    A45 move visit                 the Encounter with its new subject, extension moved-from
    A48 A51 change alternate id    the old identifier stays, of use old

The guide maps MRG-3 alone; all of this is our policy. What MRG says beyond is kept as sent: on the prior patient where
there is one, else on the surviving one. A prior patient is a stub (identifiers and names are all that MRG knows) and
replaces what a destination has under its id: it is the record of the merge. Where MRG names several numbers of one
kind and issuer, each is a prior patient of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.fhir.identity import resource_id
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.segments.mrg import (
    TABLE,
    prior_account,
    prior_encounter,
    prior_identifiers,
    prior_patient,
    prior_patient_keys,
)
from shared.terminology.systems import TERMINOLOGY

_SAME_PATIENT = "names the surviving patient itself"
_UNKNOWN_CLASS = {"system": TERMINOLOGY + "v3-NullFlavor", "code": "UNK"}


@dataclass(frozen=True, slots=True)
class Merge:
    """What an event does: which prior things it retires, which it moves, and which old identifiers it keeps."""

    retires: frozenset[str] = frozenset()
    moves: str = ""
    changes: tuple[int, ...] = ()


_PATIENT = Merge(frozenset({"Patient"}))
_ACCOUNT = Merge(frozenset({"Account"}))
_VISIT = Merge(frozenset({"Encounter"}))
MERGES = {
    **dict.fromkeys(("A18", "A30", "A34", "A39", "A40", "A46", "A47"), _PATIENT),
    "A36": Merge(frozenset({"Patient", "Account"})),
    **dict.fromkeys(("A35", "A41", "A49"), _ACCOUNT),
    **dict.fromkeys(("A42", "A50"), _VISIT),
    "A43": Merge(moves="Patient"),
    "A44": Merge(moves="Account"),
    "A45": Merge(moves="Encounter"),
    "A48": Merge(changes=(2,)),
    "A51": Merge(changes=(6,)),
}


def merge(context: Context, event: str, mrg: Segment, about: About) -> None:
    """Do what the event says with what MRG names; without a surviving patient the segment stays unknown."""
    if about.patient is None:
        return
    context.claim(mrg, TABLE)
    kind = MERGES.get(event, Merge())
    used = set(kind.changes)
    holder = about.patient
    keys = prior_patient_keys(context, mrg)
    prior = [key for key in keys if resource_id("Patient", *key) != about.patient["id"]]
    if keys and not prior:
        used |= _same_patient(context, mrg, about.patient, merging="Patient" in kind.retires)
    elif "Patient" in kind.retires and prior:
        numbers = {key[-1] for key in keys}
        retired = [_retire_patient(context, mrg, about.patient, key, numbers - {key[-1]}) for key in prior]
        holder = retired[0]
        used |= {1, 2, 4, 7}
    elif "Patient" in kind.retires:
        context.report("warning", "required", "merge-without-prior", mrg.label, "MRG names no prior patient.")
    used |= _retire_others(context, mrg, about, kind)
    used |= _move(context, mrg, about, kind.moves, same=1 in used)
    for number in kind.changes:
        _keep_old(context, mrg, number, (about.encounter if number == 6 else None) or about.patient)
    for number in range(1, 8):
        if number not in used:
            carry_field(holder, mrg, number)


def _same_patient(context: Context, mrg: Segment, patient: Resource, *, merging: bool) -> set[int]:
    """Account for MRG-1 and 4 where they name the survivor, as merges of accounts and visits do."""
    if merging:
        text = "MRG names the surviving patient: nothing is merged."
        context.report("warning", "value", "merge-into-itself", mrg.label, text)
    known = patient.get("identifier", [])
    if any(identifier not in known for identifier in prior_identifiers(context, mrg, 1, 4)):
        return set()
    for number in (1, 4):
        if mrg.raw(number):
            context.drop_field(mrg, number, _SAME_PATIENT)
    return {1, 4}


def _retire_patient(
    context: Context, mrg: Segment, survivor: Resource, key: tuple[str, ...], others: set[str]
) -> Resource:
    prior = prior_patient(context, mrg, key, others)
    prior["active"] = False
    append(prior, "link", {"other": reference(survivor), "type": "replaced-by"})
    append(survivor, "link", {"other": reference(prior), "type": "replaces"})
    return prior


def _retire_others(context: Context, mrg: Segment, about: About, kind: Merge) -> set[int]:
    used: set[int] = set()
    account = prior_account(context, mrg) if "Account" in kind.retires else None
    if account is not None and account is not about.account:
        account["status"] = "inactive"
        account["subject"] = [about.subject]
        if about.account is not None:
            account["partOf"] = reference(about.account)
        used.add(3)
    encounter = prior_encounter(context, mrg) if "Encounter" in kind.retires else None
    if encounter is not None and encounter is not about.encounter:
        _retire_encounter(encounter, about)
        used |= {5, 6}
    return used


def _retire_encounter(encounter: Resource, about: About) -> None:
    encounter["status"] = "entered-in-error"
    encounter.setdefault("class", dict(_UNKNOWN_CLASS))
    encounter["subject"] = about.subject
    if about.encounter is not None:
        encounter["partOf"] = reference(about.encounter)


def _move(context: Context, mrg: Segment, about: About, what: str, *, same: bool) -> set[int]:
    """Make the moved thing the surviving patient's; where it came from is a logical reference."""
    identifiers = [] if same else prior_identifiers(context, mrg, 1, 4)
    source = {"type": "Patient", "identifier": identifiers[0]} if identifiers else None
    if what == "Patient" and source is not None and about.patient is not None:
        for identifier in identifiers:
            other = {"type": "Patient", "identifier": identifier}
            append(about.patient, "link", {"other": other, "type": "seealso"})
        return {1, 4}
    if what == "Account":
        return _moved(prior_account(context, mrg), about.account, about, source, 3)
    if what == "Encounter":
        return _moved(prior_encounter(context, mrg), about.encounter, about, source, 5)
    return set()


def _moved(
    prior: Resource | None, current: Resource | None, about: About, source: Resource | None, number: int
) -> set[int]:
    if prior is None:
        return set()
    if prior is not current and number == 5:
        _retire_encounter(prior, about)
    elif prior is not current:
        prior.update(status="active", subject=[about.subject])
    moved = current if current is not None and number == 5 else prior
    if source is not None:
        append(moved, "extension", {"url": f"{EXTENSIONS}moved-from", "valueReference": source})
    return {5, 6} if number == 5 else {3}


def _keep_old(context: Context, mrg: Segment, number: int, holder: Resource) -> None:
    for identifier in prior_identifiers(context, mrg, number):
        append(holder, "identifier", {"use": "old", **identifier})
