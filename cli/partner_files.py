"""The partner that a command was given: a name of ours, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from shared.partners.hl7v2_writing import WritingPreferences
    from shared.partners.model import Partner, Sender

_PARTNERS = Path(__file__).resolve().parents[1] / "partners"


def sender_of(partner: str | None) -> Sender | None:
    """Return what a partner sends, None when none is given; wrong usage when it sends nothing or is unknown."""
    if partner is None:
        return None
    sender = _read(partner).sends
    if sender is None:
        raise click.UsageError(f"{partner} sends nothing")
    return sender


def writing_preferences_of(partner: str | None) -> WritingPreferences:
    """Return how a partner wants its HL7 v2, the usual way when none is given; wrong usage as `sender_of`."""
    from shared.partners.hl7v2_writing import NO_PREFERENCES

    if partner is None:
        return NO_PREFERENCES
    receiver = _read(partner).receives
    if receiver is None:
        raise click.UsageError(f"{partner} receives nothing")
    return receiver.hl7v2


def _read(partner: str) -> Partner:
    from shared.partners.reading import read_partner
    from shared.validation.partner_files import check_partner

    file = Path(partner) if partner.endswith((".yaml", ".yml")) else _PARTNERS / f"{partner}.yaml"
    if not file.is_file():
        raise click.UsageError(f"no such partner: {partner}")
    found = read_partner(file)
    check_partner(found)
    return found
