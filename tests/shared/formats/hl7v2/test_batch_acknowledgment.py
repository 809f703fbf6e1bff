"""The answer to a file is a batch of its own, in the file's delimiters, with the parties swapped."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.errors import Issue
from shared.formats.hl7v2.acknowledgment import acknowledgment_code
from shared.formats.hl7v2.batch import read_batch
from shared.formats.hl7v2.batch_acknowledgment import closing, opening, parties_of, refusal

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
FILE = b"FHS|^~\\&|LIS|RIVERSIDE|CORRIDOR|HARBOR|20260314||night.hl7||F-77"
BATCH = b"BHS|^~\\&|LIS|RIVERSIDE|CORRIDOR|HARBOR|||||B-78"
FAULT = Issue("error", "structure", "batch-count-differs", "BTS-1", "The trailer counts other messages.")


def test_an_answer_is_a_whole_batch_that_names_what_it_answers() -> None:
    ack = refusal(BATCH, "AE", (FAULT,), control_id="X-1", instant=NOON)
    answer = read_batch(opening(FILE, BATCH, control_id="X", instant=NOON) + ack + closing(FILE, BATCH, 1))

    assert answer.file is not None
    assert ("CORRIDOR", "LIS", "X", "F-77") == tuple(answer.file.text(number) for number in (3, 5, 11, 12))
    assert ["B-78"] == [batch.text(12) for batch in answer.batches]
    assert ["AE"] == [acknowledgment_code(item.payload) for item in answer.items]
    assert () == answer.issues


def test_a_refused_file_is_named_by_its_batchs_control_id() -> None:
    assert b"MSA|AE|B-78" in refusal(BATCH, "AE", (FAULT,), control_id="X", instant=NOON)


def test_an_item_that_could_not_be_read_has_no_control_id() -> None:
    ack = refusal(parties_of(BATCH), "AE", (FAULT,), control_id="X", instant=NOON)

    assert b"\rMSA|AE||" in ack or b"\rMSA|AE|\r" in ack
    assert ack.startswith(b"MSH|^~\\&|CORRIDOR|HARBOR|LIS|RIVERSIDE|")


def test_a_file_without_headers_is_answered_in_the_usual_delimiters() -> None:
    assert opening(b"", b"", control_id="X", instant=NOON).startswith(b"FHS|^~\\&|||||20260314120000+0000||||X\rBHS|")
    assert b"BTS|3\rFTS|1\r" == closing(b"", b"", 3)


def test_a_file_is_answered_in_its_own_delimiters() -> None:
    answer = opening(b"FHS$*~\\&$LIS$R$C$H", b"", control_id="X", instant=NOON)

    assert answer.startswith(b"FHS$*~\\&$C$H$LIS$R$")
    assert b"BTS$1\rFTS$1\r" == closing(b"FHS$*~\\&", b"", 1)


def test_a_header_that_says_no_delimiters_is_answered_in_the_usual_ones() -> None:
    assert opening(b"FHS", b"", control_id="X", instant=NOON).startswith(b"FHS|^~\\&|")
