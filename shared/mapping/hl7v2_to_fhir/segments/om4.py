"""
OM4 -> SpecimenDefinition: what a test needs (policy: the guide has no map for master files).

    SpecimenDefinition.extension                          = OM4-1    AS-SENT
    SpecimenDefinition.typeTested.isDerived               = OM4-2    AS-SENT  Y or N
    SpecimenDefinition.typeTested.container.description   = OM4-3*   AS-SENT
    SpecimenDefinition.typeTested.container.capacity      = OM4-4*   AS-SENT  the first
    SpecimenDefinition.typeTested.container.capacity      = OM4-5*   AS-SENT  the first
    SpecimenDefinition.typeCollected                      = OM4-6    CWE
    SpecimenDefinition.typeTested.container.additive      = OM4-7*   CWE
    SpecimenDefinition.typeTested.container.preparation   = OM4-8    ST
    SpecimenDefinition.typeTested.handling.instruction    = OM4-9    ST
    SpecimenDefinition.extension                          = OM4-10   AS-SENT
    SpecimenDefinition.typeTested.container.minimumVolume = OM4-11   AS-SENT
    SpecimenDefinition.typeTested.requirement             = OM4-12   ST
    SpecimenDefinition.extension                          = OM4-13..15*  AS-SENT
    SpecimenDefinition.typeTested.preference              = OM4-16   AS-SENT  P or A; silent: preferred
    SpecimenDefinition.extension                          = OM4-17..18*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity, quantity_from_cq, unit_of
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.master_file_maps import SPECIMEN_PREFERENCE, YES_NO

TABLE = table_of(__doc__)


def add_om4(context: Context, definition: Resource, om4: Segment) -> None:
    """Add a specimen to the definition of a test: R4 has no element for it there, an extension refers to it."""
    specimen = context.add("SpecimenDefinition", str(definition["id"]), om4.text(6) or om4.text(6, 2))
    if kind := concept(context, om4, 6):
        specimen["typeCollected"] = kind
    tested: Resource = {"preference": SPECIMEN_PREFERENCE.get(om4.text(16)) or "preferred"}
    if (derived := YES_NO.get(om4.text(2))) is not None:
        tested["isDerived"] = derived == "true"
    if container := _container(context, om4):
        tested["container"] = container
    if text := _text(om4, 12):
        tested["requirement"] = text
    if text := _text(om4, 9):
        tested["handling"] = [{"instruction": text}]
    specimen["typeTested"] = [tested]
    carry_into(context, specimen, om4, TABLE)
    url = f"{EXTENSIONS}specimen-definition"
    append(definition, "extension", {"url": url, "valueReference": reference(specimen)})


def _container(context: Context, om4: Segment) -> Resource:
    container: Resource = {}
    if text := _text(om4, 3):
        container["description"] = text
    volume = decimal(om4.field(4).text())
    if volume is not None:
        container["capacity"] = quantity(volume, unit_of(context, om4.first(5)))
    minimum = quantity_from_cq(context, om4.first(11))
    if minimum is not None and "value" in minimum:
        container["minimumVolumeQuantity"] = minimum
    for additive in concepts(context, om4, 7, "HL70371"):
        append(container, "additive", {"additiveCodeableConcept": additive})
    if text := _text(om4, 8):
        container["preparation"] = text
    return container


def _text(om4: Segment, number: int) -> str:
    first = om4.first(number)
    return first.text().strip() if first is not None else ""
