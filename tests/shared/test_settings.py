from __future__ import annotations

import pytest

from shared.errors import ConfigurationError
from shared.settings import read_settings

_NAMES = (
    "CORRIDOR_DATABASE_URL",
    "CORRIDOR_ARCHIVE_URL",
    "SERVICE_BUS__fullyQualifiedNamespace",
    "CORRIDOR_KEY_VAULT_URL",
    "CORRIDOR_TOKEN_ISSUER",
    "CORRIDOR_TOKEN_JWKS_URL",
    "CORRIDOR_TOKEN_AUDIENCE",
)
REQUIRED = dict.fromkeys(_NAMES, "set")


@pytest.mark.parametrize(("value", "expected"), [(None, False), ("", False), ("false", False), ("true", True)])
def test_an_app_stands_behind_the_gateway_where_it_is_told_so(value: str | None, expected: bool) -> None:
    told = {} if value is None else {"CORRIDOR_BEHIND_GATEWAY": value}

    assert expected is read_settings(REQUIRED | told).behind_gateway


@pytest.mark.parametrize("value", ["True", "yes", "1", "ture"])
def test_a_misspelt_yes_stops_the_start_instead_of_opening_the_door(value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(REQUIRED | {"CORRIDOR_BEHIND_GATEWAY": value})

    assert ("setting-invalid", "CORRIDOR_BEHIND_GATEWAY") == (caught.value.code, caught.value.location)


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_a_required_setting_that_is_missing_is_named(missing: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings({name: value for name, value in REQUIRED.items() if name != missing})

    assert ("setting-missing", missing) == (caught.value.code, caught.value.location)


@pytest.mark.parametrize(("told", "expected"), [({}, 0), ({"CORRIDOR_DATABASE_PREPARE_AFTER": "5"}, 5)])
def test_a_session_prepares_statements_only_where_it_is_told_to(told: dict[str, str], expected: int) -> None:
    assert expected == read_settings(REQUIRED | told).prepare_after
