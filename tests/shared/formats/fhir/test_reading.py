from __future__ import annotations

import time
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.formats.fhir.encoding import serialize
from shared.formats.fhir.reading import read


def refused(content: bytes) -> tuple[str, str]:
    with pytest.raises(RejectedError) as error:
        read(content)
    assert "not-fhir" == error.value.code
    return error.value.location, error.value.text


def test_a_resource_is_read_with_its_digits_and_without_a_byte_order_mark() -> None:
    assert {"resourceType": "Basic", "v": Decimal("7.10")} == read(b'\xef\xbb\xbf{"resourceType":"Basic","v":7.10}')


@pytest.mark.parametrize(
    ("content", "location", "word"),
    [
        (b"", "line 1, column 1", "nothing"),
        (b'\n <Patient xmlns="http://hl7.org/fhir"/>', "line 2, column 2", "XML"),
        (b'{"resourceType":"Patient"}\n{"resourceType":"Patient"}', "line 2, column 1", "NDJSON"),
        (b'{"resourceType":\n"Patient",', "line 2, column 11", "breaks off"),
        (b'[{"resourceType":"Patient"}]', "", "no object"),
        (b'{"resourceType":"Patient","id":"\xfc"}', "byte 33", "UTF-8"),
        ('{"resourceType":"Patient"}'.encode("utf-16"), "byte 1", "UTF-8"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "", "deeply"),
    ],
)
def test_what_is_no_resource_says_where_and_why(content: bytes, location: str, word: str) -> None:
    place, text = refused(content)

    assert location == place
    assert word in text


@pytest.mark.parametrize(
    ("content", "location", "name"),
    [
        (b'{"resourceType":"Patient","gender":"male","gender":"female"}', "Patient", "gender"),
        (
            b'{"resourceType":"Bundle","entry":[{},{"resource":{"name":[{"family":"A","family":"B"}]}}]}',
            "Bundle.entry[1].resource.name[0]",
            "family",
        ),
        (b'{"a b":{"x":1,"x":2}}', "?", "x"),
        (b'{"resourceType":"Patient","Dora Example":1,"Dora Example":2}', "Patient", "?"),
        (b'{"resourceType":"Patient","name":{"x":1,"x":2},"name":{}}', "Patient", "x"),
    ],
)
def test_a_property_that_an_object_has_twice_is_refused_where_it_is(content: bytes, location: str, name: str) -> None:
    assert (location, f"The object has the property {name} more than once.") == refused(content)


@pytest.mark.parametrize("digits", ["1e999999999", "-1E+999999999", "1e-999999999", "0.1e1002"])
def test_a_number_that_would_fill_the_memory_is_refused_where_it_is(digits: str) -> None:
    content = f'{{"resourceType":"Observation","component":[{{"valueQuantity":{{"value":{digits}}}}}]}}'

    assert ("Observation.component[0].valueQuantity.value", "The number has an exponent beyond 1000.") == refused(
        content.encode()
    )


@pytest.mark.parametrize("digits", ["1e308", "1E-300", "0", "0e5", "9" * 5000, "-0." + "1" * 5000])
def test_a_long_number_is_a_number(digits: str) -> None:
    assert Decimal(digits) == Decimal(str(read(f'{{"v":{digits}}}'.encode())["v"]))


def test_that_one_of_many_properties_comes_again_is_seen_at_once() -> None:
    names = "".join(f'"a{number}":1,' for number in range(100_000))
    began = time.process_time()

    assert "Patient" == refused(f'{{"resourceType":"Patient",{names}"a99999":1}}'.encode())[0]
    assert time.process_time() - began < 5


@given(st.binary(max_size=40) | st.text(alphabet='{}[]":,a1e-.\\u ', max_size=40).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(content: bytes) -> None:
    resource: object = {}
    with suppress(RejectedError):
        resource = read(content)

    assert isinstance(resource, dict)


def test_what_is_read_is_written_back_the_same() -> None:
    content = b'{"value":7.10,"other":1.5,"whole":3,"text":"7.10"}'

    assert content == serialize(read(content))
