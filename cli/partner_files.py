"""The partner that a command was given: a name of ours, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from shared.partners.model import Sender

_PARTNERS = Path(__file__).resolve().parents[1] / "partners"


def sender_of(partner: str | None) -> Sender | None:
    """Return what a partner sends, None when none is given; wrong usage when it sends nothing or is unknown."""
    from shared.partners.reading import read_partner

    if partner is None:
        return None
    file = Path(partner) if partner.endswith((".yaml", ".yml")) else _PARTNERS / f"{partner}.yaml"
    if not file.is_file():
        raise click.UsageError(f"no such partner: {partner}")
    sender = read_partner(file).sends
    if sender is None:
        raise click.UsageError(f"{partner} sends nothing")
    return sender
