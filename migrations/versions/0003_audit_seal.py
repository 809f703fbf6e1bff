"""The sealer of the audit log: which transaction wrote a row, and the batches that were sealed."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the transaction to each audit row, and the table of seals."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: what was sealed stays sealed. Restore a backup instead."""
    raise NotImplementedError("seals are not unmade")
