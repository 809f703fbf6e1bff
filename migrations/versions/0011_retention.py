"""What ends the life of a row: disposal past its retention, and legal holds against it."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add holds, the place that disposal has reached, and what it needs to be quick; no row is disposed of here."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: a ledger is not unmade. Restore a backup instead."""
    raise NotImplementedError("an expansion is not taken back")
