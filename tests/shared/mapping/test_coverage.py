from __future__ import annotations

import orjson

from shared.mapping.coverage import Account, Coverage, CoverageEntry, Fate, Form, field_table

DOCUMENTATION = """
XXX -> Something.

    Thing.code      = XXX-1    CWE   via terminology
    [dropped]       = XXX-2    only numbers the segment
    Thing.name      = XXX-3*   XPN
    Thing.other     = XXX-3*   XPN
    [dropped]       = XXX-4..6 one reason for three
"""


def test_a_table_in_a_docstring_says_what_becomes_of_each_field() -> None:
    table = field_table(DOCUMENTATION, ("CWE", "XPN"))

    assert ("XXX", [1, 2, 3, 4, 5, 6]) == (table.segment, sorted(table.rules))
    assert (("Thing.code",), "", "CWE", False) == _rule(table.rules[1])
    assert ((), "only numbers the segment", "", False) == _rule(table.rules[2])
    assert (("Thing.name", "Thing.other"), "", "XPN", True) == _rule(table.rules[3])
    assert "one reason for three" == table.rules[5].reason


def test_the_account_counts_and_lists() -> None:
    coverage = Coverage(
        (
            ("XXX", Form([("-1", Fate("mapped", ("Thing.code",))), ("-2", Fate("dropped", reason='it says "why"'))])),
            ("EVN", Form([])),
            ("XXX[2]", Form([("-9", Fate("unknown", reason="no map"))])),
        )
    )

    assert ["XXX[2]-9"] == [entry.location for entry in coverage.unknown]
    assert {
        "mapped": 1,
        "dropped": 1,
        "unknown": 1,
        "entries": [
            {"location": "XXX-1", "outcome": "mapped", "targets": ["Thing.code"]},
            {"location": "XXX-2", "outcome": "dropped", "reason": 'it says "why"'},
            {"location": "XXX[2]-9", "outcome": "unknown", "reason": "no map"},
        ],
    } == {**coverage.counts(), "entries": list(coverage.as_dicts())}
    assert {**coverage.counts(), "entries": list(coverage.as_dicts())} == orjson.loads(coverage.as_json())


def _rule(rule: object) -> tuple[object, ...]:
    return tuple(getattr(rule, name) for name in ("targets", "reason", "datatype", "repeats"))


def test_an_account_is_made_when_it_is_first_read_and_then_kept() -> None:
    made: list[int] = []

    def account() -> list[Account]:
        made.append(1)
        return [("XXX", Form([("-1", Fate("mapped", ("Thing.code",))), ("-2", Fate("unknown", (), "no map"))]))]

    coverage = Coverage(account)
    assert [] == made

    assert [CoverageEntry("XXX-2", "unknown", (), "no map")] == list(coverage.unknown)
    assert (1, 1) == (coverage.counts()["mapped"], coverage.counts()["unknown"])
    assert [1] == made
