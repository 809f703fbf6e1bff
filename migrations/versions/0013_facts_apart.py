"""Events are published on the bus and announced on Event Grid, each in its own time."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the second mark; what was there counts as announced."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: a ledger is not unmade. Restore a backup instead."""
    raise NotImplementedError("an expansion is not taken back")
