"""
Immunization -> ORC, RXA and RXR.

    Immunization.identifier            = ORC-2    EI    PLAC (table of `orc`)
    Immunization.occurrenceDateTime    = RXA-3    DTM
    Immunization.extension             = RXA-4    AS-SENT  else RXA-3 again
    Immunization.vaccineCode           = RXA-5    CWE
    Immunization.doseQuantity          = RXA-6    NM    999 where the amount is not known
    Immunization.doseQuantity          = RXA-7    CWE
    Immunization.primarySource         = RXA-9*   CWE   00 of NIP001; reportOrigin, else 01; notes as words
    Immunization.performer             = RXA-10*  XCN   AP, or without a function
    Immunization.location              = RXA-11   LA2   until 2.5.1
    Immunization.lotNumber             = RXA-15   ST
    Immunization.expirationDate        = RXA-16   DTM
    Immunization.manufacturer          = RXA-17   CWE
    Immunization.statusReason          = RXA-18   CWE
    Immunization.reasonCode            = RXA-19*  CWE
    Immunization.status                = RXA-20   ID    table 0322
    Immunization.status                = RXA-21   ID    D where it is entered in error, else A
    Immunization.recorded              = RXA-22   DTM
    Immunization.location              = RXA-27   PL    since 2.6
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Component, Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import codes_from, cwe_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xad_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from, is_of, trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.places import pl_from
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import unit_from, value_of
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments import orc as order_segment
from shared.mapping.fhir_to_hl7v2.segments.msh import agents
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.medication_maps import REPORT_ORIGIN, ROUTE, UNKNOWN_AMOUNT
from shared.terminology.system_names import system_name, table_system
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_REQUIRED = frozenset({3, 5})
_STATUS = {"completed": "CP", "not-done": "NA"}
_ACT_REASON, _OBJECTION = TERMINOLOGY + "v3-ActReason", "PATOBJ"
_SOURCES, _HISTORICAL, _UNSPECIFIED = "NIP001", "Historical information", "01"
_NEW: Composite = ["00", "New immunization record", _SOURCES]
_ACT_SITE = TERMINOLOGY + "v3-ActSite"
_LA2_ADDRESS, _LA2_PLACE = 6, 8


def orc_of(context: Context, immunization: Resource) -> Draft:
    """Return the ORC of an immunization."""
    draft = Draft("ORC", order_segment.TABLE)
    draft.put(1, "RE")
    for identifier in context.source.items(immunization, "identifier"):
        number = 2 if is_of(identifier, "PLAC") else 4 if is_of(identifier, "PGN") else 3
        if not draft.has(number):
            draft.put(number, ei_from(context, identifier))
    provenance = context.source.provenance
    for number, role in ((10, "enterer"), (11, "verifier")):
        for agent in agents(context, provenance, role):
            draft.put(number, *xcns_from(context, agent, "who"))
    context.forget_others(draft)
    draft.put(12, *_performers(context, immunization, "OP"))
    context.restore(draft, immunization)
    return draft


def rxa_from(context: Context, immunization: Resource) -> Draft:
    """Return RXA; the vaccine and when it was given are required."""
    draft = Draft("RXA", TABLE, _REQUIRED)
    source = context.source
    source.whole(immunization, "patient", "encounter", "isSubpotent")
    draft.put(1, "0")
    draft.put(2, "1")
    draft.put(3, dtm_from(context, immunization, "occurrenceDateTime"))
    draft.put(3, source.text(immunization, "occurrenceString") if not draft.has(3) else None)
    draft.put(5, cwe_from(context, source.one(immunization, "vaccineCode"), "RXA-5"))
    dose = source.one(immunization, "doseQuantity")
    draft.put(6, value_of(context, dose))
    draft.put(7, unit_from(context, dose))
    _set_source(context, draft, immunization)
    draft.put(10, *_performers(context, immunization, "AP"))
    _set_place(context, draft, immunization)
    draft.put(15, source.text(immunization, "lotNumber"))
    draft.put(16, dtm_from(context, immunization, "expirationDate"))
    draft.put(17, _manufacturer(context, source.named(immunization, "manufacturer", "Organization")))
    refused = _is_refused(immunization)
    draft.put(18, cwe_from(context, source.one(immunization, "statusReason"), "RXA-18") if refused else None)
    draft.put(19, *codes_from(context, immunization, "reasonCode", "RXA-19"))
    status = source.text(immunization, "status")
    partial = immunization.get("isSubpotent") is True and status == "completed"
    known = "PA" if partial else "RE" if refused else _STATUS.get(status)
    draft.put(20, context.original_code(immunization, "status") or known)
    draft.put(21, "D" if status == "entered-in-error" else "A")
    draft.put(22, dtm_from(context, immunization, "recorded"))
    context.restore(draft, immunization)
    draft.default(6, UNKNOWN_AMOUNT)
    if not draft.has(4) and draft.has(3):
        draft.fields[4] = draft.fields[3]
    return draft


def _is_refused(immunization: Resource) -> bool:
    """Tell whether a vaccine was refused: not done for a reason that is no medical one and no lack of stock."""
    codings = immunization.get("statusReason", {}).get("coding", ())
    others = [one for one in codings if one.get("system") != _ACT_REASON or one.get("code") == _OBJECTION]
    words = immunization.get("statusReason", {}).get("text") and not codings
    return immunization.get("status") == "not-done" and bool(others or words)


def rxr_from(context: Context, immunization: Resource) -> Draft | None:
    """Return RXR, None where neither route nor site is known."""
    draft = Draft("RXR", TABLE)
    route = context.source.one(immunization, "route")
    draft.put(1, table_code(context, route, "RXR-1", ROUTE, TERMINOLOGY + "v3-RouteOfAdministration"))
    draft.put(2, _site(context, context.source.one(immunization, "site")))
    context.restore(draft, immunization)
    return draft if draft.fields else None


def _site(context: Context, site: Resource | None) -> Composite | None:
    """Return where on the body: the codes of v3's ActSite are those of table 0163."""
    known = context.definitions.codes("0163") or ()
    codings = [one for one in (site or {}).get("coding", ()) if one.get("system") == _ACT_SITE]
    if site is not None and len(site.get("coding", ())) == 1 and codings and codings[0].get("code") in known:
        context.source.whole(site, "coding")
        site = {**site, "coding": [{**codings[0], "system": table_system("HL70163")}]}
    return cwe_from(context, site, "RXR-2", "HL70163")


