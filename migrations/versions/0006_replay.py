"""Replay plans: what is sent again, or for the first time to a new subscriber; corrected copies of messages."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what replays keep; what was there stays as it is."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: a ledger is not unmade. Restore a backup instead."""
    raise NotImplementedError("an expansion is not taken back")
