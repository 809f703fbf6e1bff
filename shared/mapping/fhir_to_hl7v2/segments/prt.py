"""
PractitionerRole, Location, Device -> PRT: somebody's, or something's, part in a patient's care, an order or a result.

    PractitionerRole.identifier    = PRT-1*  EI
    PractitionerRole.active        = PRT-2   ID    D where it is not; else as sent, else AD
    PractitionerRole.code          = PRT-4   CWE   table 0912
    PractitionerRole.practitioner  = PRT-5*  XCN
    PractitionerRole.specialty     = PRT-6   CWE
    Organization.type              = PRT-7   CWE
    PractitionerRole.organization  = PRT-8*  XON
    PractitionerRole.location      = PRT-9*  PL    or the Location itself
    Device.identifier              = PRT-10* EI
    PractitionerRole.period.start  = PRT-11  DTM
    PractitionerRole.period.end    = PRT-12  DTM
    Practitioner.address           = PRT-14* XAD
    PractitionerRole.telecom       = PRT-15* XTN

Policy: as for ROL, a part of which nobody tells the kind is of one that is unknown.
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import person_of, xcns_from, xons_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import codes_from
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xad_from, xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from
from shared.mapping.fhir_to_hl7v2.datatypes.places import pl_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.rol import UNKNOWN, code_of, set_action
from shared.mapping.fhir_to_hl7v2.structure import stands_after
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.visit_maps import PARTICIPATION

TABLE = table_of(__doc__)

EQUIPMENT: Composite = ["EQUIP", "Equipment", "HL70912"]
_DEVICE = f"{EXTENSIONS}device"
_KEPT = f"{EXTENSIONS}prt-"


def prt_from(context: Context, actor: Resource, kind: Composite | None = None) -> Draft:
    """Return PRT of a role, a place or a device; `kind` goes before its own."""
    draft = Draft("PRT", TABLE)
    if actor["resourceType"] == "PractitionerRole":
        draft.put(4, kind or code_of(context, actor, "PRT-4", PARTICIPATION))
        _set_role(context, draft, actor)
    elif actor["resourceType"] == "Location":
        draft.put(9, pl_from(context, actor))
    else:
        _set_device(context, draft, actor)
    context.restore(draft, actor)
    set_action(context, draft, actor, deleted="D")
    draft.fields.setdefault(4, [EQUIPMENT if actor["resourceType"] == "Device" else UNKNOWN])
    return draft


def _set_role(context: Context, draft: Draft, role: Resource) -> None:
    source = context.source
    draft.put(1, *(ei_from(context, one) for one in source.items(role, "identifier")))
    draft.put(5, *xcns_from(context, role, "practitioner"))
    draft.put(6, *codes_from(context, role, "specialty", "PRT-6"))
    draft.put(8, *xons_from(context, role, "organization"))
    for _, organization in source.references(role, "organization"):
        draft.put(7, *codes_from(context, organization or {}, "type", "PRT-7", "HL70406"))
    draft.put(9, *(pl_from(context, one) for _, one in source.references(role, "location")))
    for extension in context.extensions(role, _DEVICE):
        for _, device in source.references(extension, "valueReference"):
            _set_device(context, draft, device or {})
    start, end = bounds(context, source.one(role, "period"))
    draft.put(11, start)
    draft.put(12, end)
    draft.put(14, *(xad_from(context, one) for one in source.items(person_of(context, role) or {}, "address")))
    draft.put(15, *xtns_from(context, source.items(role, "telecom")))


def _set_device(context: Context, draft: Draft, device: Resource) -> None:
    draft.put(10, *(ei_from(context, one) for one in context.source.items(device, "identifier")))


def prts_from(context: Context, parent: str, actors: list[Resource]) -> list[Draft]:
    """Return PRT of the actors that came in one, where the structure has it after `parent`."""
    once = {id(one): one for one in actors if in_prt(context, parent, one)}
    return [prt_from(context, one) for one in once.values()]


def prts_of_things(context: Context, parent: str, actors: list[Resource]) -> list[Draft]:
    """Return PRT of the places and devices, where the structure has it after `parent`."""
    things = [one for one in actors if one["resourceType"] in ("Location", "Device")]
    return [prt_from(context, one) for one in things] if stands_after(context, parent, "PRT") else []


def in_prt(context: Context, parent: str, actor: Resource | None) -> bool:
    """Tell whether an actor came in a PRT and can go back in one after `parent`."""
    kept = actor.get("extension", ()) if actor is not None else ()
    came = any(str(one.get("url", "")).startswith(_KEPT) for one in kept)
    return came and stands_after(context, parent, "PRT")


def actors_of(context: Context, element: Resource | None, *names: str) -> list[Resource]:
    """Return the resources that elements refer to; nothing is counted as read."""
    found = []
    for name in names if element is not None else ():
        value = (element or {}).get(name)
        references = value if isinstance(value, list) else [value]
        found += [context.source.find(one) for one in references if isinstance(one, dict)]
    return [one for one in found if one is not None]
