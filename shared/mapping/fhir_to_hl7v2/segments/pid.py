"""
Patient -> PID.

    Patient.identifier                   = PID-3*   CX    those of PID-2 and PID-4 too; former ones where CX-8 says so
    Patient.name                         = PID-5*   XPN   aliases too
    Patient.extension[mothersMaidenName] = PID-6*   XPN   as a family name
    Patient.birthDate                    = PID-7    DTM   with extension patient-birthTime
    Patient.gender                       = PID-8    CWE
    Patient.extension[race]              = PID-10*  CWE
    Patient.address                      = PID-11*  XAD
    Patient.telecom                      = PID-13*  XTN   all but those at work
    Patient.telecom                      = PID-14*  XTN   at work
    Patient.communication                = PID-15   CWE   the preferred one, else the first
    Patient.maritalStatus                = PID-16   CWE
    Patient.extension[religion]          = PID-17   CWE
    Patient.identifier                   = PID-18   CX    an Account's, or the last of type AN; not the only number
    Patient.identifier                   = PID-19   ST    us-ssn without an assigner, where the version has the field
    Patient.identifier                   = PID-20   DLN   of type DL without a system, where the version has the field
    Patient.extension[ethnicity]         = PID-22*  CWE
    Patient.extension[birthPlace]        = PID-23   ST
    Patient.multipleBirthBoolean         = PID-24   ID
    Patient.multipleBirthInteger         = PID-25   NM
    Patient.extension[citizenship]       = PID-26*  CWE
    Patient.extension[veteranMilitaryStatus] = PID-27  CWE
    Patient.extension[nationality]       = PID-28   CWE
    Patient.deceasedDateTime             = PID-29   DTM
    Patient.deceasedBoolean              = PID-30   ID
    Patient.extension[animal]            = PID-35   CWE
    Patient.extension[animal]            = PID-36   CWE
    Patient.extension[tribalAffiliation] = PID-39*  CWE

Policy: the fields that HL7 withdrew or that mean the same (PID-2, 4, 9, 12, 40) are not written.
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.coded import back, cwe_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import put_numbers, xad_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.names import xpn_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bound_texts, dtm_from, moment_text
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.concept_maps import GENDER, MARITAL_STATUS
from shared.terminology.languages import BCP_47, LANGUAGE
from shared.terminology.person_maps import ETHNICITY, RELIGION
from shared.terminology.system_names import system_name
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_STANDARD = "http://hl7.org/fhir/StructureDefinition/patient-"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_CDC = "urn:oid:2.16.840.1.113883.6.238"
_SSN = "http://hl7.org/fhir/sid/us-ssn"
_BELONGING = (
    (26, f"{_STANDARD}citizenship", "code", "HL70171"),
    (28, f"{_STANDARD}nationality", "code", "HL70212"),
    (35, f"{_STANDARD}animal", "species", "HL70446"),
    (36, f"{_STANDARD}animal", "breed", "HL70447"),
    (39, f"{_US_CORE}tribal-affiliation", "tribalAffiliation", "HL70171"),
)
_ETHNICITY, _EXPIRES = 22, 8
_REQUIRED = frozenset({3, 5})


def pid_from(context: Context, patient: Resource) -> Draft:
    """Return PID; the number and the name of the patient are required."""
    draft = Draft("PID", TABLE, _REQUIRED)
    source = context.source
    if patient.get("active") is not False:
        source.whole(patient, "active")
    _set_identifiers(context, draft, patient)
    for name in source.items(patient, "name"):
        draft.put(5, xpn_from(context, name))
    draft.put(7, birth_from(context, patient, f"{_STANDARD}birthTime"))
    draft.put(8, *gender_from(context, patient))
    for address in source.items(patient, "address"):
        draft.put(11, xad_from(context, address))
    put_numbers(context, draft, source.items(patient, "telecom"), home=13, work=14)
    languages = sorted(source.items(patient, "communication"), key=lambda one: one.get("preferred") is not True)
    for one in languages[:1]:
        source.whole(one, "preferred")
        draft.put(15, cwe_from(context, source.one(one, "language"), "PID-15", LANGUAGE.table, BCP_47))
    status = source.one(patient, "maritalStatus")
    draft.put(16, table_code(context, status, "PID-16", MARITAL_STATUS, TERMINOLOGY + "v3-MaritalStatus"))
    _set_extensions(context, draft, patient)
    _set_belonging(context, draft, patient)
    _set_birth_and_death(context, draft, patient)
    context.restore(draft, patient)
    return draft


def gender_from(context: Context, person: Resource) -> list[str]:
    """Return the administrative gender in table 0001."""
    other = context.original_code(person, "gender")
    context.original(person, "gender")
    code = other or back(GENDER, context.source.text(person, "gender"))
    return [code] if code else []


def birth_from(context: Context, person: Resource, time_url: str) -> list[str | list[str]] | None:
    """Return the birth date, with its time where an extension has it."""
    beside = person.get("_birthDate")
    exact = context.extension(beside, time_url) if isinstance(beside, dict) else None
    date = dtm_from(context, person, "birthDate")
    if exact is not None and (text := moment_text(str(exact.get("valueDateTime", "")))):
        return [text]
    return date


def _set_identifiers(context: Context, draft: Draft, patient: Resource) -> None:
    identifiers = context.source.items(patient, "identifier")
    known = [one.get("value") for owner in context.source.all("Account") for one in owner.get("identifier", ())]
    accounts = [one for one in identifiers if is_of(one, "AN") or one.get("value") in known]
    account = accounts[-1] if accounts and len(identifiers) > 1 else None
    current = [one for one in identifiers if not _is_former(context, one)]
    for identifier in current or identifiers:
        if identifier is account:
            draft.put(18, cx_from(context, identifier))
        elif _is_plain_ssn(identifier) and _free(context, draft, 19):
            context.source.whole(identifier, "system", "type", "use", "assigner")
            draft.put(19, context.source.text(identifier, "value"))
        elif is_of(identifier, "DL") and "system" not in identifier and _free(context, draft, 20):
            context.source.whole(identifier, "type", "use", "assigner")
            issuer = str(identifier.get("assigner", {}).get("display", ""))
            _, end = bound_texts(context, identifier)
            draft.put(20, [context.source.text(identifier, "value"), issuer, end])
        else:
            draft.put(3, cx_from(context, identifier))


def _is_former(context: Context, identifier: Resource) -> bool:
    """Tell whether a number is no longer used and its CX could not say so: whoever reads it would take it as valid."""
    ended = "end" in identifier.get("period", {}) and context.in_use("CX", _EXPIRES)
    return identifier.get("use") == "old" and not ended


def _is_plain_ssn(identifier: Resource) -> bool:
    return is_of(identifier, "SS") and identifier.get("system") == _SSN and "assigner" not in identifier


def _free(context: Context, draft: Draft, number: int) -> bool:
    return context.has_field("PID", number) and not draft.has(number)


def _set_extensions(context: Context, draft: Draft, patient: Resource) -> None:
    for maiden in context.extensions(patient, f"{_STANDARD}mothersMaidenName"):
        draft.put(6, str(maiden.get("valueString", "")))
    for religion in context.extensions(patient, f"{_STANDARD}religion"):
        value = religion.get("valueCodeableConcept")
        draft.put(17, table_code(context, value, "PID-17", RELIGION, TERMINOLOGY + "v3-ReligiousAffiliation"))
    for place in context.extensions(patient, f"{_STANDARD}birthPlace"):
        address = place.get("valueAddress") or {}
        parts = [address.get(name) for name in ("city", "state", "country")]
        draft.put(23, str(address.get("text") or ", ".join(str(part) for part in parts if part)))
    for number, kind, table in ((10, "race", "HL70005"), (22, "ethnicity", "HL70189")):
        for extension in context.extensions(patient, f"{_US_CORE}{kind}"):
            draft.put(number, *_origins(extension, table))
        for extension in context.extensions(patient, f"{EXTENSIONS}{kind}"):
            found = cwe_from(context, extension.get("valueCodeableConcept"), f"PID-{number}", table)
            _replace_category(draft, number, found)


def _origins(extension: Resource, table: str) -> list[Composite]:
    """Return a race or ethnicity of US Core: its categories and their details, words for want of both."""
    parts = [one for one in extension.get("extension", ()) if isinstance(one, dict)]
    found: list[Composite] = []
    for name, system in (("ombCategory", table), ("detailed", "CDCREC")):
        for coding in (one.get("valueCoding") for one in parts if one.get("url") == name):
            if isinstance(coding, dict):
                own = system if coding.get("system") in (None, _CDC) else system_name(str(coding["system"]))
                found.append([str(coding.get("code", "")), str(coding.get("display", "")), own])
    words = [str(one.get("valueString", "")) for one in parts if one.get("url") == "text"]
    return found or [["", one] for one in words if one]


def _replace_category(draft: Draft, number: int, found: Composite | None) -> None:
    """Put a race or ethnicity as it was sent; one that only became a category of CDC's takes its place."""
    if found is None:
        return
    for category in draft.fields.get(number, []):
        if ETHNICITY.get(str(found[0])) == category[0] and number == _ETHNICITY:
            draft.fields[number].remove(category)
            break
    draft.put(number, found)


