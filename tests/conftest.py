from __future__ import annotations

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
