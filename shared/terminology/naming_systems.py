"""
OID -> the URI that FHIR prefers for it: what HL7's registers say of well-known systems of identifiers and of codes.

Facts only: the numbers and names of systems, none of their content. An OID that is not here stays an OID (`urn:oid:`).

    2.16.840.1.113883.12.N    table N of HL7 v2: http://terminology.hl7.org/CodeSystem/v2-000N
    2.16.840.1.113883.5.N     a code system of HL7 v3, by name
"""

from __future__ import annotations

import re

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_SID = "http://hl7.org/fhir/sid/"
_HL7 = "2.16.840.1.113883."

# Who issues numbers of people, organizations and insurances.
IDENTIFIER_SYSTEMS = {
    f"{_HL7}4.1": f"{_SID}us-ssn",
    f"{_HL7}4.4": f"{_SID}us-ein",
    f"{_HL7}4.6": f"{_SID}us-npi",
    f"{_HL7}4.572": f"{_SID}us-medicare",
    f"{_HL7}4.927": f"{_SID}us-mbi",
    f"{_HL7}2.1.4.1": "https://fhir.nhs.uk/Id/nhs-number",
    f"{_HL7}2.4.6.3": "http://fhir.nl/fhir/NamingSystem/bsn",
    f"{_HL7}2.18.2": "https://standards.digital.health.nz/ns/nhi-id",
    "1.2.36.1.2001.1003.0": "http://ns.electronichealth.net.au/id/hi/ihi/1.0",
}
_CODE_SYSTEMS = {
    f"{_HL7}6.1": "http://loinc.org",
    f"{_HL7}6.96": "http://snomed.info/sct",
    f"{_HL7}6.8": "http://unitsofmeasure.org",
    f"{_HL7}6.3": f"{_SID}icd-10",
    f"{_HL7}6.4": "http://www.cms.gov/Medicare/Coding/ICD10",
    f"{_HL7}6.90": f"{_SID}icd-10-cm",
    f"{_HL7}6.103": f"{_SID}icd-9-cm",
    f"{_HL7}6.104": f"{_SID}icd-9-cm",
    f"{_HL7}6.139": f"{_SID}icpc-2",
    f"{_HL7}12.292": f"{_SID}cvx",
    f"{_HL7}12.227": f"{_SID}mvx",
    f"{_HL7}6.69": f"{_SID}ndc",
    f"{_HL7}4.9": "http://fdasis.nlm.nih.gov",
    f"{_HL7}6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
    f"{_HL7}6.345": "http://www.nlm.nih.gov/research/umls/medrt",
    f"{_HL7}6.209": "http://hl7.org/fhir/ndfrt",
    f"{_HL7}6.73": "http://www.whocc.no/atc",
    f"{_HL7}6.12": "http://www.ama-assn.org/go/cpt",
    f"{_HL7}6.13": "http://www.ada.org/cdt",
    f"{_HL7}6.285": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    f"{_HL7}6.101": "http://nucc.org/provider-taxonomy",
    f"{_HL7}6.301.3": "https://www.nubc.org/CodeSystem/RevenueCodes",
    f"{_HL7}3.26.1.1": "http://ncithesaurus-stage.nci.nih.gov",
    f"{_HL7}3.221.5": "https://nahdo.org/sopt",
    f"{_HL7}6.121": "urn:ietf:bcp:47",
    "1.2.840.10008.2.16.4": "http://dicom.nema.org/resources/ontology/DCM",
    "1.0.3166.1.2.2": "urn:iso:std:iso:3166",
    "1.0.3166.1.2.3": "urn:iso:std:iso:3166",
    "1.0.4217": "urn:iso:std:iso:4217",
    f"{_HL7}5.1": f"{_TERMINOLOGY}v3-AdministrativeGender",
    f"{_HL7}5.2": f"{_TERMINOLOGY}v3-MaritalStatus",
    f"{_HL7}5.4": f"{_TERMINOLOGY}v3-ActCode",
    f"{_HL7}5.7": f"{_TERMINOLOGY}v3-ActPriority",
    f"{_HL7}5.25": f"{_TERMINOLOGY}v3-Confidentiality",
    f"{_HL7}5.83": f"{_TERMINOLOGY}v3-ObservationInterpretation",
    f"{_HL7}5.90": f"{_TERMINOLOGY}v3-ParticipationType",
    f"{_HL7}5.111": f"{_TERMINOLOGY}v3-RoleCode",
    f"{_HL7}5.112": f"{_TERMINOLOGY}v3-RouteOfAdministration",
    f"{_HL7}5.1008": f"{_TERMINOLOGY}v3-NullFlavor",
    f"{_HL7}5.1076": f"{_TERMINOLOGY}v3-ReligiousAffiliation",
}
_TABLE = re.compile(r"2\.16\.840\.1\.113883\.12\.([1-9]\d{0,3})")


def system_of_oid(oid: str) -> str:
    """Return the URI of the code system with this OID."""
    if known := _CODE_SYSTEMS.get(oid):
        return known
    if table := _TABLE.fullmatch(oid):
        return f"{_TERMINOLOGY}v2-{int(table[1]):04}"
    return f"urn:oid:{oid}"


def identifiers_of_oid(oid: str) -> str:
    """Return the URI of the system of identifiers with this OID."""
    return IDENTIFIER_SYSTEMS.get(oid, f"urn:oid:{oid}")
