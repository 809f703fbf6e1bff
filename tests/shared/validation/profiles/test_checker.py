"""Profiles written for one rule each: slicing by every kind of discriminator, nested profiles, closed slices."""

from __future__ import annotations

from typing import Any

import pytest

from shared.validation.full import validate_fully
from shared.validation.profiles.definitions import BASE, Definitions

Node = dict[str, Any]
TOY = "urn:profile:toy"


def profile(root: Node, kind: str = "Observation", url: str = TOY) -> Node:
    """Return a package, as the compiler makes it, with one profile and no value sets."""
    entry = {"type": kind, "id": url.rsplit(":", 1)[-1], "version": "1.0", "root": root}
    return {
        "package": "test 1.0",
        "valueSets": {"urn:vs": {"urn:s": ["a"]}, "urn:vast": None},
        "profiles": {url: entry},
    }


def observation(**more: Any) -> Node:
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    return {"resourceType": "Observation", "text": text, "status": "final", "code": {"text": "x"}} | more


def found(resource: Node, *packages: Node, url: str = TOY, remarks: bool = False) -> list[tuple[str, str]]:
    issues = validate_fully(resource, profiles=[url], definitions=Definitions(packages))
    wanted = ("error", "information") if remarks else ("error",)
    return [(issue.code, issue.location) for issue in issues if issue.severity in wanted]


def sliced(name: str, by: list[list[str]], part: Node, **more: Any) -> Node:
    return {"children": {name: {"slicing": {"by": by, **more}, "slices": {"part": part}}}}


def identifier(value: str, system: str = "urn:s") -> Node:
    return {"system": system, "value": value}


BY_VALUE = sliced(
    "identifier", [["value", "system"]], {"min": 1, "max": 1, "children": {"system": {"fixed": "urn:s"}}}
)
BY_PATTERN = sliced("identifier", [["pattern", "$this"]], {"min": 1, "max": 1, "pattern": {"system": "urn:s"}})
BY_PROJECTION = sliced("identifier", [["value", "system"]], {"min": 1, "max": 1, "pattern": {"system": "urn:s"}})
BY_EXISTENCE = sliced("identifier", [["exists", "period"]], {"max": 0, "children": {"period": {"min": 1}}})
BY_ABSENCE = sliced("identifier", [["exists", "period"]], {"min": 1, "children": {"period": {"max": 0}}})


@pytest.mark.parametrize("root", [BY_VALUE, BY_PATTERN, BY_PROJECTION], ids=["value", "pattern", "projected pattern"])
def test_a_slice_is_counted_by_what_tells_it(root: Node) -> None:
    package = profile(root)

    assert [] == found(observation(identifier=[identifier("1"), identifier("2", "urn:t")]), package)
    assert [("element-missing", "Observation.identifier")] == found(observation(), package)
    assert [("too-many-values", "Observation.identifier")] == found(
        observation(identifier=[identifier("1"), identifier("2")]), package
    )


def test_a_slice_may_be_told_by_what_is_there_and_what_is_not() -> None:
    dated = observation(identifier=[identifier("1") | {"period": {"start": "2020"}}])

    assert [("too-many-values", "Observation.identifier")] == found(dated, profile(BY_EXISTENCE))
    assert [("element-missing", "Observation.identifier")] == found(dated, profile(BY_ABSENCE))
    assert [] == found(observation(identifier=[identifier("1")]), profile(BY_ABSENCE))


def test_closed_slices_allow_nothing_else() -> None:
    root = sliced("identifier", [["value", "system"]], {"children": {"system": {"fixed": "urn:s"}}}, closed=True)

    assert [("slice-unknown", "Observation.identifier[1]")] == found(
        observation(identifier=[identifier("1"), identifier("2", "urn:t")]), profile(root)
    )


def test_ordered_slices_come_in_their_order() -> None:
    slices = {name: {"children": {"system": {"fixed": f"urn:{name}"}}} for name in ("a", "b")}
    slicing = {"by": [["value", "system"]], "ordered": True}
    package = profile({"children": {"identifier": {"slicing": slicing, "slices": slices}}})
    first, other, second = identifier("1", "urn:a"), identifier("2", "urn:x"), identifier("3", "urn:b")

    assert [] == found(observation(identifier=[first, other, second]), package)
    assert [("slice-order-wrong", "Observation.identifier")] == found(observation(identifier=[second, first]), package)


