"""A token is good when the issuer signed it for us and it has not expired; nothing else is (ADR 0007)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.adapters.token_verifier import JwtVerifier
from shared.errors import RejectedError, TransientError
from tests.shared.adapters.parts import HttpServer, eventually, nobody, plain
from tests.shared.adapters.standins import API, CLIENT_SECRET, Issuer

Forge = Callable[[Issuer], str]


@pytest.fixture
def verifier(issuer: Issuer) -> JwtVerifier:
    return verifier_of(issuer)


def verifier_of(issuer: Issuer, **changed: Any) -> JwtVerifier:
    given = {"issuer": issuer.name, "audience": API, "jwks_url": issuer.jwks_url, "ca_file": issuer.ca_file}
    return JwtVerifier(**(given | changed))


def claims(issuer: Issuer, **changed: object) -> dict[str, object]:
    now = int(time.time())
    given = {"iss": issuer.name, "aud": API, "sub": "riverside-lab", "iat": now, "nbf": now, "exp": now + 600}
    return {name: value for name, value in (given | changed).items() if value is not None}


def signed(issuer: Issuer, **changed: object) -> str:
    return issuer.keys().sign(claims(issuer, **changed))


def kid(issuer: Issuer) -> dict[str, str]:
    return {"kid": issuer.keys().active.kid}


def refuses(verifier: JwtVerifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except RejectedError:
        return True
    return False


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(issuer: Issuer) -> str:
    return jwt.encode(claims(issuer), "", algorithm="none", headers=kid(issuer))


def signed_with_the_public_key(issuer: Issuer) -> str:
    public = issuer.keys().active.private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = f"{encoded({'alg': 'HS256', 'typ': 'JWT', **kid(issuer)})}.{encoded(claims(issuer))}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head.encode(), pem)
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def tampered(issuer: Issuer) -> str:
    head, _, signature = signed(issuer).split(".")
    return f"{head}.{encoded(claims(issuer, sub='somebody-else'))}.{signature}"


def signed_by_another(issuer: Issuer, headers: dict[str, str] | None = None) -> str:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims(issuer), other, algorithm="RS256", headers=headers or kid(issuer))


FORGERIES: dict[str, Forge] = {
    "expired": lambda issuer: signed(issuer, exp=int(time.time()) - 60),
    "not yet valid": lambda issuer: signed(issuer, nbf=int(time.time()) + 600),
    "for another audience": lambda issuer: signed(issuer, aud="api://harbor-ehr"),
    "of another issuer": lambda issuer: signed(issuer, iss="https://elsewhere.example"),
    "never expiring": lambda issuer: signed(issuer, exp=None),
    "without audience": lambda issuer: signed(issuer, aud=None),
    "without issuer": lambda issuer: signed(issuer, iss=None),
    "expiring in words": lambda issuer: signed(issuer, exp="tomorrow"),
    "unsigned": unsigned,
    "signed with the public key": signed_with_the_public_key,
    "tampered": tampered,
    "signed by another key": signed_by_another,
    "of an unknown key": lambda issuer: signed_by_another(issuer, {"kid": "unknown"}),
    "without a key id": lambda issuer: jwt.encode(
        claims(issuer), issuer.keys().active.private, algorithm="RS256", headers={}
    ),
    "cut short": lambda issuer: signed(issuer)[:-20],
    "empty": lambda _: "",
    "no token": lambda _: "not a token",
    "not ASCII": lambda _: "grüße.grüße.grüße",
}


def test_a_token_of_the_issuer_is_good(issuer: Issuer, verifier: JwtVerifier) -> None:
    form = {"grant_type": "client_credentials", "scope": f"{API}/.default", "client_id": "riverside-lab"}
    with httpx.Client(verify=issuer.trust()) as client:
        answer = client.post(issuer.token_url, data={**form, "client_secret": CLIENT_SECRET}).json()

    verified = verifier.verify(answer["access_token"])

    assert ("riverside-lab", ["message.send"]) == (verified["azp"], verified["roles"])


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_no_other_token_is_good(issuer: Issuer, verifier: JwtVerifier, forge: Forge) -> None:
    verifier.verify(signed(issuer))

    with pytest.raises(RejectedError) as refused:
        verifier.verify(forge(issuer))

    assert "token-invalid" == refused.value.code


def test_a_refusal_repeats_nothing_of_the_token(issuer: Issuer, verifier: JwtVerifier) -> None:
    with pytest.raises(RejectedError) as refused:
        verifier.verify("a.secret.token")

    assert "secret" not in str(refused.value)


def test_a_rotated_key_is_picked_up_at_once(issuer: Issuer, verifier: JwtVerifier) -> None:
    before = signed(issuer)
    verifier.verify(before)

    issuer.rotate()
    after = signed(issuer)

    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    assert verifier.verify(after)["sub"] == verifier.verify(before)["sub"]


def test_a_withdrawn_key_is_soon_refused(issuer: Issuer) -> None:
    keys = issuer.keys()
    published = [json.dumps(keys.published()).encode()]

    with HttpServer(lambda request: plain(200, published[0])(request)).running() as server:
        verifier = verifier_of(issuer, jwks_url=f"{server.url}/keys", ca_file=None, fresh_seconds=0.05)
        token = signed(issuer)
        verifier.verify(token)
        published[0] = json.dumps({"keys": [keys._keys[0].public_jwk()]}).encode()

        eventually(lambda: refuses(verifier, token))


def test_an_issuer_that_is_down_condemns_no_token(issuer: Issuer) -> None:
    with nobody() as port:
        verifier = verifier_of(issuer, jwks_url=f"http://127.0.0.1:{port}/keys", ca_file=None)

        with pytest.raises(TransientError, match="issuer-unavailable"):
            verifier.verify(signed(issuer))


@pytest.mark.parametrize("answer", [plain(503), plain(200, b"<html>"), plain(200, b"")], ids=["503", "html", "empty"])
def test_an_issuer_that_answers_nonsense_condemns_no_token(issuer: Issuer, answer: Any) -> None:
    with HttpServer(answer).running() as server:
        verifier = verifier_of(issuer, jwks_url=server.url, ca_file=None)

        with pytest.raises(TransientError, match="issuer-unavailable"):
            verifier.verify(signed(issuer))


def test_an_issuer_that_goes_down_leaves_its_known_keys_good(issuer: Issuer) -> None:
    answers = [plain(200, json.dumps(issuer.keys().published()).encode())]

    with HttpServer(lambda request: answers[0](request)).running() as server:
        verifier = verifier_of(issuer, jwks_url=server.url, ca_file=None, fresh_seconds=0.01)
        token = signed(issuer)
        verifier.verify(token)
        answers[0] = plain(503)
        time.sleep(0.02)  # until the key set is no longer fresh

        assert API == verifier.verify(token)["aud"]
        with pytest.raises(TransientError):
            verifier.verify(signed_by_another(issuer, {"kid": "never seen"}))
        assert len(server.paths) > 1


def test_an_issuer_with_another_authority_is_not_believed(issuer: Issuer) -> None:
    with pytest.raises(TransientError):
        verifier_of(issuer, ca_file=None).verify(signed(issuer))


def test_a_token_that_was_good_is_refused_once_it_ends(issuer: Issuer, verifier: JwtVerifier) -> None:
    token = signed(issuer, exp=int(time.time()) - 28)  # clocks may differ by thirty seconds
    assert API == verifier.verify(token)["aud"] == verifier.verify(token)["aud"]

    eventually(lambda: refuses(verifier, token))


def test_a_token_that_was_good_is_verified_anew_when_another_key_has_its_name(issuer: Issuer) -> None:
    published = [json.dumps(issuer.keys().published()).encode()]
    other = jwt.algorithms.RSAAlgorithm.to_jwk(
        rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key(), as_dict=True
    )

    with HttpServer(lambda request: plain(200, published[0])(request)).running() as server:
        verifier = verifier_of(issuer, jwks_url=server.url, ca_file=None, fresh_seconds=0.05)
        token = signed(issuer)
        verifier.verify(token)
        published[0] = json.dumps({"keys": [{**other, **kid(issuer), "use": "sig", "alg": "RS256"}]}).encode()

        eventually(lambda: refuses(verifier, token))
