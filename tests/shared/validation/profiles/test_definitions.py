"""Profiles by name, from the committed tables and from further packages."""

from __future__ import annotations

from shared.validation.profiles.definitions import PACKAGES, Definitions
from shared.validation.shapes import TABLES
from tests.shared.validation.profiles.test_checker import TOY, profile

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


def test_every_committed_package_is_asked() -> None:
    assert sorted(PACKAGES) == sorted(path.stem for path in (TABLES / "profiles").glob("*.json"))


def test_without_a_version_the_profiles_are_those_of_us_core_6() -> None:
    definitions = Definitions()

    assert ["6.1.0", "3.1.1", "7.0.0"] == [
        found.version
        for name in ("us-core-patient", f"{US_CORE}us-core-patient|3.1.1", f"{US_CORE}us-core-patient|7.0")
        if (found := definitions.find(name))
    ]
    assert definitions.find(f"{US_CORE}us-core-patient|8.0.0") is None
    assert definitions.find("us-core-nobody") is None


def test_a_further_package_comes_before_the_committed_ones() -> None:
    url = f"{US_CORE}us-core-patient"

    found = Definitions([profile({}, "Patient", url)]).find(url)

    assert found is not None
    assert "1.0" == found.version


def test_the_type_of_a_profile_is_known_and_that_of_a_base_type_is_itself() -> None:
    definitions = Definitions([profile({})])

    assert ["Observation", "Patient", "Patient", "Resource", None] == [
        definitions.type_of(url)
        for url in (
            TOY,
            f"{US_CORE}us-core-patient|6.1.0",
            "http://hl7.org/fhir/StructureDefinition/Patient|4.0.1",
            "http://hl7.org/fhir/StructureDefinition/Resource",
            "urn:nothing",
        )
    ]


def test_a_wrong_name_is_answered_with_names_like_it() -> None:
    assert "us-core-patient" == Definitions().names_like(f"{US_CORE}us-core-patent")[0]
    assert [] == Definitions().names_like("zz")
