"""What a partner file says of rates, limits and a second endpoint is read strictly (D11, D13)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from shared.errors import ConfigurationError
from shared.partners.model import Limits, Rate
from shared.partners.reading import read_partner

ENDPOINT = {"kind": "webhook", "url-setting": "PORTAL_URL", "credential": {"kind": "hmac", "secret": "portal-secret"}}


def partner(tmp_path: Path, **parts: object) -> Path:
    file = tmp_path / "example.yaml"
    file.write_text(yaml.safe_dump({"name": "example", "title": "Example", "contact": "a@b.example", **parts}))
    return file


def receiving(tmp_path: Path, **more: object) -> Path:
    return partner(tmp_path, receives={"events": ["result.*"], "endpoint": ENDPOINT, **more})


def test_a_destination_without_limits_takes_three_at_once_at_any_rate(tmp_path: Path) -> None:
    receives = read_partner(receiving(tmp_path)).receives

    assert receives is not None
    assert (Limits(3, None), None) == (receives.limits, receives.secondary)


def test_limits_and_rates_are_read_in_their_units(tmp_path: Path) -> None:
    receives = read_partner(
        receiving(tmp_path, limits={"concurrency": 9, "rate": {"per-second": 4}}, secondary={"endpoint": ENDPOINT})
    ).receives
    sends = read_partner(partner(tmp_path, sends={"allowance": {"per-minute": 120, "burst": 30}})).sends

    assert receives is not None
    assert receives.secondary is not None
    assert sends is not None
    assert Limits(9, Rate(4.0, 4)) == receives.limits
    assert timedelta(minutes=5) == receives.secondary.after
    assert Rate(2.0, 30) == sends.allowance


def test_a_way_ends_at_its_endpoint_or_nowhere(tmp_path: Path) -> None:
    second = {**ENDPOINT, "url-setting": "STANDBY_URL"}
    both = read_partner(receiving(tmp_path, secondary={"endpoint": second, "after-minutes": 1})).receives
    one = read_partner(receiving(tmp_path)).receives

    assert both is not None
    assert one is not None
    ends = [receiver.endpoint_over(way) for receiver in (both, one) for way in ("example", "example/secondary")]
    assert ["PORTAL_URL", "STANDBY_URL", "PORTAL_URL", None] == [end.url_setting if end else None for end in ends]


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"limits": {"concurrency": 0}}, "receives.limits.concurrency"),
        ({"limits": {"concurency": 4}}, "receives.limits.concurency"),
        ({"limits": {"rate": {"per-second": 0}}}, "receives.limits.rate.per-second"),
        ({"limits": {"rate": {"per-second": 2.5}}}, "receives.limits.rate.per-second"),
        ({"limits": {"rate": {"burst": 2}}}, "receives.limits.rate.per-second"),
        ({"secondary": {"after-minutes": 2}}, "receives.secondary.endpoint"),
        ({"secondary": {"endpoint": ENDPOINT, "after-minutes": 0}}, "receives.secondary.after-minutes"),
        ({"secondary": {"endpoint": {**ENDPOINT, "kind": "hl7v2"}}}, "receives.secondary.endpoint.kind"),
        ({"endpoint": {**ENDPOINT, "timeout-seconds": 0}}, "receives.endpoint.timeout-seconds"),
    ],
)
def test_what_makes_no_sense_is_named(more: dict[str, object], place: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="partner-file-invalid") as caught:
        read_partner(receiving(tmp_path, **more))

    assert f"example.yaml: {place}" == caught.value.location
