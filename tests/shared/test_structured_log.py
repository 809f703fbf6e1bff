from __future__ import annotations

import logging

import pytest

from shared.structured_log import ALLOWED_FIELDS, log_event

LOGGER = logging.getLogger("test")


def test_an_event_carries_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_event(LOGGER, logging.INFO, "hint not sent", queue="delivery-send")

    (record,) = caplog.records
    assert ("hint not sent", {"queue": "delivery-send"}) == (record.__dict__["event"], record.__dict__["fields"])


def test_the_message_alone_is_enough_to_query_the_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_event(LOGGER, logging.INFO, "measured", flow="lab-results", count=3)
        log_event(LOGGER, logging.INFO, "nothing to say")

    assert ['measured {"flow":"lab-results","count":3}', "nothing to say"] == [r.message for r in caplog.records]


def test_a_field_that_is_not_on_the_list_is_a_defect() -> None:
    with pytest.raises(ValueError, match="not on the allow-list of log fields: patient_name"):
        log_event(LOGGER, logging.INFO, "anything", patient_name="TESTPATIENT-ALDER")


def test_the_list_names_nothing_that_a_message_holds() -> None:
    words = ("name", "mrn", "value", "payload", "body", "text", "identifier", "url", "control")

    assert [] == [field for field in ALLOWED_FIELDS if any(word in field for word in words)]
