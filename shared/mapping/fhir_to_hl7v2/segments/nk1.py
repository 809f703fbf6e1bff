"""
Patient.contact, and the RelatedPerson of the same name -> NK1.

    Patient.contact.name         = NK1-2*   XPN   further names of extension too
    Patient.contact.relationship = NK1-3    CWE
    Patient.contact.address      = NK1-4*   XAD   further addresses of the RelatedPerson too
    Patient.contact.telecom      = NK1-5*   XTN   all but those at work
    Patient.contact.telecom      = NK1-6*   XTN   at work
    Patient.contact.relationship = NK1-7    CWE   of table 0131
    Patient.contact.period.start = NK1-8    DTM
    Patient.contact.period.end   = NK1-9    DTM
    Patient.contact.organization = NK1-13*  XON   further organizations of extension too
    Patient.contact.gender       = NK1-15   CWE
    RelatedPerson.birthDate      = NK1-16   DTM
    RelatedPerson.communication  = NK1-20   CWE
    Organization.contact.name    = NK1-30*  XPN   of NK1-13
    Organization.contact.telecom = NK1-31*  XTN
    Organization.contact.address = NK1-32*  XAD
    RelatedPerson.identifier     = NK1-33*  CX    those of NK1-12 too
    RelatedPerson.identifier     = NK1-37   ST    of type SS
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xons_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import put_numbers, xad_from, xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.names import xpn_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.pid import birth_from, gender_from
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.languages import BCP_47, LANGUAGE
from shared.terminology.system_names import table_system
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import RELATIONSHIP

TABLE = table_of(__doc__)

_FURTHER_NAME = "urn:corridor:extension:further-name"
_FURTHER_ORGANIZATION = "urn:corridor:extension:further-organization"
_BIRTH_TIME = "urn:corridor:extension:birth-time"
_ROLE = table_system("HL70131")


def nk1s_from(context: Context, patient: Resource, related: list[Resource]) -> list[Draft]:
    """Return NK1 for every contact of the patient, and for related persons who are no contact."""
    drafts = []
    left = list(related)
    for contact in context.source.items(patient, "contact"):
        same = next((one for one in left if contact.get("name") in one.get("name", ())), None)
        if same is not None:
            left.remove(same)
        drafts.append(_nk1(context, contact, same))
    return drafts + [_nk1(context, None, one) for one in left]


def _nk1(context: Context, contact: Resource | None, person: Resource | None) -> Draft:
    draft = Draft("NK1", TABLE)
    source = context.source
    for element in (contact, person):
        if element is None:
            continue
        for name in source.items(element, "name"):
            if name.get("text") != "not named" or len(name) > 1:
                draft.put(2, xpn_from(context, name))
        _set_roles(context, draft, element)
        for address in source.items(element, "address"):
            draft.put(4, xad_from(context, address))
        put_numbers(context, draft, source.items(element, "telecom"), home=5, work=6)
        gender = gender_from(context, element)
        start, end = bounds(context, source.one(element, "period"))
        for number, value in ((8, start), (9, end)):
            draft.put(number, value)
        if not draft.has(15):
            draft.put(15, *gender)
    if contact is not None:
        for name in context.extensions(contact, _FURTHER_NAME):
            draft.put(2, xpn_from(context, name.get("valueHumanName")))
        _set_organizations(context, draft, contact)
    if person is not None:
        _set_person(context, draft, person)
    context.restore(draft, contact, person)
    return draft


def _set_organizations(context: Context, draft: Draft, contact: Resource) -> None:
    """Set the organizations, and whom to ask at them."""
    draft.put(13, *xons_from(context, contact, "organization"))
    for further in context.extensions(contact, _FURTHER_ORGANIZATION):
        draft.put(13, *xons_from(context, further, "valueReference"))
    source = context.source
    organization = source.reference(contact, "organization")
    for person in source.items(organization, "contact") if organization is not None else ():
        draft.put(30, xpn_from(context, source.one(person, "name")))
        draft.put(31, *xtns_from(context, source.items(person, "telecom")))
        draft.put(32, xad_from(context, source.one(person, "address")))


def _set_roles(context: Context, draft: Draft, element: Resource) -> None:
    for relationship in context.source.items(element, "relationship"):
        number = 7 if any(one.get("system") == _ROLE for one in relationship.get("coding", ())) else 3
        if draft.has(number):
            # The contact and the RelatedPerson say the same.
            context.source.whole(relationship, *relationship)
        elif number == 7:
            draft.put(7, cwe_from(context, relationship, "NK1-7", "HL70131"))
        else:
            draft.put(3, table_code(context, relationship, "NK1-3", RELATIONSHIP, TERMINOLOGY + "v3-RoleCode"))


def _set_person(context: Context, draft: Draft, person: Resource) -> None:
    source = context.source
    source.whole(person, "patient", "active")
    draft.put(16, birth_from(context, person, _BIRTH_TIME))
    for one in source.items(person, "communication")[:1]:
        source.whole(one, "preferred")
        draft.put(20, cwe_from(context, source.one(one, "language"), "NK1-20", LANGUAGE.table, BCP_47))
    for identifier in source.items(person, "identifier"):
        if is_of(identifier, "SS") and not draft.has(37):
            source.whole(identifier, "system", "type", "use")
            draft.put(37, source.text(identifier, "value"))
        else:
            draft.put(33, cx_from(context, identifier))
