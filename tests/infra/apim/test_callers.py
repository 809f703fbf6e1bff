from __future__ import annotations

from dataclasses import replace

import pytest

from infra.apim.callers import callers
from shared.partners.model import Partner, Quota, Rate, Sender
from shared.partners.profile import PartnerProfile

_PRINT = "ab" * 32
_SENDER = Sender(("P",), False, PartnerProfile("sample-lab"), certificates={"prod": (_PRINT,)})
LAB = Partner("sample-lab", "Sample Laboratory", "desk@sample-lab.example", _SENDER, None)


def _with(**changes: object) -> Partner:
    return replace(LAB, sends=replace(_SENDER, **changes))  # type: ignore[arg-type]


def test_only_partners_that_send_are_callers() -> None:
    assert ["sample-lab"] == [each.name for each in callers([LAB, replace(LAB, sends=None)], "prod", mutual_tls=True)]


def test_the_gateway_never_refuses_what_the_allowance_lets_through() -> None:
    (caller,) = callers([_with(allowance=Rate(per_second=2, burst=30))], "prod", mutual_tls=False)

    assert 2 * 60 + 30 == caller.calls_per_minute


def test_the_quota_is_that_of_the_file_in_kilobytes() -> None:
    (caller,) = callers([_with(quota=Quota(calls=10, megabytes=3))], "prod", mutual_tls=False)

    assert (10, 3000) == (caller.calls_per_day, caller.kilobytes_per_day)


def test_a_certificate_counts_in_its_own_environment_and_where_one_is_asked() -> None:
    assert [(_PRINT,)] == [each.certificates for each in callers([LAB], "prod", mutual_tls=True)]
    assert [()] == [each.certificates for each in callers([LAB], "prod", mutual_tls=False)]


def test_a_partner_without_the_environments_certificate_is_named_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^partners/sample-lab\.yaml: sends\.certificates\.staging: give"):
        callers([LAB], "staging", mutual_tls=True)
