from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from local.issuer.keys import SigningKeys
from shared.errors import ConfigurationError


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def kids(keys: SigningKeys) -> list[object]:
    published = keys.published()["keys"]
    assert isinstance(published, list)
    return [key["kid"] for key in published]


def test_a_key_is_published_before_it_signs_and_until_its_last_token_expires(tmp_path: Path) -> None:
    clock = Clock()
    keys = SigningKeys(tmp_path, clock)
    following, first = kids(keys)

    keys.rotate(last_use=clock.now + 3600)
    after_rotation = kids(keys)
    clock.now += 3600
    at_the_end = kids(keys)
    clock.now += 1
    afterwards = kids(keys)

    assert first != following == keys.active.kid
    assert [following, first] == after_rotation[1:]
    assert after_rotation == at_the_end
    assert after_rotation[:2] == afterwards


def test_keys_are_the_same_after_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    first = SigningKeys(tmp_path, clock)
    first.rotate(last_use=clock.now + 3600)

    second = SigningKeys(tmp_path, clock)

    assert first.published() == second.published()
    assert jwt.get_unverified_header(first.sign({})) == jwt.get_unverified_header(second.sign({}))


def test_no_private_part_is_published(tmp_path: Path) -> None:
    published = SigningKeys(tmp_path, Clock()).published()["keys"]

    assert isinstance(published, list)
    assert {"kty", "use", "alg", "kid", "n", "e"} == set().union(*published)


def test_a_damaged_file_stops_the_start_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "signing-keys.json").write_text('{"keys": [{"pem": "cut off')

    with pytest.raises(ConfigurationError, match="delete it"):
        SigningKeys(tmp_path, Clock())
