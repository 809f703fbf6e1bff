"""The partner files, from which the front door, the tiers' grants and the hospitals' lines follow."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from shared.partners.model import Partners
from shared.partners.reading import read_partners

FOLDER = Path(__file__).parents[1] / "partners"


@cache
def partner_files() -> Partners:
    """Return every partner, read once a run; ConfigurationError names the place of the first fault."""
    return read_partners(FOLDER)
