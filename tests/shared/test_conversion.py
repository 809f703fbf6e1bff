from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conversion import convert, convert_to_hl7v2
from shared.errors import RejectedError
from shared.formats.fhir.encoding import serialize

RECEIVED = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)
GOOD = "MSH|^~\\&|ADT|NORTHGATE|HUB|CORRIDOR|20260312080000+0100||ADT^A08|{}|P|2.5.1\rPID|1||700001^^^NORTHGATE^MR\r"
REPORT = (
    b"MSH|^~\\&|LAB|NG|EHR|NG|20260301120000+0100||ORU^R01^ORU_R01|NG-2|P|2.5.1\r"
    b"PID|1||100^^^NG^MR||Testcase^Tilda||19800214|F|||1 Road^^Town||555-0101\rPV1|1|I|W7^12^B\r"
    b"ORC|RE|P-1|F-1|||||||||7^Order^Olga\rOBR|1|P-1|F-1|GLU^Glucose^L|||20260301|||||||||||||||||F\r"
    b"OBX|1|NM|2345-7^Glucose^LN||5.5|mmol/L|3-6|H|||F\rNTE|1||fasting\rSPM|1|S-1||BLD^Blood^HL70487"
)


def batch(*messages: str) -> bytes:
    return f"FHS|^~\\&\rBHS|^~\\&\r{''.join(messages)}BTS|{len(messages)}\rFTS|1\r".encode()


def test_an_unreadable_item_of_a_batch_does_not_stop_the_others() -> None:
    payload = batch(GOOD.format("1"), "MSH|\r", GOOD.format("3"))
    conversions = convert(payload, source="hl7v2", received=RECEIVED)

    assert [1, 3] == [next(conversions).item, next(conversions).item]
    with pytest.raises(RejectedError) as refused:
        next(conversions)
    assert refused.value.location.startswith("message 2")


def test_the_first_of_several_errors_of_a_batch_is_raised() -> None:
    with pytest.raises(RejectedError) as refused:
        list(convert(batch("MSH|\r", GOOD.format("2"), "MSH\r"), source="hl7v2", received=RECEIVED))

    assert refused.value.location.startswith("message 1")


@pytest.mark.parametrize(
    "payload", [batch(GOOD.format("1"), GOOD.format("2")).replace(b"BTS|2", b"BTS|3"), GOOD.encode() + b"\rBTS|2"]
)
def test_a_batch_that_lost_a_message_is_refused_when_what_is_there_is_converted(payload: bytes) -> None:
    conversions = convert(payload, source="hl7v2", received=RECEIVED)

    made = [next(conversions).item for _ in range(payload.count(b"MSH|"))]
    with pytest.raises(RejectedError, match="batch-count-differs") as raised:
        next(conversions)

    assert ([*range(1, len(made) + 1)], "BTS-1") == (made, raised.value.location)


def test_the_error_of_a_message_alone_names_no_item() -> None:
    with pytest.raises(RejectedError) as refused:
        list(convert(b"MSH|\r", source="hl7v2", received=RECEIVED))

    assert "message" not in refused.value.location


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        list(convert(GOOD.format("1").encode(), source="hl7v2", received=datetime(2026, 3, 12)))  # noqa: DTZ001


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    ["x", 5, None, True, [], {}, ["x"], [None], {"a": 1}, [[]], {"reference": 5}, {"coding": "x"}, [{"coding": [5]}]]
)


@settings(max_examples=60)
@given(data=st.data())
def test_fhir_of_any_wrong_shape_is_written_or_refused_with_its_place(data: st.DataObject) -> None:
    (found,) = convert(REPORT, source="hl7v2", received=RECEIVED)
    bundle = json.loads(serialize(found.bundle))
    node: Any = data.draw(st.sampled_from(bundle["entry"]))["resource"]
    for _ in range(data.draw(st.integers(1, 4))):
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else list(range(len(node)))))
        if not node[key] or not isinstance(node[key], dict | list):
            break
        parent, node = node, node[key]
    else:
        node = parent
    node[key] = data.draw(JUNK)

    try:
        said = [one.message_type for one in convert_to_hl7v2(json.dumps(bundle).encode(), sent=RECEIVED)]
    except RejectedError as error:
        said = [error.location]

    assert [] != said
    assert all(said)


def test_an_element_that_is_no_list_is_refused_by_its_place() -> None:
    patient = b'{"resourceType": "Patient", "name": {"family": "Testcase"}}'

    with pytest.raises(RejectedError) as refused:
        list(convert_to_hl7v2(patient, message_type="ADT^A08", sent=RECEIVED))
    assert ("not-fhir", "Patient.name") == (refused.value.code, refused.value.location)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ('{"value": 1e-999999999}', "Observation.valueQuantity.value"),
        ('{"value": 1, "value": 2}', "Observation.valueQuantity"),
        ('{"value": NaN}', "Observation.value.value"),
    ],
    ids=["beyond all measure", "twice", "no number"],
)
def test_a_value_that_nobody_can_write_down_is_refused_by_its_place(value: str, place: str) -> None:
    observation = f'{{"resourceType": "Observation", "valueQuantity": {value}}}'.encode()

    with pytest.raises(RejectedError) as refused:
        list(convert_to_hl7v2(observation, message_type="ORU^R01", sent=RECEIVED))
    assert ("not-fhir", place) == (refused.value.code, refused.value.location)


def test_half_of_a_surrogate_pair_is_refused_by_its_place_and_a_whole_one_is_written() -> None:
    def patient(family: str) -> bytes:
        named = f'"name": [{{"family": "{family}"}}]'
        return f'{{"resourceType": "Patient", "identifier": [{{"value": "1"}}], {named}}}'.encode()

    with pytest.raises(RejectedError) as refused:
        list(convert_to_hl7v2(patient("Test\\ud83d"), message_type="ADT^A08", sent=RECEIVED))
    (written,) = convert_to_hl7v2(patient("Test\\ud83d\\ude00"), message_type="ADT^A08", sent=RECEIVED)

    assert ("not-fhir", "Patient.name[0].family") == (refused.value.code, refused.value.location)
    assert written.message_type == "ADT^A08"
