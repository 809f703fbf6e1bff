"""
Specimen.container -> SAC below the specimen's SPM.

    Specimen.identifier                   = SAC-1    EI    ACSN
    Specimen.accessionIdentifier          = SAC-2    EI    where the version has no SPM-30
    Specimen.container.identifier         = SAC-3    EI
    Specimen.container.capacity           = SAC-21   NM
    Specimen.container.specimenQuantity   = SAC-22   NM
    Specimen.container.capacity           = SAC-24   CWE   the unit

What was kept as sent is back in its places. Only OML has a place for it; elsewhere what SPM cannot say is reported.
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import unit_from, value_of
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)

ACCESSION = "ACSN"


def sacs_from(context: Context, specimen: Resource) -> list[Draft]:
    """Return SAC for every container of which more is known than SPM says."""
    source = context.source
    drafts = [draft for one in source.items(specimen, "container") if (draft := _sac(context, one)).fields]
    numbers = [one for one in source.items(specimen, "identifier") if is_of(one, ACCESSION)]
    accession = source.one(specimen, "accessionIdentifier")
    has_field = context.has_field("SPM", 30)
    if not drafts and (numbers or (accession is not None and not has_field)):
        drafts = [Draft("SAC", TABLE)]
    for draft in drafts[:1]:
        draft.put(1, *(ei_from(context, one) for one in numbers[:1]))
        if not has_field:
            draft.put(2, ei_from(context, accession))
    return drafts


def _sac(context: Context, container: Resource) -> Draft:
    draft = Draft("SAC", TABLE)
    source = context.source
    for identifier in source.items(container, "identifier")[:1]:
        draft.put(3, ei_from(context, identifier))
    for number, name in ((21, "capacity"), (22, "specimenQuantity")):
        quantity = source.one(container, name)
        draft.put(number, value_of(context, quantity))
        unit = unit_from(context, quantity)
        draft.put(24, unit if not draft.has(24) else None)
    context.restore(draft, container)
    return draft
