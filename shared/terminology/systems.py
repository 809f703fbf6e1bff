"""
Code systems: the names that HL7 v2 uses for them (table 0396) and their URIs.

Facts only: URIs and identifiers of code systems, none of their content.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from shared.terminology.naming_systems import identifiers_of_oid, system_of_oid

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
DATA_ABSENT_REASON = TERMINOLOGY + "data-absent-reason"
DATA_ABSENT_REASON_EXTENSION = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
INTERPRETATION_SYSTEM = TERMINOLOGY + "v3-ObservationInterpretation"

_SYSTEMS = {
    "LN": LOINC,
    "LOINC": LOINC,
    "SCT": SNOMED,
    "SNM": SNOMED,
    "SNOMED": SNOMED,
    "SNOMED-CT": SNOMED,
    "UCUM": UCUM,
    "I9": "http://hl7.org/fhir/sid/icd-9-cm",
    "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
    "I9CDX": "http://hl7.org/fhir/sid/icd-9-cm",
    "I9CP": "http://hl7.org/fhir/sid/icd-9-cm",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "I10P": "http://www.cms.gov/Medicare/Coding/ICD10",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "ICD-10-CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "MVX": "http://hl7.org/fhir/sid/mvx",
    "NDC": "http://hl7.org/fhir/sid/ndc",
    "UNII": "http://fdasis.nlm.nih.gov",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "C4": "http://www.ama-assn.org/go/cpt",
    "CPT": "http://www.ama-assn.org/go/cpt",
    "CPT4": "http://www.ama-assn.org/go/cpt",
    "HCPCS": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "HPC": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "NCI": "http://ncithesaurus-stage.nci.nih.gov",
    "NCIT": "http://ncithesaurus-stage.nci.nih.gov",
    "NUCC": "http://nucc.org/provider-taxonomy",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "ATC": "http://www.whocc.no/atc",
    "CDCREC": "urn:oid:2.16.840.1.113883.6.238",
    "NULLFL": TERMINOLOGY + "v3-NullFlavor",
    "ISO3166": "urn:iso:std:iso:3166",
    "ISO3166_1": "urn:iso:std:iso:3166",
    "ISO639": "urn:ietf:bcp:47",
}
_V2_TABLE = re.compile(r"(?:HL7|V2-?)?(\d{4})")
_OID = re.compile(r"(?:urn:oid:)?([0-2](?:\.(?:0|[1-9]\d*))+)")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


@lru_cache(maxsize=4096)
def system_uri(name: str, scope: str = "") -> str:
    """
    Return the URI of the code system that HL7 v2 calls `name`; "" for no name.

    A name that is nobody's but the sender's (L, 99zzz, anything that we do not know) becomes a URN within `scope`.
    """
    name = name.strip()
    if not name:
        return ""
    if known := _SYSTEMS.get(name.upper()):
        return known
    if table := _V2_TABLE.fullmatch(name.upper()):
        return f"{TERMINOLOGY}v2-{table[1]}"
    if oid := _OID.fullmatch(name):
        return system_of_oid(oid[1])
    if _URI.fullmatch(name):
        return name
    return f"urn:corridor:codes:{quote(scope, safe='-')}:{quote(name, safe='-')}"


def identifier_system(uri: str) -> str:
    """Return the system that FHIR prefers for an authority's URI (us-npi, us-ssn), else the URI itself."""
    oid = _OID.fullmatch(uri)
    return identifiers_of_oid(oid[1]) if oid else uri