def test_a_choice_is_sliced_by_type() -> None:
    root = sliced("value[x]", [["type", "$this"]], {"min": 1, "types": ["Quantity"]})

    assert [] == found(observation(valueQuantity={"value": 1}), profile(root))
    assert [("element-missing", "Observation.value")] == found(observation(valueString="x"), profile(root))


def test_a_reference_is_sliced_by_the_type_and_the_content_of_its_target() -> None:
    by_type = sliced("performer", [["type", "resolve()"]], {"min": 1, "targets": [f"{BASE}Organization"]})
    organization = profile({"children": {"name": {"fixed": "Toys"}}}, "Organization", "urn:profile:shop")
    by_name = sliced("performer", [["value", "resolve().name"]], {"min": 1, "targets": ["urn:profile:shop"]})
    inside = {"contained": [{"resourceType": "Organization", "id": "o", "name": "Toys"}]}
    other = {"contained": [{"resourceType": "Organization", "id": "o", "name": "Else"}]}
    local = {"performer": [{"reference": "#o"}]}

    assert [] == found(observation(performer=[{"reference": "Organization/1"}]), profile(by_type))
    assert [("element-missing", "Observation.performer")] == found(
        observation(performer=[{"reference": "Patient/1"}]), profile(by_type)
    )
    assert [] == found(observation(**inside, **local), profile(by_name), organization)
    assert [("element-missing", "Observation.performer")] == found(
        observation(**other, **local), profile(by_name), organization
    )


def test_a_slice_may_be_told_by_the_profile_of_its_values() -> None:
    shop = profile({"children": {"name": {"fixed": "Toys"}}}, "Organization", "urn:profile:shop")
    root = sliced("contained", [["profile", "$this"]], {"min": 1, "profiles": ["urn:profile:shop"]})
    contained = [{"resourceType": "Organization", "id": "o", "name": "Toys"}]

    assert [] == found(observation(contained=contained, performer=[{"reference": "#o"}]), profile(root), shop)
    contained[0]["name"] = "Else"
    assert [("element-missing", "Observation.contained")] == found(
        observation(contained=contained, performer=[{"reference": "#o"}]), profile(root), shop
    )


def test_a_slice_may_be_told_by_an_extension_and_by_a_required_binding() -> None:
    extension = {"slicing": {"by": [["value", "url"]]}, "slices": {"mark": {"min": 1, "profiles": ["urn:mark"]}}}
    by_extension = sliced(
        "identifier", [["exists", "extension('urn:mark')"]], {"min": 1, "children": {"extension": extension}}
    )
    by_binding = sliced("category", [["value", "$this"]], {"min": 1, "binding": ["required", "urn:vs"]})
    marked = identifier("1") | {"extension": [{"url": "urn:mark", "valueCode": "x"}]}

    assert [] == found(observation(identifier=[marked]), profile(by_extension))
    assert [("element-missing", "Observation.identifier")] == found(
        observation(identifier=[identifier("1")]), profile(by_extension)
    )
    assert [] == found(observation(category=[{"coding": [{"system": "urn:s", "code": "a"}]}]), profile(by_binding))
    assert [("element-missing", "Observation.category")] == found(
        observation(category=[{"coding": [{"system": "urn:s", "code": "b"}]}]), profile(by_binding)
    )


def test_a_choice_may_be_narrowed_before_it_is_told_and_an_extension_by_its_url() -> None:
    by_code = sliced("value[x]", [["value", "ofType(Quantity).code"]], {"min": 1, "pattern": {"code": "mg"}})
    by_url = sliced("extension", [["value", "url"]], {"min": 1, "profiles": ["urn:mark"]})
    mark = {"url": "urn:mark", "valueCode": "x"}

    assert [] == found(observation(valueQuantity={"value": 1, "system": "urn:s", "code": "mg"}), profile(by_code))
    assert [("element-missing", "Observation.value")] == found(observation(valueString="mg"), profile(by_code))
    assert [] == found(observation(extension=[mark]), profile(by_url))
    assert [("element-missing", "Observation.extension")] == found(observation(), profile(by_url))


