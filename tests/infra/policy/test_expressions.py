from __future__ import annotations

from typing import Any

import pytest

from infra.policy.expressions import NotEvaluableError, evaluate


class _Around:
    """A resource of which a few things are known."""

    def parameter(self, name: str) -> Any:
        return {"days": "30", "regions": ["eastus2"], "effect": "Audit"}[name]

    def field(self, alias: str) -> Any:
        return {"name": "vault", "issuer": "https://issuer.example/tenant"}.get(alias)

    def current(self, alias: str) -> Any:
        return f"the current {alias}"

    def answer(self, function: str) -> Any:
        if function == "requestcontext":
            return {"apiVersion": "2024-01-01"}
        raise NotEvaluableError(f"{function}() is for Azure to say")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        (7, 7),
        ("[[not an expression]", "[[not an expression]"),
        ("[parameters('effect')]", "Audit"),
        ("[padLeft(parameters('days'), 3, '0')]", "030"),
        ("[requestContext().apiVersion]", "2024-01-01"),
        ("[if(equals(parameters('days'), '30'), 'month', 'else')]", "month"),
        ("[split(field('issuer'), '/')[2]]", "issuer.example"),
        ("[if(greaterOrEquals(length(split(field('issuer'),'/')),9), 'long', 'short')]", "short"),
        ("[first(split('a/b', '/'))]", "a"),
        ("[first('abc')]", "a"),
        ("[split('a/b', '/')[9]]", None),
        ("[concat('a', 'it''s', 3)]", "ait's3"),
        ("[empty(field('nothing'))]", True),
        ("[coalesce(field('nothing'), 'else')]", "else"),
        ("[string(field('nothing'))]", ""),
        ("[mul(int('6'), -7)]", -42),
        ("[and(true(), not(false()))]", NotEvaluableError),
        ("[and(not(empty('x')), equals(1, 1))]", True),
        ("[current('things[*].name')]", "the current things[*].name"),
        ("[toLower('ABC')]", "abc"),
    ],
)
def test_an_expression_has_the_value_that_azure_gives_it(text: Any, value: Any) -> None:
    if value is NotEvaluableError:
        with pytest.raises(NotEvaluableError):
            evaluate(text, _Around())
    else:
        assert value == evaluate(text, _Around())


@pytest.mark.parametrize(
    "text",
    ["[utcNow()]", "[concat('a']", "[concat 'a']", "[)]", "[concat('a') 'b']", "['a'.b(]", "[split('a', 'b')[1}]"],
)
def test_what_cannot_be_known_or_read_is_not_guessed(text: str) -> None:
    with pytest.raises(NotEvaluableError):
        evaluate(text, _Around())
