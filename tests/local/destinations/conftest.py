"""One process for a module's tests; each test uses identifiers of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.destinations.running import Destinations, Issuer, running


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture(scope="module")
def destinations(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Destinations]:
    with running(tmp_path_factory.mktemp("destinations"), issuer) as process:
        yield process
