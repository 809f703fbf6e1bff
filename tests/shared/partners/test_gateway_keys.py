from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.errors import ConfigurationError
from shared.partners.model import USUAL_QUOTA, Quota, Sender
from shared.partners.reading import read_partner

_OLD, _NEW = "ab" * 32, "CD" * 32


def _sender(folder: Path, **sends: Any) -> Sender:
    file = folder / "sample-lab.yaml"
    head = {"name": "sample-lab", "title": "Sample Laboratory", "contact": "desk@sample-lab.example"}
    file.write_text(yaml.safe_dump({**head, "sends": sends}), encoding="utf-8")
    sender = read_partner(file).sends
    assert sender is not None
    return sender


def test_a_sender_without_a_quota_has_the_usual_one(tmp_path: Path) -> None:
    assert USUAL_QUOTA == _sender(tmp_path).quota


def test_a_quota_counts_calls_and_megabytes_a_day(tmp_path: Path) -> None:
    assert Quota(10, USUAL_QUOTA.megabytes) == _sender(tmp_path, quota={"per-day": 10}).quota
    assert Quota(10, 20) == _sender(tmp_path, quota={"per-day": 10, "megabytes-per-day": 20}).quota


def test_certificates_are_listed_per_environment_two_during_a_renewal(tmp_path: Path) -> None:
    found = _sender(tmp_path, certificates={"prod": [_OLD, _NEW], "test": [_OLD]}).certificates

    assert {"prod": (_OLD, _NEW.lower()), "test": (_OLD,)} == found


@pytest.mark.parametrize("prints", [[], [_OLD, _NEW, _OLD], ["ab" * 20], ["zz" * 32]])
def test_what_is_no_sha_256_of_a_certificate_is_refused_with_its_place(tmp_path: Path, prints: list[str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _sender(tmp_path, certificates={"prod": prints})

    assert ("partner-file-invalid", "sample-lab.yaml: sends.certificates.prod") == (
        refused.value.code,
        refused.value.location,
    )


@pytest.mark.parametrize("quota", [{"per-day": 0}, {"per-week": 1}])
def test_a_quota_that_cannot_be_is_refused(tmp_path: Path, quota: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="partner-file-invalid"):
        _sender(tmp_path, quota=quota)
