"""What every entry costs, in fewer statements; who goes on with a stream reads its gate with the commit before."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace functions that only `write_steps` calls, and itself; no table changes."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: a ledger is not unmade. Restore a backup instead."""
    raise NotImplementedError("an expansion is not taken back")
