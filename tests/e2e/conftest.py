from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.destination import Destinations
from tests.e2e.partner import Partner
from tests.e2e.platform_process import PlatformProcess, loose_modes


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """
    A platform for all these tests, which are one worker's; that it ends well is asserted when they are over.

    Not the session's: a platform that nobody asks anything keeps a tenth of a core busy.
    """
    folder = tmp_path_factory.mktemp("corridor e2e")
    temporary = folder / "temporary"
    temporary.mkdir()
    running = PlatformProcess(folder / "the data", temporary)
    try:
        running.start()
        yield running
        loose = loose_modes(running.data)
    finally:
        code = running.stop()
    assert [] == running.processes()
    assert 0 == code, running.output.read_text()
    assert {} == loose
    assert {} == loose_modes(running.data)
    shutil.rmtree(running.data / "postgres" / "data")  # large; the logs stay


@pytest.fixture
def lab(platform: PlatformProcess) -> Iterator[Partner]:
    with Partner(platform, "riverside-lab") as partner:
        yield partner


@pytest.fixture
def other_lab(platform: PlatformProcess) -> Iterator[Partner]:
    with Partner(platform, "northside-lab") as partner:
        yield partner


@pytest.fixture
def faults(platform: PlatformProcess) -> Iterator[httpx.Client]:
    """The destinations' switchboard; everything is well again afterwards."""
    with httpx.Client(base_url=platform.destinations_url, timeout=10) as client:
        yield client
        client.post("/admin/faults", json={"mode": "none"}).raise_for_status()


@pytest.fixture
def destinations(platform: PlatformProcess) -> Iterator[Destinations]:
    with Destinations(platform) as both:
        yield both
