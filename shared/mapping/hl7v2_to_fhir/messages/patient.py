"""
The patient and the visit of any message: PID and PV1 with everything that hangs under them.

Every family of messages reads them the same way: it puts the rows of OPENERS into its own table and gives the tree
to `about_patient`.

    PID, PD1, NK1, DB1, ARV, CON, PDA   Patient      PV1, PV2, ARV   Encounter
    ROL, PRT                            see `roles`
    AL1, IAM, DG1, DRG, PR1             see `clinical`
    GT1, IN1, IN2, IN3, ACC, UB1, UB2   see `financial`
    ABS, BLC, RMI                       see `financial`
    NTE                                 note of what it follows
"""

from __future__ import annotations

from typing import NamedTuple

from shared.formats.hl7v2.message import Segment
from shared.mapping.coverage import FieldTable
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_clinical, add_notes
from shared.mapping.hl7v2_to_fhir.messages.financial import account_of, add_financial
from shared.mapping.hl7v2_to_fhir.messages.groups import ANY, Group, Openers
from shared.mapping.hl7v2_to_fhir.messages.roles import add_roles
from shared.mapping.hl7v2_to_fhir.segments import arv, pda
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.con import consent_from_con
from shared.mapping.hl7v2_to_fhir.segments.db1 import add_disability
from shared.mapping.hl7v2_to_fhir.segments.nk1 import add_nk1
from shared.mapping.hl7v2_to_fhir.segments.pd1 import add_pd1
from shared.mapping.hl7v2_to_fhir.segments.pid import patient_from_pid
from shared.mapping.hl7v2_to_fhir.segments.pv1 import bill, encounter_from_pv1, is_visit
from shared.mapping.hl7v2_to_fhir.segments.pv2 import add_pv2

_VISIT = ("PV1", "PID", "")
OPENERS = {
    "PID": ("",),
    "PD1": ("PID",),
    "NK1": ("PV1", "PID"),
    "PV1": ("PID", ""),
    "PV2": ("PV1",),
    "ARV": ("PV1", "PID"),
    "ROL": ("PR1", "IN1", "PV1", "PID"),
    "PRT": ("PR1", "IN1", "PV1", "PID"),
    **dict.fromkeys(("AL1", "IAM", "DG1", "DRG", "PR1", "GT1", "IN1", "ACC", "UB1", "UB2"), _VISIT),
    **dict.fromkeys(("ABS", "BLC", "RMI"), _VISIT),
    "DB1": ("PV1", "PID"),
    "IAR": ("IAM",),
    "IN2": ("IN1",),
    "IN3": ("IN1",),
    "PDA": ("PID",),
    "CON": ("PID",),
    "MRG": ("PID", ""),
    "NTE": (ANY,),
}

_NOT_IDENTIFIED = {"display": "not identified in the message"}
_NOT_A_VISIT = "not about a visit: the message must send PV1 and has nothing to say there"
_OF_PATIENT = frozenset({"PD1", "NK1", "DB1", "CON", "PDA", "ARV"})
_ON_PATIENT: dict[str, FieldTable] = {"PDA": pda.TABLE, "ARV": arv.TABLE}


class About(NamedTuple):
    """Whom, which visit (the first of `visits`) and which account a message is about; None where it does not say."""

    patient: Resource | None = None
    encounter: Resource | None = None
    account: Resource | None = None
    visits: tuple[tuple[Segment, Resource], ...] = ()

    @property
    def subject(self) -> Resource:
        """Return the reference to the patient, or what FHIR has for nobody known."""
        return subject_of(self.patient)

    def as_fields(self) -> Resource:
        """Return `subject` and `encounter` as most clinical resources have them."""
        fields: Resource = {"subject": self.subject}
        if self.encounter is not None:
            fields["encounter"] = reference(self.encounter)
        return fields


def subject_of(patient: Resource | None) -> Resource:
    """Return the reference to the patient, or what FHIR has for nobody known."""
    return reference(patient) if patient is not None else dict(_NOT_IDENTIFIED)


def about_patient(context: Context, group: Group, known: Resource | None = None) -> About:
    """
    Return the Patient, Encounter and Account of a PID group (or of a message without PID: then of its PV1).

    `known` is the patient where a group without PID is about one who is in the bundle already.
    """
    pid = group.segment if group.name == "PID" else None
    patient = patient_from_pid(context, pid) if pid is not None else known
    subject = subject_of(patient)
    if patient is not None:
        add_notes(context, group, patient)
    account = account_of(context, group, pid, subject)
    visits = [(visit, found) for visit in group.all("PV1") if (found := _encounter(context, visit, subject, account))]
    first = visits[0][1] if visits else None
    # What stands outside of a visit is about the visit where there is one alone.
    only = first if len(visits) == 1 else None
    for below, encounter in ((group, only), *visits):
        if patient is not None:
            _add_to_patient(context, below, patient, with_access=below is group)
        add_clinical(context, below, subject, encounter, patient)
        add_financial(context, below, subject, account, encounter or patient)
    if patient is not None:
        add_roles(context, group, patient)
    segments = [(pv1, encounter) for visit, encounter in visits if (pv1 := visit.segment) is not None]
    return About(patient, first, account, tuple(segments))


def adopt(root: Group, openers: Openers = OPENERS) -> list[Group]:
    """Return the PID groups; what stands before the first of them, out of its order, is taken into it."""
    people = list(root.all("PID"))
    if people:
        orphans = [group for group in root.children if group.name in openers and group.name != "PID"]
        if orphans:
            people[0].children += orphans
            root.children = [group for group in root.children if group not in orphans]
    return people


def _add_to_patient(context: Context, group: Group, patient: Resource, *, with_access: bool) -> None:
    for child in group.children:
        if child.name not in _OF_PATIENT:
            continue
        segment = child.segment
        assert segment is not None  # noqa: S101 - only the message itself has no segment
        if child.name == "PD1":
            add_pd1(context, patient, segment)
        elif child.name == "NK1":
            add_nk1(context, patient, segment)
        elif child.name == "DB1":
            add_disability(context, patient, segment)
        elif child.name == "CON":
            add_notes(context, child, consent_from_con(context, segment, patient))
            continue
        elif with_access or child.name != "ARV":
            carry_into(context, patient, segment, _ON_PATIENT[child.name])
        else:
            continue
        add_notes(context, child, patient)


def _encounter(context: Context, visit: Group, subject: Resource, account: Resource | None) -> Resource | None:
    pv1 = visit.segment
    assert pv1 is not None  # noqa: S101 - only the message itself has no segment
    if not is_visit(pv1) and not visit.children:
        context.drop(pv1, _NOT_A_VISIT)
        return None
    encounter = encounter_from_pv1(context, pv1, subject)
    add_notes(context, visit, encounter)
    for further in visit.all("PV2", "ARV"):
        assert further.segment is not None  # noqa: S101 - only the message itself has no segment
        if further.name == "PV2":
            add_pv2(context, encounter, further.segment)
        else:
            carry_into(context, encounter, further.segment, arv.TABLE)
        add_notes(context, further, encounter)
    add_roles(context, visit, encounter)
    if account is not None:
        append(encounter, "account", reference(account))
        bill(context, account, pv1)
    return encounter
