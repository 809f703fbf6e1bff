"""
Code systems by the names that HL7 v2 has for them (table 0396): the way back from `systems.system_uri`.

    a system of ours   the name that receivers know best (LN, SCT, UCUM, I10C ...)
    v2-0001            HL70001
    urn:oid:1.2.3      1.2.3
    a sender's own     the name that the sender used
    any other URI      itself: `system_uri` reads it as it is
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from shared.terminology.naming_systems import IDENTIFIER_SYSTEMS
from shared.terminology.systems import LOINC, SNOMED, TERMINOLOGY, UCUM

_NAMES = {
    LOINC: "LN",
    SNOMED: "SCT",
    UCUM: "UCUM",
    "http://hl7.org/fhir/sid/icd-9-cm": "I9CDX",
    "http://hl7.org/fhir/sid/icd-10": "I10",
    "http://hl7.org/fhir/sid/icd-10-cm": "I10C",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://hl7.org/fhir/sid/mvx": "MVX",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://fdasis.nlm.nih.gov": "UNII",
    "http://www.cms.gov/Medicare/Coding/ICD10": "I10P",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS",
    "http://ncithesaurus-stage.nci.nih.gov": "NCI",
    "http://nucc.org/provider-taxonomy": "NUCC",
    "http://dicom.nema.org/resources/ontology/DCM": "DCM",
    "http://www.whocc.no/atc": "ATC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
    "http://www.ama-assn.org/go/cpt": "C4",
    "urn:oid:2.16.840.1.113883.6.238": "CDCREC",
    TERMINOLOGY + "v3-NullFlavor": "NULLFL",
    "urn:iso:std:iso:3166": "ISO3166",
    "urn:ietf:bcp:47": "ISO639",
}
_IDENTIFIERS = {uri: oid for oid, uri in IDENTIFIER_SYSTEMS.items()}
_TABLE = re.compile(re.escape(TERMINOLOGY) + r"v2-(\d{4})")
_LOCAL = "urn:corridor:codes:"


def system_name(uri: str) -> str:
    """Return what HL7 v2 calls a code system; a URI that it has no name for is its own name."""
    if known := _NAMES.get(uri):
        return known
    if table := _TABLE.fullmatch(uri):
        return f"HL7{table[1]}"
    if uri.startswith(_LOCAL):
        return unquote(uri.rpartition(":")[2])
    return uri.removeprefix("urn:oid:")


def table_system(table: str) -> str:
    """Return the URI of a table (`HL70001`)."""
    return f"{TERMINOLOGY}v2-{table.removeprefix('HL7')}"


def universal_id(uri: str) -> tuple[str, str]:
    """Return the universal id and its type (table 0301) of an identifier system; empty for no system."""
    if oid := _IDENTIFIERS.get(uri):
        return oid, "ISO"
    for prefix, kind in (("urn:oid:", "ISO"), ("urn:uuid:", "UUID")):
        if uri.startswith(prefix):
            return uri.removeprefix(prefix), kind
    return (uri, "URI") if uri else ("", "")
