"""
Which identifier stands for a patient: what streams, leases and fences hang on (our policy).

The medical record number (type MR) where there is one, else the first. An identifier without an assigning authority is
the partner's own; a partner file may say which authority a name means.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.formats.hl7v2.envelope import Envelope, Identifier
from shared.partners.model import Sender


def patient_identity(envelope: Envelope, partner: str, sender: Sender) -> Identifier | None:
    """Return the identifier that stands for the message's patient; None of a message without one."""
    return identity_of(envelope.patient_identifiers, partner, sender)


def prior_identities(envelope: Envelope, partner: str, sender: Sender) -> tuple[Identifier, ...]:
    """Return the identifiers that stand for the prior patients of the message's MRG segments, once each."""
    found = (identity_of(pair.prior, partner, sender) for pair in envelope.merges)
    return tuple(dict.fromkeys(identity for identity in found if identity))


def other_identities(envelope: Envelope, partner: str, sender: Sender) -> tuple[Identifier, ...]:
    """Return the identifiers of everybody else whom the message is about: prior ones, and those of further PIDs."""
    further = (identity_of(numbers, partner, sender) for numbers in envelope.further_patients)
    return tuple(dict.fromkeys((*prior_identities(envelope, partner, sender), *filter(None, further))))


def identity_of(known: Sequence[Identifier], partner: str, sender: Sender) -> Identifier | None:
    """Return which of a patient's identifiers stands for the patient; None of none."""
    if not known:
        return None
    chosen = next((identifier for identifier in known if identifier.type == "MR"), known[0])
    authority = sender.profile.assigning_authorities.get(chosen.authority, chosen.authority)
    return Identifier(authority or f"partner:{partner}", chosen.value, chosen.type)