def test_a_slice_is_told_by_what_its_profile_fixes() -> None:
    shop = profile({"children": {"name": {"fixed": "Toys"}}}, "Organization", "urn:profile:shop")
    root = sliced("contained", [["value", "name"]], {"min": 1, "profiles": ["urn:profile:shop"]})
    contained = [{"resourceType": "Organization", "id": "o", "name": "Toys"}]

    assert [] == found(observation(contained=contained, performer=[{"reference": "#o"}]), profile(root), shop)


@pytest.mark.parametrize(
    ("by", "part"),
    [
        (["value", "extension('urn:none').value"], {"min": 1, "children": {"system": {"fixed": "x"}}}),
        (["value", "assigner.resolve().name"], {"min": 1, "profiles": ["urn:profile:unknown"]}),
        (["value", "system"], {"min": 1, "children": {"value": {"min": 1}}}),
        (["value", "$this"], {"min": 1, "binding": ["required", "urn:vast"]}),
        (["type", "$this"], {"min": 1, "types": ["Identifier"]}),
        (["exists", "period"], {"min": 1, "children": {"period": {"types": ["Period"]}}}),
        (["profile", "$this"], {"min": 1, "profiles": ["urn:profile:unknown"]}),
        (["value", "assigner.resolve().name"], {"min": 1, "children": {"assigner": {}}}),
    ],
)
def test_a_slice_that_cannot_be_told_is_said_to_be_so(by: list[str], part: Node) -> None:
    remarks = found(observation(identifier=[identifier("1")]), profile(sliced("identifier", [by], part)), remarks=True)

    assert ("slice-undecidable", "Observation.identifier") in remarks
    assert not [code for code, _ in remarks if code == "element-missing"]


def test_a_value_may_meet_one_of_several_profiles() -> None:
    named = profile({"children": {"name": {"min": 1}}}, "Organization", "urn:profile:named")
    active = profile({"children": {"active": {"fixed": True}}}, "Organization", "urn:profile:active")
    root = {"children": {"contained": {"profiles": ["urn:profile:named", "urn:profile:active"]}}}
    local = {"performer": [{"reference": "#o"}]}

    def verdict(**more: Any) -> list[tuple[str, str]]:
        organization = {"resourceType": "Organization", "id": "o", "identifier": [identifier("1")], **more}
        return found(observation(contained=[organization], **local), profile(root), named, active)

    assert [] == verdict(name="Toys")
    assert [] == verdict(active=True)
    assert [("profile-not-met", "Observation.contained[0]")] == verdict(active=False)


def test_a_binding_that_is_required_must_be_met_unless_nobody_can_tell() -> None:
    required = profile({"children": {"method": {"binding": ["required", "urn:vs"]}}})
    unknown = profile({"children": {"method": {"binding": ["required", "urn:vast"]}}})
    resource = observation(method={"coding": [{"system": "urn:s", "code": "b"}]})

    assert [("code-invalid", "Observation.method")] == found(resource, required)
    assert ("binding-undecidable", "Observation.method") in found(resource, unknown, remarks=True)


def test_targets_that_are_not_known_are_said_to_be_so() -> None:
    package = profile({"children": {"subject": {"targets": ["urn:profile:unknown"]}}})

    assert ("profile-unknown", "Observation.subject") in found(
        observation(subject={"reference": "Patient/1"}), package, remarks=True
    )


def test_an_invariant_that_the_engine_cannot_evaluate_is_said_to_be_so() -> None:
    package = profile({"rules": [["toy-1", "error", "conformsTo('urn:x')"], ["toy-2", "warning", "false"]]})

    assert [("invariant-undecidable", "Observation")] == found(observation(), package, remarks=True)


def test_profiles_may_demand_one_another_without_end() -> None:
    first = profile({"profiles": ["urn:profile:second"]}, url=TOY)
    second = profile({"profiles": [TOY], "children": {"method": {"min": 1}}}, url="urn:profile:second")

    assert [("element-missing", "Observation.method")] == found(observation(), first, second)
