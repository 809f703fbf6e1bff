from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.service_bus.filters import FilterError, correlation_filter, sql_filter


@dataclass
class Seen:
    application_properties: dict[str, object] = field(default_factory=dict)
    system_properties: dict[str, object] = field(default_factory=dict)


ADT = Seen(
    {"kind": "ADT", "size": 12, "urgent": True, "ratio": 0.5, "odd name": "x"}, {"label": "hl7", "messageid": "m1"}
)


@pytest.mark.parametrize(
    "expression",
    [
        "kind = 'ADT'",
        "KIND = 'ADT'",
        "user.kind = 'ADT'",
        "[kind] = 'ADT'",
        "\"odd name\" = 'x'",
        "[odd name] = 'x'",
        "kind <> 'ORU' AND kind != 'oru'",
        "size > 11 AND size >= 12 AND size < 12.5 AND size <= 12",
        "-1 < size",
        "urgent = TRUE",
        "urgent <> FALSE",
        "ratio = 5e-1",
        "kind IN ('ORU', 'ADT')",
        "kind NOT IN ('ORU')",
        "kind LIKE 'A%'",
        "kind LIKE '_DT'",
        "kind NOT LIKE 'O%'",
        "[odd name] LIKE '!x' ESCAPE '!'",
        "EXISTS(kind) AND NOT EXISTS(absent)",
        "absent IS NULL",
        "kind IS NOT NULL",
        "sys.Label = 'hl7'",
        "sys.Subject = 'hl7' AND sys.MessageId = 'm1'",
        "TRUE",
        "1 = 1",
        "NOT FALSE",
        "not (kind = 'ORU' or size > 100)",
        "kind = 'ORU' OR kind = 'ADT' AND size = 12",
        "size <> 'text'",
    ],
)
def test_a_filter_matches(expression: str) -> None:
    assert sql_filter(expression)(ADT)


@pytest.mark.parametrize(
    "expression",
    [
        "kind = 'adt'",
        "absent = 'x'",
        "absent <> 'x'",
        "NOT absent = 'x'",
        "absent NOT IN ('x')",
        "absent LIKE '%'",
        "absent NOT LIKE 'x'",
        "kind NOT IN ('x', absent)",
        "size = '12'",
        "urgent = 1",
        "size > 'a'",
        "FALSE",
        "kind = 'ORU' AND absent = 1",
        "sys.To = 'x'",
        "size NOT LIKE 'x'",
        "(kind = 'ADT' OR TRUE) AND FALSE",
    ],
)
def test_a_filter_does_not_match(expression: str) -> None:
    assert not sql_filter(expression)(ADT)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "a property is wanted"),
        ("kind =", "a property is wanted"),
        ("kind = 'x", "not understood at character"),
        ("sys.Nothing = 1", "sys.Nothing is not built"),
        ("newid() = 1", "function newid is not built"),
        ("size + 1 = 2", "LIKE is missing"),
        ("kind = 'x' kind", "unexpected 'kind'"),
        ("kind IN ()", "a property"),
        ("(kind = 'x'", ") is missing"),
        ("kind LIKE 'x' ESCAPE 'ab'", "one character"),
        ("a-b = 1", "LIKE is missing"),
        ("kind LIKE 5", "text in quotes"),
        ("size = -'x'", "a number is wanted"),
        ("NOT " * 40 + "TRUE", "nested deeper"),
        ("kind = 'x' OR " * 100 + "TRUE", "at most 1024"),
        ("x LIKE 'a!' ESCAPE '!'", "one more follows"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused_with_the_reason(expression: str, said: str) -> None:
    with pytest.raises(FilterError, match=r".*") as refusal:
        sql_filter(expression)

    assert said in str(refusal.value)


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_is_refused(expression: str) -> None:
    try:
        matches = sql_filter(expression)
    except FilterError:
        return
    assert matches(ADT) in (True, False)


TRUTHS = {"kind = 'ADT'": True, "kind = 'ORU'": False, "absent = 1": None}


def expressions() -> st.SearchStrategy[tuple[str, bool | None]]:
    """Expressions with the truth that SQL's three-valued logic gives them."""
    leaves = st.sampled_from(list(TRUTHS.items()))

    def grown(inner: st.SearchStrategy[tuple[str, bool | None]]) -> st.SearchStrategy[tuple[str, bool | None]]:
        def both(pair: tuple[tuple[str, bool | None], tuple[str, bool | None]]) -> tuple[str, bool | None]:
            (a, x), (b, y) = pair
            return f"({a}) AND ({b})", False if False in (x, y) else None if None in (x, y) else True

        def either(pair: tuple[tuple[str, bool | None], tuple[str, bool | None]]) -> tuple[str, bool | None]:
            (a, x), (b, y) = pair
            return f"({a}) OR ({b})", True if True in (x, y) else None if None in (x, y) else False

        def negated(one: tuple[str, bool | None]) -> tuple[str, bool | None]:
            return f"NOT ({one[0]})", None if one[1] is None else not one[1]

        pairs = st.tuples(inner, inner)
        return pairs.map(both) | pairs.map(either) | inner.map(negated)

    return st.recursive(leaves, grown, max_leaves=8)


@given(expressions())
def test_logic_has_three_values_and_unknown_does_not_match(case: tuple[str, bool | None]) -> None:
    expression, truth = case

    assert sql_filter(expression)(ADT) == (truth is True)


@given(st.text(alphabet="ab%_", max_size=6), st.text(alphabet="ab", max_size=6))
def test_like_is_what_its_pattern_says(pattern: str, value: str) -> None:
    def agrees(p: str, v: str) -> bool:
        if not p:
            return not v
        if p[0] == "%":
            return agrees(p[1:], v) or (bool(v) and agrees(p, v[1:]))
        return bool(v) and p[0] in ("_", v[0]) and agrees(p[1:], v[1:])

    assert sql_filter(f"v LIKE '{pattern}'")(Seen({"v": value})) == agrees(pattern, value)


def test_a_correlation_filter_wants_every_named_property() -> None:
    matches = correlation_filter({"label": "hl7"}, {"kind": "ADT", "size": 12})

    assert matches(ADT)
    assert not matches(Seen({"kind": "ADT", "size": 12}, {"label": "fhir"}))
    assert not matches(Seen({"kind": "ADT"}, {"label": "hl7"}))
    assert not matches(Seen({"kind": "ADT", "size": "12"}, {"label": "hl7"}))
    assert correlation_filter({"subject": "hl7"}, {})(ADT)
    with pytest.raises(FilterError, match="no correlation property: colour"):
        correlation_filter({"colour": "red"}, {})
