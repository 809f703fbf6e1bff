"""
Coverage, its subscriber and the employer who holds the policy -> IN2, below IN1.

    RelatedPerson.identifier      = IN2-1*   CX    of the subscriber, of type EI or EN
    RelatedPerson.identifier      = IN2-2    ST    of type SS
    Coverage.identifier           = IN2-6    ST    of type MC
    Coverage.identifier           = IN2-8    ST    of type MA
    RelatedPerson.communication   = IN2-34   CWE
    Coverage.policyHolder.contact.name    = IN2-49*  XPN
    Coverage.policyHolder.contact.telecom = IN2-50*  XTN
    Coverage.identifier           = IN2-61*  CX    of type MB
    RelatedPerson.telecom         = IN2-63*  XTN   all but those at work
    RelatedPerson.telecom         = IN2-64*  XTN   at work

What was kept as sent is back in its places.
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import put_numbers, xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.names import xpn_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.languages import BCP_47, LANGUAGE

TABLE = table_of(__doc__)

# Numbers of public insurance, and the member's own: each has a field here.
NUMBERS = {"MC": 6, "MA": 8, "MB": 61}
# An employee's number, and what table 0203 calls an employer's, which senders mix up.
EMPLOYEE = ("EI", "EN")


def in2_from(
    context: Context, coverage: Resource, subscriber: Resource | None, holder: Resource | None
) -> Draft | None:
    """Return IN2, None where nothing is known for it; `subscriber` is a RelatedPerson, `holder` an Organization."""
    draft = Draft("IN2", TABLE)
    source = context.source
    for identifier in source.items(coverage, "identifier"):
        for code, number in NUMBERS.items():
            if not is_of(identifier, code):
                continue
            if number == NUMBERS["MB"]:
                draft.put(number, cx_from(context, identifier))
            elif not draft.has(number):
                source.whole(identifier, "system", "type", "use", "assigner")
                draft.put(number, source.text(identifier, "value"))
    if subscriber is not None:
        _set_subscriber(context, draft, subscriber)
    if holder is not None:
        for contact in source.items(holder, "contact"):
            draft.put(49, xpn_from(context, source.one(contact, "name")))
            draft.put(50, *xtns_from(context, source.items(contact, "telecom")))
    context.restore(draft, coverage)
    return draft if draft.fields else None


def _set_subscriber(context: Context, draft: Draft, person: Resource) -> None:
    source = context.source
    for identifier in source.items(person, "identifier"):
        if is_of(identifier, *EMPLOYEE):
            draft.put(1, cx_from(context, identifier))
        elif is_of(identifier, "SS") and not draft.has(2):
            source.whole(identifier, "system", "type", "use", "assigner")
            draft.put(2, source.text(identifier, "value"))
    for one in source.items(person, "communication")[:1]:
        source.whole(one, "preferred")
        draft.put(34, cwe_from(context, source.one(one, "language"), "IN2-34", LANGUAGE.table, BCP_47))
    put_numbers(context, draft, source.items(person, "telecom"), home=63, work=64)
