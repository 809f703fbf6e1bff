"""
CON -> Consent, of the patient (no map in the guide: our policy).

A consent that is not known to hold is a draft, which nobody is to act upon; its scope is not said by any field.

    [dropped]                 = CON-1       numbers the segment
    Consent.category          = CON-2       CWE
    Consent.policyRule        = CON-3       ST    which form, in which version
    Consent.identifier        = CON-4       EI
    Consent.extension         = CON-5..10*  AS-SENT
    Consent.status            = CON-11      CWE   table 0498; no translation: draft, original-code; words: extension
    Consent.extension         = CON-12      AS-SENT  when it was discussed
    Consent.dateTime          = CON-13      DTM   when it was decided
    Consent.provision.period  = CON-14      DTM
    Consent.provision.period  = CON-15      DTM
    Consent.extension         = CON-16..23* AS-SENT
    Consent.performer         = CON-24*     XPN   whole in an extension; its words are the performer's
    Consent.extension         = CON-25      AS-SENT  table 0548; 1, self: the performer is the patient
    Consent.extension         = CON-26..27* AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, extend, original_code, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import absent_concept, concept
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import entity_key, identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.terminology.care_maps import CONSENT_STATUS
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_SELF = "1"


def consent_from_con(context: Context, con: Segment, patient: Resource) -> Resource:
    """Return the Consent of a patient; its number, else patient, type and form, are its business key."""
    context.claim(con, TABLE)
    form = con.field(3).text()
    key = entity_key(context, con.first(4)) or (str(patient["id"]), con.text(2), form)
    consent = context.add("Consent", *key)
    consent["status"] = "draft"
    consent["scope"] = absent_concept()
    consent["category"] = [concept(context, con, 2, "HL70496") or absent_concept()]
    consent["patient"] = reference(patient)
    append(consent, "identifier", identifier_from_ei(context, con.first(4)))
    consent["policyRule"] = {"text": form} if form.strip() else absent_concept()
    _set_status(context, consent, con)
    put_date_time(context, consent, "dateTime", con, 13)
    period: Resource = {}
    put_date_time(context, period, "start", con, 14)
    put_date_time(context, period, "end", con, 15)
    if period:
        consent["provision"] = {"period": period}
    _set_performers(context, consent, con, patient)
    carry(context, consent, con, TABLE)
    return consent


def _set_status(context: Context, consent: Resource, con: Segment) -> None:
    code = con.text(11)
    if status := CONSENT_STATUS.get(code):
        consent["status"] = status
    elif code:
        extend(consent, "status", original_code(TERMINOLOGY + "v2-0498", code))
        text = "The status is not in table 0498, or has no place in FHIR: a draft."
        context.report("warning", "code-invalid", "unmapped-code", con.location(11), text)
    if con.raw(11) != code:
        carry_field(consent, con, 11)


def _set_performers(context: Context, consent: Resource, con: Segment, patient: Resource) -> None:
    for repetition in con.repetitions(24):
        family, given, further = (repetition.subcomponent(number, 1) for number in (1, 2, 3))
        if words := " ".join(part for part in (given, further, family) if part):
            append(consent, "performer", {"display": words})
    if con.text(25) == _SELF:
        first = consent.setdefault("performer", [{}])[0]
        consent["performer"][0] = {**reference(patient), **first}
    carry_field(consent, con, 24)