def _set_belonging(context: Context, draft: Draft, patient: Resource) -> None:
    """Set citizenship, nationality, tribe, species and breed: extensions of parts; and the veteran status."""
    for number, url, part, table in _BELONGING:
        for extension in context.extensions(patient, url):
            for one in extension.get("extension", ()):
                if one.get("url") == part:
                    draft.put(number, cwe_from(context, one.get("valueCodeableConcept"), f"PID-{number}", table))
    for veteran in context.extensions(patient, f"{EXTENSIONS}veteran-military-status"):
        draft.put(27, cwe_from(context, veteran.get("valueCodeableConcept"), "PID-27", "HL70172"))


def _set_birth_and_death(context: Context, draft: Draft, patient: Resource) -> None:
    source = context.source
    order = number_text(source.take(patient, "multipleBirthInteger"))
    draft.put(24, yes_no(source.take(patient, "multipleBirthBoolean")) or ("Y" if order else ""))
    draft.put(25, order)
    died = dtm_from(context, patient, "deceasedDateTime")
    draft.put(29, died)
    draft.put(30, yes_no(source.take(patient, "deceasedBoolean")) or ("Y" if died else ""))


def yes_no(value: object) -> str:
    """Return a boolean in table 0136, "" for none."""
    return {True: "Y", False: "N"}.get(value, "") if isinstance(value, bool) else ""
