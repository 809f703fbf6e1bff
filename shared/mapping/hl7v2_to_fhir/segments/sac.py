"""
SAC, and INV below it -> Specimen.container, Substance. The guide has no map of them: all of this is our policy.

    Specimen.identifier                   = SAC-1    EI    ACSN, of the sender outside
    Specimen.accessionIdentifier          = SAC-2    EI    where SPM-30 names another: an identifier
    Specimen.container.identifier         = SAC-3    EI
    Specimen.container.extension          = SAC-4..5   AS-SENT
    Specimen.type                         = SAC-6    AS-SENT  where SPM is silent
    Specimen.container.extension          = SAC-7    AS-SENT
    Specimen.status                       = SAC-8    AS-SENT  table 0370, where SPM is silent
    Specimen.container.extension          = SAC-9..20*  AS-SENT
    Specimen.container.capacity           = SAC-21   AS-SENT  with the unit SAC-24
    Specimen.container.specimenQuantity   = SAC-22   AS-SENT  with the unit SAC-24
    Specimen.collection.quantity          = SAC-23   AS-SENT  with the unit SAC-24, where SPM is silent
    Specimen.container.extension          = SAC-24..26  AS-SENT
    Specimen.container.additiveCodeableConcept = SAC-27*  CWE  the first, unless SPM-6 names one; others in extensions
    Specimen.container.extension          = SAC-28..50*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei, identifier_type
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity, unit_of
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.order_maps import SPECIMEN_STATUS_BY_CONTAINER

TABLE = table_of(__doc__)


def specimen_without_spm(context: Context, sac: Segment, owner: str) -> Resource:
    """Return the Specimen of a container that no SPM describes; `owner` names the message or report it came with."""
    for number in (4, 3, 2):
        if value := sac.text(number):
            return context.add("Specimen", "container", context.scope, sac.text(number, 2), value)
    return context.add("Specimen", "report", context.scope, owner)


def add_sac(context: Context, specimen: Resource, sac: Segment) -> Resource:
    """Add the container to the specimen and return it."""
    container = _container(specimen)
    if number := identifier_from_ei(context, sac.first(3)):
        container["identifier"] = [number]
    append(specimen, "identifier", identifier_from_ei(context, sac.first(1), "ACSN"))
    accession = identifier_from_ei(context, sac.first(2))
    if accession and specimen.setdefault("accessionIdentifier", accession) != accession:
        append(specimen, "identifier", {"type": identifier_type("ACSN"), **accession})
    if "type" not in specimen and (kind := concept(context, sac, 6, "HL70070")):
        specimen["type"] = kind
    if "status" not in specimen and (status := SPECIMEN_STATUS_BY_CONTAINER.get(sac.text(8))):
        specimen["status"] = status
    _set_volumes(context, specimen, container, sac)
    for additive in concepts(context, sac, 27, "HL70371"):
        if container.setdefault("additiveCodeableConcept", additive) != additive:
            append(container, "extension", {"url": f"{EXTENSIONS}further-additive", "valueCodeableConcept": additive})
    carry_into(context, container, sac, TABLE)
    for place in (1, 2, 3):
        if sac.first(place) and not sac.text(place):
            carry_field(container, sac, place)
    return container


def drop_empty(specimen: Resource) -> None:
    """Take away a container of which nothing is said: FHIR knows no empty elements."""
    if kept := [container for container in specimen.pop("container", ()) if container]:
        specimen["container"] = kept


def _container(specimen: Resource) -> Resource:
    """Return the container to fill: the one that SPM described, while it has no number; else another one."""
    containers: list[Resource] = specimen.setdefault("container", [])
    if not containers or "identifier" in containers[-1]:
        containers.append({})
    return containers[-1]


def _set_volumes(context: Context, specimen: Resource, container: Resource, sac: Segment) -> None:
    unit = unit_of(context, sac.first(24))
    for number, element in ((21, "capacity"), (22, "specimenQuantity")):
        if (volume := decimal(sac.text(number))) is not None:
            container[element] = quantity(volume, unit)
    first = decimal(sac.text(23))
    if first is not None and "quantity" not in specimen.get("collection", {}):
        specimen.setdefault("collection", {})["quantity"] = quantity(first, unit)
