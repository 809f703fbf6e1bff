"""FHIR files as HL7 v2: the messages one after the other, dated by the bundle itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.errors import Issue
    from shared.partners.hl7v2_writing import WritingPreferences

# For a file that states no time of its own: plainly not a time at which anything was sent.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def written_messages(
    payload: bytes, receiver: WritingPreferences | None, message_type: str
) -> tuple[bytes, list[Issue]]:
    """
    Return the messages of a FHIR resource in JSON, and what they could not carry; RejectedError as the conversion's.

    An offline conversion sends nothing, and the same bytes must give the same bytes: MSH-7 is the time that the bundle
    states for itself.
    """
    from shared.conversion import convert_to_hl7v2
    from shared.partners.hl7v2_writing import NO_PREFERENCES

    content = b""
    issues: list[Issue] = []
    wishes = receiver or NO_PREFERENCES
    for message in convert_to_hl7v2(payload, message_type=message_type, receiver=wishes, sent=stated_time(payload)):
        content += message.payload
        issues += message.issues
    return content, issues


def stated_time(payload: bytes) -> datetime:
    """Return Bundle.timestamp, else Provenance.occurredDateTime or recorded; a time without a zone is none."""
    from shared.formats.fhir.encoding import parse

    try:
        bundle = parse(payload)
    except (ValueError, RecursionError):
        return NO_TIME
    entries = bundle.get("entry")
    listed = entries if isinstance(entries, list) else []
    resources = [one.get("resource") for one in listed if isinstance(one, dict)]
    sources = [one for one in resources if isinstance(one, dict) and one.get("resourceType") == "Provenance"]
    stated = [
        bundle.get("timestamp"),
        *(one.get(name) for one in sources for name in ("occurredDateTime", "recorded")),
    ]
    return next((moment for one in stated if (moment := _moment(one)) is not None), NO_TIME)


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
