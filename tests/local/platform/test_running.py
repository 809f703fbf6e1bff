"""The platform on a PostgreSQL server that somebody else runs."""

from __future__ import annotations

from pathlib import Path

import httpx

from local.platform.running import running_platform
from local.postgres.server import EmbeddedPostgres
from local.supervisor.ports import free_ports_in_a_row


def test_an_external_postgres_takes_the_place_of_our_own(tmp_path: Path, postgres_server: EmbeddedPostgres) -> None:
    with running_platform(
        tmp_path / "data", free_ports_in_a_row(6), external_postgres=postgres_server.dsn
    ) as platform:
        health = httpx.get(f"{platform.layout.api_url}/api/v1/health", timeout=10)
        names = {status.name for status in platform.supervisor.snapshot()}

    assert 200 == health.status_code
    assert "postgres" not in names
    assert not (tmp_path / "data" / "postgres").exists()
