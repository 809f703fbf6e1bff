from __future__ import annotations

from dataclasses import replace

import pytest

from shared.adapters.memory import FixedClock, RecordedHints
from shared.ports import Ports
from tests.functions.adt_routing.rooms import Ward, partners


@pytest.fixture
def ward(ports: Ports, hints: RecordedHints, clock: FixedClock, ledger_url: str) -> Ward:
    return Ward(replace(ports, partners=partners()), hints, clock, ledger_url)
