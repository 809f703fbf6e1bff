"""Thresholds that operators tune, the breaches of them, and what makes it cheap to measure the last minutes."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add thresholds, breaches, and the two indexes."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: what operators tuned would be lost. Restore a backup instead."""
    raise NotImplementedError("tuned thresholds are not thrown away")
