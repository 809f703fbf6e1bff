"""What is measured are messages as HL7 v2.5.1 has them: a value in the wrong field is converted by another way."""

from __future__ import annotations

import pytest

from bench.messages import classes, variants
from shared.formats.hl7v2.conformance.report import check_payload


@pytest.mark.parametrize("name", [name for name in classes() if name != "500 OBX"])
def test_each_message_stands_in_the_fields_that_the_standard_has_for_it(name: str) -> None:
    for payload in variants(classes()[name], 2):
        ((_, issues),) = check_payload(payload)

        # Tables that each site fills for itself are suggestions.
        assert [] == [
            issue for issue in issues if issue.severity != "information" and issue.code != "code-not-suggested"
        ]
