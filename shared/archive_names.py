"""How payloads are named in the archive: by opaque identifiers of ours alone."""

from __future__ import annotations

from uuid import UUID


def received(message_id: UUID) -> str:
    """Return the name of a payload as it was received."""
    return f"received/{message_id}"


def sent(delivery_id: UUID, digest: bytes) -> str:
    """Return the name of a body as it was sent; another body for the same delivery gets another name."""
    return f"sent/{delivery_id}-{digest.hex()[:16]}"
