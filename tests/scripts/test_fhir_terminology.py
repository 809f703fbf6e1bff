"""What a value set holds, as far as the definitions at hand can tell."""

from __future__ import annotations

from typing import Any

from scripts.fhir_terminology import Terminology

LOINC = "http://loinc.org"


def system(url: str, *codes: str, content: str = "complete") -> dict[str, Any]:
    concepts = [{"code": code} for code in codes]
    return {"resourceType": "CodeSystem", "url": url, "content": content, "concept": concepts}


def value_set(url: str, *include: dict[str, Any], exclude: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "url": url, "compose": {"include": list(include), "exclude": list(exclude)}}


def listed(url: str, *codes: str) -> dict[str, Any]:
    return {"system": url, "concept": [{"code": code} for code in codes]}


TOYS = system("urn:toys", "ball", "bone", "rope")


def test_what_is_excluded_is_not_in_it() -> None:
    terms = Terminology([TOYS, value_set("urn:vs", {"system": "urn:toys"}, exclude=(listed("urn:toys", "rope"),))])

    assert {"urn:toys": {"ball", "bone"}} == terms.expand("urn:vs") == terms.expand_partly("urn:vs")


def test_a_value_set_of_a_foreign_system_is_undecidable_but_for_its_system() -> None:
    terms = Terminology([TOYS, value_set("urn:vs", {"system": "urn:toys"}, {"system": "urn:else"})])

    assert terms.expand("urn:vs") is None
    assert {"urn:toys": {"ball", "bone", "rope"}, "urn:else": None} == terms.expand_partly("urn:vs")


def test_the_codes_of_a_licensed_system_are_never_taken_over() -> None:
    terms = Terminology([value_set("urn:vs", listed(LOINC, "718-7"), listed("urn:toys", "ball"))])

    assert {"urn:vs": {LOINC: None, "urn:toys": ["ball"]}} == terms.compile_partly(["urn:vs"])


def test_what_several_value_sets_share_is_in_their_intersection() -> None:
    both = value_set("urn:both", {"valueSet": ["urn:one", "urn:two"]})
    one = value_set("urn:one", listed("urn:toys", "ball", "bone"), listed("urn:only", "x"))
    two = value_set("urn:two", listed("urn:toys", "bone", "rope"))

    terms = Terminology([both, one, two])

    assert {"urn:toys": {"bone"}} == terms.expand_partly("urn:both")
    assert {"bone"} == (terms.expand("urn:both") or {})["urn:toys"]


def test_a_value_set_that_names_an_unknown_one_is_not_known_at_all() -> None:
    terms = Terminology([value_set("urn:vs", {"valueSet": ["urn:elsewhere"]}), value_set("urn:empty")])

    assert {"urn:empty": None, "urn:vs": None} == terms.compile_partly(["urn:vs", "urn:empty"])


def test_an_exclusion_that_is_not_known_leaves_the_system_undecidable() -> None:
    terms = Terminology(
        [TOYS, value_set("urn:vs", {"system": "urn:toys"}, exclude=({"valueSet": ["urn:elsewhere"]},))]
    )

    assert {"urn:toys": None} == terms.expand_partly("urn:vs")


def test_a_system_whose_content_is_a_fragment_is_not_known() -> None:
    terms = Terminology([system("urn:part", "x", content="fragment"), value_set("urn:vs", {"system": "urn:part"})])

    assert {"urn:part": None} == terms.expand_partly("urn:vs")
