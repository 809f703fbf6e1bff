from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from infra.apim import policy
from infra.apim.callers import Caller
from infra.apim.surfaces import surfaces
from shared.catalog.index import steps
from shared.settings import read_settings

_PRINTS = ("ab" * 32, "cd" * 32)
_CALLER = Caller("sample-lab", "Sample Laboratory", 120, 5000, 9000, _PRINTS)
_REQUIRED = {
    "CORRIDOR_DATABASE_URL": "postgresql://app@localhost/corridor",
    "CORRIDOR_ARCHIVE_URL": "file:///archive",
    "SERVICE_BUS__fullyQualifiedNamespace": "localhost",
    "CORRIDOR_KEY_VAULT_URL": "https://localhost",
    "CORRIDOR_TOKEN_ISSUER": "https://issuer.example",
    "CORRIDOR_TOKEN_JWKS_URL": "https://issuer.example/keys",
    "CORRIDOR_TOKEN_AUDIENCE": "api://corridor",
}


def _root(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document)  # noqa: S314 - our own text


def _inbound(document: str) -> list[ElementTree.Element]:
    found = _root(document).find("inbound")
    assert found is not None
    return list(found)


def _headers(document: str, section: str, action: str) -> set[str]:
    return {
        each.attrib["name"].lower()
        for each in _root(document).iterfind(f"{section}/set-header")
        if each.attrib["exists-action"] == action
    }


def _conditions(document: str) -> str:
    return " ".join(each.attrib["condition"] for each in _root(document).iter("when"))


def _documents() -> dict[str, str]:
    apis = {surface.name: policy.api_policy(surface, surface.name) for surface in surfaces(steps())}
    partners = {f"door {door}": policy.partner_policy(_CALLER, door=door) for door in (False, True)}
    return {"service": policy.service_policy(), "staff": policy.staff_policy(), **apis, **partners}


@pytest.mark.parametrize("name", _documents())
def test_every_policy_is_xml_of_four_sections_within_azures_limit(name: str) -> None:
    document = _documents()[name]

    assert ["inbound", "backend", "outbound", "on-error"] == [section.tag for section in _root(document)]
    assert len(document.encode()) < policy.LONGEST_DOCUMENT / 2
    assert "${" not in document


@pytest.mark.parametrize("name", _documents())
def test_no_expression_looks_into_a_body(name: str) -> None:
    assert re.search(r"\bBody\b", _documents()[name]) is None


def test_what_a_caller_says_of_where_it_comes_from_goes_no_further() -> None:
    dropped = _headers(policy.service_policy(), "inbound", "delete")

    assert {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-functions-key", "x-arr-clientcert"} <= dropped
    assert policy.GATEWAY_HEADER.lower() in dropped


def test_what_the_app_is_made_of_is_not_told() -> None:
    assert {"server", "x-powered-by"} <= _headers(policy.service_policy(), "outbound", "delete")


def test_a_trace_is_begun_where_the_caller_has_none() -> None:
    assert {"traceparent"} == _headers(policy.service_policy(), "inbound", "skip")


def test_every_api_limits_the_rate_and_checks_the_token_before_anything_else() -> None:
    for surface in surfaces(steps()):
        inbound = [each.tag for each in _inbound(policy.api_policy(surface, "app"))]

        assert ["rate-limit-by-key", "validate-jwt", "base"] == inbound[:3]


def test_a_token_must_carry_a_role_of_the_surface() -> None:
    for surface in surfaces(steps()):
        asked = _root(policy.api_policy(surface, "app")).iterfind(".//validate-jwt/required-claims/claim/value")

        assert list(surface.roles) == [each.text for each in asked]


def test_the_subscription_key_and_a_claimed_certificate_stay_at_the_gateway() -> None:
    for surface in surfaces(steps()):
        document = policy.api_policy(surface, "app")

        assert {"ocp-apim-subscription-key", policy.CERTIFICATE_HEADER.lower()} <= _headers(
            document, "inbound", "delete"
        )
        assert "authorization" not in _headers(document, "inbound", "delete")
        assert {policy.GATEWAY_HEADER.lower()} == _headers(document, "inbound", "override")


def test_the_gateway_takes_no_longer_body_than_intake_does() -> None:
    assert read_settings(_REQUIRED).max_body_bytes == policy.LONGEST_BODY
    for surface in surfaces(steps()):
        assert f"> {policy.LONGEST_BODY}" in _conditions(policy.api_policy(surface, "app"))


def test_a_partner_has_the_limits_of_its_file() -> None:
    root = _root(policy.partner_policy(_CALLER, door=False))
    rate, quota = root.find("inbound/rate-limit"), root.find("inbound/quota")
    assert rate is not None
    assert quota is not None

    assert ("120", "60") == (rate.attrib["calls"], rate.attrib["renewal-period"])
    assert ("5000", "9000", "86400") == tuple(quota.attrib[key] for key in ("calls", "bandwidth", "renewal-period"))


def test_a_partners_token_and_address_must_name_the_partner_of_its_subscription() -> None:
    conditions = _conditions(policy.partner_policy(_CALLER, door=False))

    assert '.Claims["roles"].Contains("partner.sample-lab")' in conditions
    assert 'MatchedParameters.GetValueOrDefault("partner", "sample-lab").Equals("sample-lab")' in conditions


def test_either_of_two_certificates_is_good_while_one_takes_the_others_place() -> None:
    for door in (False, True):
        assert ",".join(_PRINTS) in _conditions(policy.partner_policy(_CALLER, door=door))


def test_the_certificate_is_the_connections_own_where_mutual_tls_ends_at_the_gateway() -> None:
    document = policy.partner_policy(_CALLER, door=False)

    assert "context.Request.Certificate.RawData" in _conditions(document)
    assert "validate-client-certificate" in {each.tag for each in _inbound(document)}
    assert policy.CERTIFICATE_HEADER not in document


def test_the_certificate_is_the_doors_word_where_mutual_tls_ends_there() -> None:
    document = policy.partner_policy(_CALLER, door=True)

    assert policy.CERTIFICATE_HEADER in document
    assert "context.Request.Certificate" not in document


def test_a_partner_without_certificates_is_asked_for_none() -> None:
    caller = Caller("sample-lab", "Sample Laboratory", 120, 5000, 9000, ())

    assert "ertificate" not in policy.partner_policy(caller, door=False)


def test_a_policy_longer_than_azure_takes_is_refused_with_its_name() -> None:
    caller = Caller("sample-lab", "Sample Laboratory", 120, 5000, 9000, tuple(["ab" * 32] * 300))

    with pytest.raises(ValueError, match=r"^the policy of sample-lab is \d+ bytes: API Management takes 16 KiB$"):
        policy.partner_policy(caller, door=False)


def test_a_name_that_would_end_the_policy_early_stays_text() -> None:
    document = policy.partner_policy(Caller('"/><evil a="', "", 1, 1, 1, ()), door=False)

    assert "evil" not in {each.tag for each in _root(document).iter()}


def test_refusals_are_problem_documents_with_codes_of_the_functions() -> None:
    bodies = [each.text or "" for each in _root(policy.partner_policy(_CALLER, door=True)).iter("set-body")]

    assert ["partner-mismatch", "certificate-refused"] == [
        re.findall(r'"code": "([\w-]+)"', text)[0] for text in bodies
    ]
