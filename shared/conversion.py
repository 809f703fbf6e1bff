"""
The public face of conversion: bytes in, FHIR R4 out, with an account of every field.

    for conversion in convert(payload, source="hl7v2", to="fhir", partner=profile, received=instant):
        conversion.bundle, conversion.coverage, conversion.issues

Pure: the same payload, profile and instant give the same bundles. A new message type is a new module of maps and a
line in the registry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.errors import Issue
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.parse import parse, split_batch
from shared.mapping.coverage import Coverage
from shared.mapping.hl7v2_to_fhir.bundles import BundleKind
from shared.mapping.hl7v2_to_fhir.registry import map_message
from shared.partners.profile import PartnerProfile

Source = Literal["hl7v2"]
Target = Literal["fhir"]


@dataclass(frozen=True, slots=True)
class Conversion:
    """One message converted. `item` counts from 1 within a batch; `mapping` names the map and its version."""

    bundle: dict[str, Any]
    coverage: Coverage
    issues: tuple[Issue, ...]
    message: Message
    mapping: str
    item: int


def convert(
    payload: bytes,
    *,
    source: Source,
    to: Target = "fhir",
    partner: PartnerProfile | None = None,
    received: datetime,
    bundle: BundleKind = "transaction",
) -> Iterator[Conversion]:
    """
    Yield the conversion of every message in the payload, in its order.

    RejectedError when a message cannot be read; it says where. A message of a type that has no map, or with a code
    that no map knows, converts all the same and says so in its issues. A batch stops at the first item that cannot be
    read: split it first (`shared.formats.hl7v2.parse.split_batch`) to let the others go on. `bundle` is the kind of
    Bundle. `source` and `to` have one value each so far.
    """
    if received.tzinfo is None:
        raise ValueError("`received` needs a zone")
    charset = partner.default_charset if partner is not None else None
    for item, content in enumerate(split_batch(payload), start=1):
        message = parse(content, default_charset=charset)
        yield convert_message(message, partner=partner, received=received, item=item, bundle=bundle)


def convert_message(
    message: Message,
    *,
    partner: PartnerProfile | None = None,
    received: datetime,
    item: int = 1,
    bundle: BundleKind = "transaction",
) -> Conversion:
    """Return the conversion of a message that is parsed already; errors as `convert`."""
    mapped = map_message(message, partner, received, bundle)
    return Conversion(
        bundle=mapped.bundle,
        coverage=mapped.coverage,
        issues=mapped.issues,
        message=message,
        mapping=mapped.mapping,
        item=item,
    )
