"""
PractitionerRole -> ROL: somebody's role in a patient's care, a visit, a procedure or an insurance.

    PractitionerRole.identifier   = ROL-1    EI
    PractitionerRole.active       = ROL-2    ID    DE where it is not; else as sent, else AD
    PractitionerRole.code         = ROL-3    CWE   table 0443
    PractitionerRole.practitioner = ROL-4*   XCN
    PractitionerRole.period.start = ROL-5    DTM
    PractitionerRole.period.end   = ROL-6    DTM
    PractitionerRole.specialty    = ROL-9*   CWE
    Practitioner.address          = ROL-11*  XAD
    PractitionerRole.telecom      = ROL-12*  XTN
    PractitionerRole.location     = ROL-13   PL    since 2.7
    PractitionerRole.organization = ROL-14   XON   since 2.7

Policy: a role of which nobody tells the kind is of one that is unknown (UNK of NullFlavor), as HL7 requires a kind.
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import person_of, xcns_from, xons_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import codes_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xad_from, xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from
from shared.mapping.fhir_to_hl7v2.datatypes.places import pl_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.concept_maps import ConceptMap
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import PROVIDER_ROLE

TABLE = table_of(__doc__)

UNKNOWN: Composite = ["UNK", "unknown", "NULLFL"]
_ADDED = "AD"
# Any of these makes a role more than the person who has it.
_SAYS = frozenset(("identifier", "code", "specialty", "period", "telecom", "location", "extension"))


def describes_role(actor: Resource) -> bool:
    """Tell whether somebody is a role that says more than who has it."""
    return actor["resourceType"] == "PractitionerRole" and not _SAYS.isdisjoint(actor)


def rol_from(context: Context, role: Resource, kind: Composite | None = None) -> Draft:
    """Return ROL of a PractitionerRole; `kind` goes before its own."""
    draft = Draft("ROL", TABLE)
    source = context.source
    for identifier in source.items(role, "identifier")[:1]:
        draft.put(1, ei_from(context, identifier))
    draft.put(3, kind or code_of(context, role, "ROL-3", PROVIDER_ROLE))
    draft.put(4, *xcns_from(context, role, "practitioner"))
    start, end = bounds(context, source.one(role, "period"))
    draft.put(5, start)
    draft.put(6, end)
    draft.put(9, *codes_from(context, role, "specialty", "ROL-9"))
    person = person_of(context, role)
    draft.put(11, *(xad_from(context, one) for one in source.items(person or {}, "address")))
    draft.put(12, *xtns_from(context, source.items(role, "telecom")))
    draft.put(13, *(pl_from(context, one) for _, one in source.references(role, "location")))
    draft.put(14, *xons_from(context, role, "organization"))
    context.restore(draft, role)
    set_action(context, draft, role)
    draft.fields.setdefault(3, [UNKNOWN])
    return draft


def rol_of_person(kind: Composite | None, person: Composite | None) -> Draft | None:
    """Return ROL of somebody of whom only kind and name are known, None without the latter."""
    draft = Draft("ROL", TABLE)
    draft.put(2, _ADDED)
    draft.put(3, kind or UNKNOWN)
    draft.put(4, person)
    return draft if draft.has(4) else None


def code_of(context: Context, role: Resource, field: str, codes: ConceptMap) -> Composite | None:
    """Return the kind of a role, in the table of the field where the guide's translation made it."""
    kind = context.source.one(role, "code")
    return table_code(context, kind, field, codes, TERMINOLOGY + "v3-ParticipationType")


def set_action(context: Context, draft: Draft, role: Resource, *, deleted: str = "DE") -> None:
    """Say in the second field that the role holds, or no longer does (`deleted`), unless that is there as sent."""
    if context.source.take(role, "active") is False:
        draft.default(2, deleted)
    else:
        draft.default(2, _ADDED)
