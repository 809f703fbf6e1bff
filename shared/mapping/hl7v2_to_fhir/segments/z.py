"""
Z-segments -> extensions, as far as the partner file maps their fields; the rest is reported as unknown.

The mapping is the partner's: `z-fields` names the field, the resource type and the extension.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.coverage import FieldTable, Rule
from shared.mapping.hl7v2_to_fhir.context import Context, append


def map_z_segments(context: Context, segments: list[Segment]) -> None:
    """Put the mapped fields of the Z-segments among `segments` into extensions."""
    fields = context.partner.z_fields
    for segment in segments if fields else ():
        rules: dict[int, Rule] = {}
        for number in range(1, len(segment.fields)):
            extension = fields.get(f"{segment.name}-{number}")
            text = "~".join(one.text() for one in segment.repetitions(number)) if extension else ""
            targets = [one for one in context.resources if extension and one["resourceType"] == extension.resource]
            if extension is None or not text.strip() or not targets:
                continue
            rules[number] = Rule((f"{extension.resource}.extension",), "", "AS-SENT", repeats=True)
            for resource in targets:
                append(resource, "extension", {"url": extension.url, "valueString": text})
        if rules:
            context.claim(segment, FieldTable(segment.name, rules))
