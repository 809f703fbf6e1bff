"""File drops: the files that partners put into the landing storage, and what their items became."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is remembered of files; what was there stays as it is."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: a ledger is not unmade. Restore a backup instead."""
    raise NotImplementedError("an expansion is not taken back")