def _performers(context: Context, immunization: Resource, code: str) -> list[Composite | None]:
    found: list[Composite | None] = []
    for performer in context.source.items(immunization, "performer"):
        codes = [one.get("code") for one in performer.get("function", {}).get("coding", ())]
        if code in codes or (code == "AP" and "OP" not in codes):
            people = xcns_from(context, performer, "actor")
            if any(people):
                context.source.whole(performer, "function")
            found += people
    return found


def _set_source(context: Context, draft: Draft, immunization: Resource) -> None:
    source = context.source
    primary = source.take(immunization, "primarySource")
    told = source.one(immunization, "reportOrigin")
    origin = table_code(context, told, "RXA-9", REPORT_ORIGIN, TERMINOLOGY + "immunization-origin")
    if origin is not None and len(origin) == 1:
        origin = [*origin, _HISTORICAL, _SOURCES]
    unknown: Composite | None = [_UNSPECIFIED, _HISTORICAL, _SOURCES] if primary is False else None
    draft.put(9, _NEW if primary is True else origin or unknown)
    for note in source.items(immunization, "note"):
        words = source.text(note, "text")
        if words and not (primary is True and words == _NEW[1]):
            draft.put(9, ["", words])


def _set_place(context: Context, draft: Draft, immunization: Resource) -> None:
    source = context.source
    place = source.named(immunization, "location", "Location")
    address = source.one(place, "address") if place is not None else None
    found, where = pl_from(context, place), xad_from(context, address)
    if context.has_field("RXA", 27):
        draft.put(27, found)
        draft.put(28, where)
        return
    parts: list[Component] = [*(found or []), *[""] * _LA2_PLACE][:_LA2_PLACE]
    lines = [part[0] if isinstance(part, list) else part for part in (where or [])[:_LA2_ADDRESS]]
    draft.put(11, trimmed([*parts, *lines]) or None)


def _manufacturer(context: Context, organization: Resource | None) -> Composite | None:
    if organization is None:
        return None
    source = context.source
    name = source.text(organization, "name")
    for identifier in source.items(organization, "identifier")[:1]:
        source.whole(identifier, "type", "use", "assigner")
        system, value = source.text(identifier, "system"), source.text(identifier, "value")
        return trimmed([value, name if name != value else "", system_name(system) if system else ""])
    return ["", name] if name else None
