"""
Specimen -> SPM.

    Specimen.identifier                   = SPM-2    EIP   PLAC and FILL; another one is the filler's
    Specimen.parent                       = SPM-3*   EIP
    Specimen.type                         = SPM-4    CWE   UNK of NullFlavor where nobody says it: it is required
    Specimen.container.additiveCodeableConcept = SPM-6*  CWE
    Specimen.collection.method            = SPM-7    CWE
    Specimen.collection.bodySite          = SPM-8    CWE
    Specimen.collection.quantity          = SPM-12   CQ
    Specimen.note                         = SPM-14*  ST    comments with neither author nor time
    Specimen.collection.extension[specialHandling] = SPM-15*  CWE
    Specimen.collection.collectedDateTime = SPM-17   DR
    Specimen.receivedTime                 = SPM-18   DTM
    Specimen.status                       = SPM-20   ID
    Specimen.condition                    = SPM-21*  CWE   of table 0490
    Specimen.condition                    = SPM-24*  CWE   all others
    Specimen.container.type               = SPM-27   CWE
    Specimen.accessionIdentifier          = SPM-30   CX    since 2.7
    Specimen.extension                    = SPM-5*   CWE   and 9, 10, 11, 16, 28, 29: kept as codes
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Component, Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from, ei_from, is_of, trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import cq_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import dr_from, dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.sac import ACCESSION, sacs_from
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.system_names import table_system

TABLE = table_of(__doc__)

_HANDLING = "http://hl7.org/fhir/StructureDefinition/specimen-specialHandling"
_FURTHER_ADDITIVE = f"{EXTENSIONS}further-additive"
_KEPT = {5: "HL70541", 10: "HL70543", 11: "HL70369", 16: "HL70489", 28: "HL70544", 29: "HL70494"}
_REJECTED = table_system("HL70490")
_AVAILABLE = {"available": "Y", "unavailable": "N"}
_UNKNOWN: Composite = ["UNK", "unknown", "NULLFL"]


def spm_from(context: Context, specimen: Resource) -> Draft:
    """Return SPM, its containers below; a specimen of which nobody tells the type is of one that is unknown."""
    draft = Draft("SPM", TABLE)
    source = context.source
    source.whole(specimen, "subject", "request")
    _set_numbers(context, draft, specimen)
    draft.put(4, cwe_from(context, source.one(specimen, "type"), "SPM-4", "HL70487") or _UNKNOWN)
    _set_collection(context, draft, source.one(specimen, "collection") or {})
    draft.put(18, dtm_from(context, specimen, "receivedTime"))
    draft.put(20, _AVAILABLE.get(source.text(specimen, "status")))
    for one in source.items(specimen, "condition"):
        rejected = any(coding.get("system") == _REJECTED for coding in one.get("coding", ()))
        table = "HL70490" if rejected else "HL70493"
        draft.put(21 if rejected else 24, cwe_from(context, one, "SPM-21" if rejected else "SPM-24", table))
    for container in source.items(specimen, "container")[:1]:
        draft.put(27, cwe_from(context, source.one(container, "type"), "SPM-27"))
        draft.put(6, cwe_from(context, source.one(container, "additiveCodeableConcept"), "SPM-6", "HL70371"))
        for further in context.extensions(container, _FURTHER_ADDITIVE):
            draft.put(6, cwe_from(context, further.get("valueCodeableConcept"), "SPM-6", "HL70371"))
    for note in source.items(specimen, "note"):
        draft.put(14, source.text(note, "text"))
    for number, table in _KEPT.items():
        _put_kept(context, draft, specimen, number, table)
    context.restore(draft, specimen)
    draft.below(*sacs_from(context, specimen))
    return draft


def _put_kept(context: Context, draft: Draft, element: Resource, number: int, table: str) -> None:
    for one in context.extensions(element, f"{EXTENSIONS}spm-{number}"):
        draft.put(number, cwe_from(context, one.get("valueCodeableConcept"), f"SPM-{number}", table))


def _set_numbers(context: Context, draft: Draft, specimen: Resource) -> None:
    source = context.source
    pair: list[Component] = ["", ""]
    for identifier in source.items(specimen, "identifier"):
        if is_of(identifier, ACCESSION):
            continue
        place = 0 if is_of(identifier, "PLAC") else 1
        if not pair[place] and not is_of(identifier, "SHIP"):
            pair[place] = _texts(ei_from(context, identifier))
        elif is_of(identifier, "SHIP") and context.has_field("SPM", 32):
            draft.put(32, ei_from(context, identifier))
        elif context.has_field("SPM", 31):
            draft.put(31, cx_from(context, identifier))
    draft.put(2, trimmed(pair) or None)
    for reference in source.items(specimen, "parent"):
        source.whole(reference, "reference", "type", "display")
        parent = source.one(reference, "identifier")
        number = _texts(ei_from(context, parent))
        draft.put(3, [number] if parent is not None and is_of(parent, "PLAC") else ["", number])
    if context.has_field("SPM", 30):
        draft.put(30, cx_from(context, source.one(specimen, "accessionIdentifier")))


def _set_collection(context: Context, draft: Draft, collection: Resource) -> None:
    source = context.source
    draft.put(7, cwe_from(context, source.one(collection, "method"), "SPM-7", "HL70488"))
    site = source.one(collection, "bodySite")
    draft.put(8, cwe_from(context, site, "SPM-8"))
    _put_kept(context, draft, site or {}, 9, "HL70542")
    draft.put(12, cq_from(context, source.one(collection, "quantity")))
    for handling in context.extensions(collection, _HANDLING):
        draft.put(15, cwe_from(context, handling.get("valueCodeableConcept"), "SPM-15", "HL70376"))
    draft.put(17, dtm_from(context, collection, "collectedDateTime"))
    draft.put(17, dr_from(context, source.one(collection, "collectedPeriod")))


def _texts(composite: Composite | None) -> list[str]:
    return [str(part) for part in composite or ()]
