import pytest

from local.functions_host.route_templates import compile_template
from shared.errors import ConfigurationError


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("", "", {}),
        ("a/b", "A/B/", {}),
        ("a/b", "a", None),
        ("a/{x}", "a/1%202", {"x": "1 2"}),
        ("a/{x}", "a", None),
        ("a/{x?}", "a", {}),
        ("a/{x?}", "a/b", {"x": "b"}),
        ("a/{x}/{y?}", "a/1", {"x": "1"}),
        ("a/{*rest}", "a", {}),
        ("a/{*rest}", "a/b/c", {"rest": "b/c"}),
        ("a/{**rest}", "a/b/c", {"rest": "b/c"}),
        ("{*rest}", "a/b", {"rest": "a/b"}),
        ("v{major}.{minor}/x", "v1.2/x", {"major": "1", "minor": "2"}),
        ("{x:int}", "-12", {"x": "-12"}),
        ("{x:int}", "99999999999", None),
        ("{x:long}", "99999999999", {"x": "99999999999"}),
        ("{x:int?}", "", {}),
        ("{x:bool}", "True", {"x": "True"}),
        ("{x:bool}", "1", None),
        ("{x:guid}", "7f0e7a2c-5a0e-4d55-9a37-3f4a1f1f1a10", {"x": "7f0e7a2c-5a0e-4d55-9a37-3f4a1f1f1a10"}),
        ("{x:guid}", "7f0e", None),
        ("{x:alpha}", "abC", {"x": "abC"}),
        ("{x:alpha}", "a1", None),
        ("{x:decimal}", "1.5", {"x": "1.5"}),
        ("{x:length(2)}", "abc", None),
        ("{x:length(2,3)}", "abc", {"x": "abc"}),
        ("{x:minlength(2):alpha}", "a", None),
        ("{x:maxlength(2)}", "ab", {"x": "ab"}),
        ("{x:min(5)}", "4", None),
        ("{x:max(5)}", "5", {"x": "5"}),
        ("{x:range(5,9)}", "10", None),
        (r"{x:regex(^\d{{3}}-(a|b)$)}", "123-b", {"x": "123-b"}),
        (r"{x:regex(^\d{{3}}$)}", "12", None),
    ],
)
def test_a_template_takes_the_paths_that_aspnet_gives_it(
    template: str, path: str, expected: dict[str, str] | None
) -> None:
    assert compile_template(template).match(path) == expected


def test_the_more_specific_template_comes_first() -> None:
    ordered = ["a/b", "a/{x:int}", "a/{x}", "a/{*x}", "{x}/b"]
    mixed = ["a/{*x}", "{x}/b", "a/{x}", "a/b", "a/{x:int}"]

    assert sorted(mixed, key=lambda text: compile_template(text).precedence) == ordered


@pytest.mark.parametrize("template", ["{x", "{x:unknown}", "{x:int(}", "{x=5}", "{x:length(a)}", "a}"])
def test_what_the_host_does_not_understand_is_refused(template: str) -> None:
    with pytest.raises(ConfigurationError):
        compile_template(template)
