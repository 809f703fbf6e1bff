"""A cold start pays for what it uses: importing the app loads no SDK, no database driver, no mapping."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_AT_START = (
    "alembic",
    "azure.identity",
    "azure.keyvault",
    "azure.servicebus",
    "azure.storage",
    "fhir",
    "hl7",
    "hl7apy",
    "httpx",
    "jwt",
    "lxml",
    "psycopg",
    "pydicom",
    "shared.conversion",
    "shared.mapping",
    "shared.validation",
    "sqlalchemy",
    "urllib3",
    "yaml",
)


@pytest.mark.parametrize("tier", ["all", "ingest", "process", "deliver", "workflow", "ops", "api"])
def test_importing_the_app_loads_nothing_that_can_wait(tier: str) -> None:
    program = f"import sys, function_app; print([name for name in {NOT_AT_START!r} if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CORRIDOR_TIER": tier}

    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, env=environment, cwd=ROOT
    )

    assert "[]" == out.stdout.strip()
