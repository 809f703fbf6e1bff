"""
Account.guarantor -> GT1.

    RelatedPerson.identifier      = GT1-2*   CX
    RelatedPerson.name            = GT1-3*   XPN
    RelatedPerson.address         = GT1-5*   XAD
    RelatedPerson.telecom         = GT1-6*   XTN   all but those at work
    RelatedPerson.telecom         = GT1-7*   XTN   at work
    RelatedPerson.birthDate       = GT1-8    DTM
    RelatedPerson.gender          = GT1-9    CWE
    RelatedPerson.relationship    = GT1-11   CWE
    RelatedPerson.identifier      = GT1-12   ST    of type SS
    Account.guarantor.period.start = GT1-13  DT
    Account.guarantor.period.end  = GT1-14   DT
    Organization                  = GT1-21   XON
    RelatedPerson.communication   = GT1-36   CWE
    Organization.contact.name     = GT1-45*  XPN
    Organization.contact.telecom  = GT1-46*  XTN
    Organization.contact.purpose  = GT1-47   CWE
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xon_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import put_numbers, xad_from, xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.names import xpn_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.pid import birth_from, gender_from
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.languages import BCP_47, LANGUAGE
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import RELATIONSHIP

TABLE = table_of(__doc__)

_SELF: Composite = ["SEL", "Self", "HL70063"]
_BIRTH_TIME = "urn:corridor:extension:birth-time"


def gt1s_from(context: Context, account: Resource) -> list[Draft]:
    """Return GT1 for every guarantor who is in the bundle."""
    drafts = []
    for guarantor in context.source.items(account, "guarantor"):
        party = context.source.reference(guarantor, "party")
        if party is None:
            continue
        context.source.whole(guarantor, "onHold")
        draft = Draft("GT1", TABLE)
        start, end = bounds(context, context.source.one(guarantor, "period"))
        draft.put(13, start)
        draft.put(14, end)
        if party["resourceType"] == "Organization":
            _set_organization(context, draft, party)
        elif party["resourceType"] == "Patient":
            draft.put(3, *(xpn_from(context, one) for one in context.source.items(party, "name")))
            draft.put(11, _SELF)
        else:
            _set_person(context, draft, party)
        context.restore(draft, guarantor, None if party["resourceType"] == "Patient" else party)
        drafts.append(draft)
    return drafts


def _set_organization(context: Context, draft: Draft, organization: Resource) -> None:
    source = context.source
    draft.put(21, xon_from(context, organization))
    for contact in source.items(organization, "contact"):
        if name := source.one(contact, "name"):
            draft.put(45, xpn_from(context, name))
        draft.put(46, *xtns_from(context, source.items(contact, "telecom")))
        draft.put(47, cwe_from(context, source.one(contact, "purpose"), "GT1-47"))


def _set_person(context: Context, draft: Draft, person: Resource) -> None:
    source = context.source
    source.whole(person, "patient", "active")
    for identifier in source.items(person, "identifier"):
        if is_of(identifier, "SS") and not draft.has(12):
            source.whole(identifier, "system", "type", "use", "assigner")
            draft.put(12, source.text(identifier, "value"))
        else:
            draft.put(2, cx_from(context, identifier))
    draft.put(3, *(xpn_from(context, one) for one in source.items(person, "name")))
    draft.put(5, *(xad_from(context, one) for one in source.items(person, "address")))
    put_numbers(context, draft, source.items(person, "telecom"), home=6, work=7)
    draft.put(8, birth_from(context, person, _BIRTH_TIME))
    draft.put(9, *gender_from(context, person))
    for relationship in source.items(person, "relationship")[:1]:
        role = TERMINOLOGY + "v3-RoleCode"
        draft.put(11, table_code(context, relationship, "GT1-11", RELATIONSHIP, role))
    for one in source.items(person, "communication")[:1]:
        source.whole(one, "preferred")
        draft.put(36, cwe_from(context, source.one(one, "language"), "GT1-36", LANGUAGE.table, BCP_47))
