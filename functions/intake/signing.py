"""Signed postings, checked beside the token: a stolen token posts nothing, and nothing is posted twice."""

from __future__ import annotations

from shared.errors import RejectedError
from shared.ports import Ports
from shared.signatures import FRESH, HEADER, keys_in, verify


def confirm_signature(header: str | None, body: bytes, partner: str, secret: str, ports: Ports) -> None:
    """
    Return when the partner signed this body just now and for the first time.

    RejectedError `signature-missing`, `signature-expired`, `signature-invalid` or `signature-replayed`. A signature
    that no known key made is checked again by the vault's own word: the key may have been rotated a moment ago.
    """
    now = ports.clock()
    try:
        signed = verify(header, body, keys_in(ports.secrets.get(secret)), now)
    except RejectedError as error:
        if error.code != "signature-invalid":
            raise
        ports.secrets.forget(secret)
        signed = verify(header, body, keys_in(ports.secrets.get(secret)), now)
    with ports.ledger.transaction() as tx:
        # What is this old would be refused for its age: to remember it longer serves nothing.
        is_new = tx.signatures.use(partner, signed, forget_before=now - 2 * FRESH)
    if not is_new:
        raise RejectedError("signature-replayed", HEADER, "this signature was used before: sign each attempt anew")
