from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats.fhir.encoding import number, parse, serialize
from shared.formats.fhir.identity import resource_id, scoped


def test_a_decimal_keeps_its_digits_on_the_wire() -> None:
    texts = ["7.10", "7.1", "12", "-0.50", "0.000", "123456789012345678901234567890", "1.0"]

    assert f'{{"v":[{",".join(texts)}]}}'.encode() == serialize({"v": [number(text) for text in texts]})


def test_what_is_parsed_is_written_back_the_same() -> None:
    content = b'{"value":7.10,"other":1.5,"whole":3,"text":"7.10"}'

    assert content == serialize(parse(content))
    assert Decimal("7.10") == parse(content)["value"]


@pytest.mark.parametrize("content", [b"[]", b"1", b"not json"])
def test_only_an_object_is_a_resource(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(content)


def test_what_is_not_fhir_is_not_serialised() -> None:
    with pytest.raises(TypeError):
        serialize({"value": object()})


@given(st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=4).map(tuple), min_size=2, max_size=8, unique=True))
def test_different_keys_have_different_ids(keys: list[tuple[str, ...]]) -> None:
    assert len(keys) == len({resource_id("Patient", *key) for key in keys})


def test_an_id_depends_on_the_type_and_is_the_same_on_every_run() -> None:
    assert "5" == resource_id("Patient", "a")[14]
    assert resource_id("Patient", "a") == resource_id("Patient", "a")
    assert resource_id("Patient", "a") != resource_id("Person", "a")


@given(*(st.text("a/:1", max_size=4),) * 4)
def test_an_authority_without_a_uri_is_its_senders_own(one: str, first: str, two: str, second: str) -> None:
    if (one, first) != (two, second) and ":" not in first + second:
        assert scoped(one, first) != scoped(two, second)
    assert "urn:oid:1.2" == scoped(one, "urn:oid:1.2") == scoped(two, "urn:oid:1.2")


def test_an_id_is_a_uuid_of_version_5() -> None:
    namespace = UUID("6a4c6cf7-5f10-5f86-9d9b-0d6d3f2f7b11")

    assert str(uuid5(namespace, "7:Patient2:ab1:c")) == resource_id("Patient", "ab", "c")
