from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.fixtures.ledger import clock, hints, ledger, ledger_url, migrated_template, ports
from tests.fixtures.postgres import database_url, postgres_server

__all__ = [
    "clock",
    "database_url",
    "hints",
    "ledger",
    "ledger_url",
    "migrated_template",
    "ports",
    "postgres_server",
]

# A loaded machine is slow, and the first text of a fresh clone builds a table: neither says anything about the code.
settings.register_profile("corridor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("corridor")
