from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.distribution import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.fixtures.ledger import clock, hints, ledger, ledger_url, migrated_template, ports
from tests.fixtures.postgres import database_url, postgres_server
from tests.measuring import MARKER, pytest_runtest_call

__all__ = [
    "clock",
    "database_url",
    "hints",
    "ledger",
    "ledger_url",
    "migrated_template",
    "ports",
    "postgres_server",
    "pytest_collection_modifyitems",
    "pytest_runtest_call",
    "pytest_xdist_make_scheduler",
]

# psycopg_pool opens connections in a thread, and draws when they expire from the same `random` as hypothesis. Not in
# pyproject.toml: pytest imports the class of a warning, and the tests of infra have no hypothesis.
_RANDOM_IN_A_THREAD = (
    "ignore:Do not use the `random` module inside strategies:hypothesis.errors.HypothesisDeprecationWarning"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", _RANDOM_IN_A_THREAD)
    config.addinivalue_line("markers", MARKER)


# A loaded machine is slow, and the first text of a fresh clone builds a table: neither says anything about the code.
settings.register_profile("corridor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("corridor")
