"""In what a platform may differ from the usual one: partner files, the app's settings, the raw log."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.certificates import ensure_authority
from local.platform import programs
from local.platform.layout import USUAL, Layout, Ports, Variation
from local.platform.principals import ensure_principals
from local.platform.programs import PARTNERS
from shared.partners.reading import read_partners


def app_settings(layout: Layout) -> dict[str, str]:
    principals = ensure_principals(layout, read_partners(PARTNERS))
    return programs.app_environment(layout, ensure_authority(layout.folder("certificates")), principals)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data", Ports(7071))


def test_the_usual_platform_keeps_no_raw_log_and_reads_the_usual_partners(layout: Layout) -> None:
    assert USUAL == layout.variation
    assert str(PARTNERS) == app_settings(layout)["CORRIDOR_PARTNERS"]
    assert "--arrivals" not in programs.destinations(layout).arguments


def test_a_variation_reaches_the_app_the_set_up_and_the_destinations(layout: Layout, tmp_path: Path) -> None:
    settings = {"CORRIDOR_LEASE_SECONDS": "3", "LEGACY_BOARD_URL": "http://localhost:1/plain"}
    varied = Layout(layout.data, layout.ports, "", Variation(tmp_path / "partners", settings, arrivals=True))
    principals = ensure_principals(varied, read_partners(PARTNERS))

    assert {"CORRIDOR_PARTNERS": str(tmp_path / "partners"), **settings}.items() <= app_settings(varied).items()
    assert str(tmp_path / "partners") == programs.setup(varied, principals).environment["CORRIDOR_PARTNERS"]
    arguments = programs.destinations(varied).arguments
    assert str(varied.arrivals) == arguments[arguments.index("--arrivals") + 1]
