"""The numbers that signed postings used, in PostgreSQL: shared by every instance that takes postings."""

from __future__ import annotations

from datetime import datetime

from shared.adapters.postgres_statements import Statements
from shared.signatures import Signed


class PostgresUsedSignatures:
    """Kept for minutes; the partner's next posting clears away its old ones."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def use(self, partner: str, signed: Signed, *, forget_before: datetime) -> bool:
        """Note that the partner's signature is used; False when it was before."""
        row = self._connection.execute(
            "WITH forgotten AS (DELETE FROM signature_nonce WHERE partner = %(partner)s AND signed_at < %(before)s)"
            " INSERT INTO signature_nonce (partner, nonce, signed_at) VALUES (%(partner)s, %(nonce)s, %(at)s)"
            " ON CONFLICT DO NOTHING RETURNING nonce",
            {"partner": partner, "nonce": signed.nonce, "at": signed.at, "before": forget_before},
        ).fetchone()
        return row is not None
