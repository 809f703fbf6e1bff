"""
ChargeItem -> FT1.

    ChargeItem.identifier           = FT1-2    CX    ST before 2.8
    ChargeItem.occurrenceDateTime   = FT1-4    DR
    ChargeItem.enteredDate          = FT1-5    DTM
    ChargeItem.status               = FT1-6    CWE   as sent in extension transaction-type; else CG
    ChargeItem.code                 = FT1-7    CWE
    ChargeItem.note                 = FT1-8    ST    until 2.7
    ChargeItem.quantity             = FT1-10   NM
    ChargeItem.priceOverride        = FT1-11   CP
    ChargeItem.costCenter           = FT1-13   CWE   the Organization's number and name
    ChargeItem.reason               = FT1-19*  CWE
    ChargeItem.performer            = FT1-20*  XCN
    ChargeItem.performer            = FT1-21*  XCN   ordered by
    ChargeItem.identifier           = FT1-23   EI    FILL
    ChargeItem.enterer              = FT1-24   XCN
    Procedure.code                  = FT1-25   CWE   of a procedure with no more to it than its code
    Procedure.code.extension        = FT1-26*  CWE
    ChargeItem.productCodeableConcept = FT1-29 CWE
    ChargeItem.performingOrganization = FT1-32 XON
    ChargeItem.requestingOrganization = FT1-33 XON
    ChargeItem.supportingInformation = FT1-42  ST    the number of a prescription
    ChargeItem.extension[product-quantity] = FT1-43  CQ
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.actors import coded_party, xcns_from, xons_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import codes_from, cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from, ei_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import cq_from, value_of
from shared.mapping.fhir_to_hl7v2.datatypes.times import dr_from, dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.pr1 import pr1_from
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)

_REQUIRED = frozenset({4, 7})
_CHARGE = "CG"
# A procedure of which no more is known is the charge's code, not one that PR1 reports.
_CODE_ALONE = frozenset(("resourceType", "id", "meta", "status", "code", "subject", "encounter"))
_MODIFIER = f"{EXTENSIONS}modifier"


def ft1_from(context: Context, charge: Resource) -> Draft:
    """Return FT1; what is charged, and when it was, are required."""
    draft = Draft("FT1", TABLE, _REQUIRED)
    source = context.source
    source.whole(charge, "subject", "context", "account", "status")
    for identifier in source.items(charge, "identifier"):
        if is_of(identifier, "FILL"):
            draft.put(23, ei_from(context, identifier))
        elif not draft.has(2):
            draft.put(2, cx_from(context, identifier))
    draft.put(4, dtm_from(context, charge, "occurrenceDateTime"))
    draft.put(4, dr_from(context, source.one(charge, "occurrencePeriod")))
    draft.put(5, dtm_from(context, charge, "enteredDate"))
    for kind in context.extensions(charge, f"{EXTENSIONS}transaction-type"):
        draft.put(6, cwe_from(context, kind.get("valueCodeableConcept"), "FT1-6", "HL70017"))
    draft.default(6, _CHARGE)
    _set_codes(context, draft, charge)
    if context.has_field("FT1", 8):
        for number, note in zip((8, 9), source.items(charge, "note"), strict=False):
            draft.put(number, source.text(note, "text"))
    draft.put(10, value_of(context, source.one(charge, "quantity")))
    if price := source.one(charge, "priceOverride"):
        draft.put(11, [[number_text(source.take(price, "value")), source.text(price, "currency")]])
    draft.put(19, *codes_from(context, charge, "reason", "FT1-19", "HL70051"))
    for performer in source.items(charge, "performer"):
        function = source.one(performer, "function") or {}
        number = 21 if source.text(function, "text") == "ordered by" else 20
        draft.put(number, *xcns_from(context, performer, "actor"))
    draft.put(24, *xcns_from(context, charge, "enterer"))
    _set_product(context, draft, charge)
    draft.put(13, coded_party(context, source.named(charge, "costCenter", "Organization")))
    draft.put(32, *xons_from(context, charge, "performingOrganization"))
    draft.put(33, *xons_from(context, charge, "requestingOrganization"))
    context.restore(draft, charge)
    return draft


def _set_product(context: Context, draft: Draft, charge: Resource) -> None:
    source = context.source
    draft.put(29, cwe_from(context, source.one(charge, "productCodeableConcept"), "FT1-29", "HL70549"))
    for support in source.items(charge, "supportingInformation"):
        if support.get("type") == "MedicationRequest" and isinstance(support.get("identifier"), dict):
            source.whole(support, "type")
            draft.put(42, source.text(source.one(support, "identifier") or {}, "value"))
    for amount in context.extensions(charge, f"{EXTENSIONS}product-quantity"):
        draft.put(43, cq_from(context, amount.get("valueQuantity")))


def _set_codes(context: Context, draft: Draft, charge: Resource) -> None:
    """Set what is charged, and the procedure that it is for: one code in FT1-25, those with more to them in PR1."""
    source = context.source
    code = source.one(charge, "code")
    services = [one for _, one in source.references(charge, "service") if one and one["resourceType"] == "Procedure"]
    coded = [one for one in services if one.keys() <= _CODE_ALONE]
    procedure = coded[-1] if coded else None
    draft.below(*(pr1_from(context, one) for one in services if one is not procedure))
    done = source.one(procedure, "code") if procedure is not None else None
    if procedure is not None:
        source.whole(procedure, "status", "subject", "encounter")
        draft.put(25, cwe_from(context, done, "FT1-25", "HL70088"))
    for holder in (code, done):
        for modifier in context.extensions(holder or {}, _MODIFIER):
            draft.put(26, cwe_from(context, modifier.get("valueCodeableConcept"), "FT1-26", "HL70340"))
    draft.put(7, cwe_from(context, code, "FT1-7", "HL70132"))
