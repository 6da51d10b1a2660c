"""Which assertions prove nothing? Each row is one that somebody could send; none of them gets a token.

The first rows of SMART's own tests (Inferno's Backend Services group) are among them.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from sqlalchemy import func, select

from resource_api.access.client import revoke_client
from resource_api.access.tables import AccessToken, SeenAssertion
from tests.access.enrol import ask_token, enrol, in_database
from tests.access.signing import (
    AUDIENCE,
    claims_of,
    ec_key,
    encode,
    form_of,
    jwk_of,
    key_set,
    rsa_key,
    sign,
    sign_raw,
)

NOW = int(time.time())
HOUR = 3600


@dataclass(frozen=True)
class Forger:
    """What somebody has who makes assertions: a client's keys and, to misuse them, others' ids."""

    client_id: str
    other_id: str
    secret_only: str
    reader: str
    revoked: str

    def sign(self, header: dict[str, object] | None = None, **claims: object) -> str:
        return sign(rsa_key(), "RS384", "rsa", claims_of(self.client_id, **claims), **(header or {}))

    def sign_ec(self, header: dict[str, object] | None = None, **claims: object) -> str:
        return sign(ec_key(), "ES384", "ec", claims_of(self.client_id, **claims), **(header or {}))

    def by(self, alg: str, key: object, kid: str) -> str:
        return sign(key, alg, kid, claims_of(self.client_id))

    def raw(self, header: str, claims: str) -> str:
        return sign_raw(rsa_key(), "RS384", header, claims)

    def unsigned(self, alg: object, signature: str) -> str:
        header = json.dumps({"alg": alg, "kid": "rsa", "typ": "JWT"})
        return f"{encode(header)}.{encode(json.dumps(claims_of(self.client_id)))}.{signature}"

    def as_(self, iss: str) -> str:
        return sign(rsa_key(), "RS384", "rsa", claims_of(iss))

    def by_hmac(self, alg: str, digest: hashes.HashAlgorithm, secret: bytes) -> str:
        signed = self.unsigned(alg, "").rstrip(".")
        made = hmac.HMAC(secret, digest)
        made.update(signed.encode())
        return f"{signed}.{encode(made.finalize())}"


def public_pem() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


GOOD_HEADER = '{"alg":"RS384","kid":"rsa","typ":"JWT"}'


def with_claims(f: Forger, **changed: str) -> str:
    """Write the claims by hand: with values that no encoder of JSON writes."""
    good = {name: json.dumps(value) for name, value in claims_of(f.client_id).items()} | changed
    return "{" + ",".join(f'"{name}":{value}' for name, value in good.items()) + "}"


BAD: dict[str, Callable[[Forger], str]] = {
    # The algorithm
    "unsigned": lambda f: f.unsigned("none", ""),
    "unsigned, with something for a signature": lambda f: f.unsigned("none", "AAAA"),
    "unsigned, in capitals": lambda f: f.unsigned("NONE", "AAAA"),
    "HMAC by the public key": lambda f: f.by_hmac("HS256", hashes.SHA256(), public_pem()),
    "HMAC-384 by the public key": lambda f: f.by_hmac("HS384", hashes.SHA384(), public_pem()),
    "HMAC that calls itself RS384": lambda f: f.by_hmac("RS384", hashes.SHA384(), public_pem()),
    "RS256": lambda f: f.by("RS256", rsa_key(), "rsa"),
    "RS512": lambda f: f.by("RS512", rsa_key(), "rsa"),
    "PS384": lambda f: f.by("PS384", rsa_key(), "rsa"),
    "ES256": lambda f: f.by("ES256", ec_key("p256", "secp256r1"), "p256"),
    "ES512": lambda f: f.by("ES512", ec_key("p521", "secp521r1"), "p521"),
    "ES384 on another curve": lambda f: sign_raw(
        ec_key("p256", "secp256r1"),
        "ES256",
        '{"alg":"ES384","kid":"p256","typ":"JWT"}',
        json.dumps(claims_of(f.client_id)),
    ),
    "an RSA key called ES384": lambda f: f.sign(header={"alg": "ES384"}),
    "an EC key called RS384": lambda f: f.sign_ec(header={"alg": "RS384"}),
    "alg in small letters": lambda f: f.sign(header={"alg": "rs384"}),
    "no alg": lambda f: f.sign(header={"alg": None}),
    "a list of algs": lambda f: f.sign(header={"alg": ["RS384"]}),
    # The rest of the header
    "no typ": lambda f: f.sign(header={"typ": None}),
    "another typ": lambda f: f.sign(header={"typ": "at+jwt"}),
    "no kid": lambda f: f.sign(header={"kid": None}),
    "an unknown kid": lambda f: f.sign(header={"kid": "nobody"}),
    "a kid that is a number": lambda f: f.sign(header={"kid": 1}),
    "a kid with a path in it": lambda f: f.sign(header={"kid": "../../dev/null\n"}),
    "the kid of the other key": lambda f: f.sign(header={"kid": "ec"}),
    "a kid that two keys have": lambda f: f.by("RS384", rsa_key(), "twice"),
    "a key for encryption": lambda f: f.by("RS384", rsa_key(), "encrypts"),
    "a key that is for another algorithm": lambda f: f.by("RS384", rsa_key(), "for-rs256"),
    "a key that may not verify": lambda f: f.by("RS384", rsa_key(), "only-signs"),
    "a key of 1024 bits": lambda f: f.by("RS384", rsa_key("weak", 1024), "weak"),
    "its own key in the header": lambda f: sign(
        rsa_key("forged"), "RS384", "rsa", claims_of(f.client_id), jwk=jwk_of(rsa_key("forged"), "rsa")
    ),
    "an x5u": lambda f: f.sign(header={"x5u": "https://evil.example/chain.pem"}),
    "an x5c": lambda f: f.sign(header={"x5c": ["MIIB"]}),
    "a crit": lambda f: f.sign(header={"crit": ["exp"]}),
    "an unencoded payload": lambda f: f.sign(header={"b64": False, "crit": ["b64"]}),
    "a jku where the keys were given by value": lambda f: f.sign(header={"jku": "https://evil.example/jwks"}),
    "an alg that comes twice": lambda f: f.raw(
        '{"alg":"none","alg":"RS384","kid":"rsa","typ":"JWT"}', json.dumps(claims_of(f.client_id))
    ),
    "an empty header": lambda f: f.raw("{}", json.dumps(claims_of(f.client_id))),
    "a header that is no JSON": lambda f: f.raw("alg=RS384", json.dumps(claims_of(f.client_id))),
    # Who
    "no iss": lambda f: f.sign(iss=None),
    "no sub": lambda f: f.sign(sub=None),
    "another sub": lambda f: f.sign(sub=f.other_id),
    "another iss": lambda f: f.sign(iss=f.other_id),
    "another client altogether": lambda f: f.as_(f.other_id),
    "a client that nobody knows": lambda f: f.as_(str(uuid4())),
    "a client that has a secret": lambda f: f.as_(f.secret_only),
    "a reader": lambda f: f.as_(f.reader),
    "a revoked client": lambda f: f.as_(f.revoked),
    "an iss that is a list": lambda f: f.sign(iss=[f.client_id]),
    # For whom
    "no aud": lambda f: f.sign(aud=None),
    "the server for aud": lambda f: f.sign(aud="https://help.example.org"),
    "a slash after aud": lambda f: f.sign(aud=AUDIENCE + "/"),
    "http for https in aud": lambda f: f.sign(aud=AUDIENCE.replace("https", "http")),
    "capitals in aud": lambda f: f.sign(aud=AUDIENCE.replace("help", "HELP")),
    "aud as the Host header has it": lambda f: f.sign(aud="http://localhost/oauth/token"),
    "two auds": lambda f: f.sign(aud=[AUDIENCE, "https://other.example/token"]),
    "aud twice": lambda f: f.sign(aud=[AUDIENCE, AUDIENCE]),
    "an empty list for aud": lambda f: f.sign(aud=[]),
    # When
    "no exp": lambda f: f.sign(exp=None),
    "exp is over": lambda f: f.sign(exp=NOW - HOUR),
    "exp in an hour": lambda f: f.sign(exp=NOW + HOUR),
    "exp in quotes": lambda f: f.sign(exp=str(NOW + 200)),
    "exp with a fraction": lambda f: f.sign(exp=NOW + 200.5),
    "exp true": lambda f: f.sign(exp=True),
    "exp null": lambda f: f.raw(GOOD_HEADER, with_claims(f, exp="null")),
    "exp NaN": lambda f: f.raw(GOOD_HEADER, with_claims(f, exp="NaN")),
    "exp infinite": lambda f: f.raw(GOOD_HEADER, with_claims(f, exp="Infinity")),
    "exp of 400 digits": lambda f: f.raw(GOOD_HEADER, with_claims(f, exp="9" * 400)),
    "exp of 5,000 digits": lambda f: f.raw(GOOD_HEADER, with_claims(f, exp="9" * 5000)),
    "exp that comes twice": lambda f: f.raw(
        GOOD_HEADER, json.dumps(claims_of(f.client_id))[:-1] + f',"exp":{NOW + 100}}}'
    ),
    "iat in the future": lambda f: f.sign(iat=NOW + HOUR),
    "iat in quotes": lambda f: f.sign(iat=str(NOW)),
    "nbf in the future": lambda f: f.sign(nbf=NOW + HOUR),
    # Once
    "no jti": lambda f: f.sign(jti=None),
    "an empty jti": lambda f: f.sign(jti=""),
    "a jti that is a number": lambda f: f.sign(jti=7),
    "a jti with a null character": lambda f: f.sign(jti="a\x00b"),
    "a jti of 3,000 characters": lambda f: f.sign(jti="j" * 3000),
    # The signature
    "signed by another key": lambda f: f.by("RS384", rsa_key("forged"), "rsa"),
    "a signature cut short": lambda f: f.sign()[:-8],
    "claims altered after signing": lambda f: altered(f.sign(), f),
    "somebody else's signature": lambda f: f.sign().rpartition(".")[0] + "." + f.sign_ec().rpartition(".")[2],
    "a signature of zeros (CVE-2022-21449)": lambda f: f.sign_ec().rpartition(".")[0] + "." + encode(bytes(96)),
    "a signature in DER": lambda f: f.sign_ec().rpartition(".")[0] + "." + encode(bytes.fromhex("3006020101020101")),
    # The form
    "two parts": lambda f: f.sign().rpartition(".")[0],
    "five parts": lambda f: f.sign() + ".AAAA.AAAA",
    "with padding": lambda f: f.sign().replace(".", "=.", 1),
    "with a space before it": lambda f: " " + f.sign(),
    "with a line after it": lambda f: f.sign() + "\n",
    "no base64": lambda f: "ä.ö.ü",
    "claims that are a list": lambda f: f.raw(GOOD_HEADER, "[]"),
    "claims in UTF-16": lambda f: f"{encode(GOOD_HEADER)}.{encode('{}'.encode('utf-16'))}.AAAA",
    "claims nested 2,000 deep": lambda f: f.raw(GOOD_HEADER, "[" * 2000 + "]" * 2000),
    "too long": lambda f: f.sign(extra="x" * 9000),
    "JSON serialisation": lambda f: json.dumps({"payload": "e30", "signatures": []}),
}


def altered(assertion: str, f: Forger) -> str:
    header, _, signature = assertion.split(".")
    return f"{header}.{encode(json.dumps(claims_of(f.client_id)))}.{signature}"


@pytest.fixture(scope="module")
def forger(shared_app: Flask) -> Forger:
    keys = key_set(
        jwk_of(rsa_key(), "rsa"),
        jwk_of(ec_key(), "ec"),
        jwk_of(rsa_key(), "twice"),
        jwk_of(rsa_key("second"), "twice"),
        jwk_of(rsa_key(), "encrypts", use="enc"),
        jwk_of(rsa_key(), "for-rs256", alg="RS256"),
        jwk_of(rsa_key(), "only-signs", key_ops=["sign"]),
        jwk_of(rsa_key("weak", 1024), "weak"),
        jwk_of(ec_key("p256", "secp256r1"), "p256"),
        jwk_of(ec_key("p521", "secp521r1"), "p521"),
    )
    revoked = enrol(shared_app, jwks=keys).client_id
    in_database(shared_app, lambda session: revoke_client(session, revoked, now=datetime.now(UTC)))
    return Forger(
        client_id=enrol(shared_app, jwks=keys).client_id,
        other_id=enrol(shared_app, jwks=key_set(jwk_of(rsa_key("other"), "rsa"))).client_id,
        secret_only=enrol(shared_app).client_id,
        reader=enrol(shared_app, "reader").client_id,
        revoked=revoked,
    )


def count_rows(app: Flask, table: type) -> int:
    counted: int = in_database(app, lambda session: session.scalar(select(func.count()).select_from(table)))
    return counted


def test_the_table_has_no_fewer_than_forty_rows() -> None:
    assert len(BAD) >= 40


@pytest.mark.parametrize("name", BAD)
def test_a_bad_assertion_gets_no_token(name: str, shared_app: Flask, forger: Forger) -> None:
    issued, used = count_rows(shared_app, AccessToken), count_rows(shared_app, SeenAssertion)
    answer = ask_token(shared_app.test_client(), form_of(BAD[name](forger)))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client"), answer.json
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.headers["Cache-Control"] == "no-store"
    assert count_rows(shared_app, AccessToken) == issued
    assert count_rows(shared_app, SeenAssertion) == used


@pytest.mark.parametrize("by", [Forger.sign, Forger.sign_ec])
def test_a_good_assertion_gets_one(by: Callable[[Forger], str], shared_app: Flask, forger: Forger) -> None:
    answer = ask_token(shared_app.test_client(), form_of(by(forger)))
    assert answer.status_code == 200
    assert answer.json.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.json["token_type"] == "bearer"
    assert answer.json["expires_in"] <= 300


@pytest.mark.parametrize(
    "claims",
    [{"iat": None}, {"aud": [AUDIENCE]}, {"nbf": NOW - 5}, {"name": "more than is needed"}],
    ids=["no iat", "aud in a list", "nbf", "more"],
)
def test_what_smart_does_not_demand_may_be_left_out_or_added(
    claims: dict[str, object], shared_app: Flask, forger: Forger
) -> None:
    assert ask_token(shared_app.test_client(), form_of(forger.sign(**claims))).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_assertion_type": ""}, "invalid_request"),
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, "invalid_request"),
        ({"client_secret": "crd_something"}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"scope": "audit.read"}, "invalid_scope"),
        ({"scope": "referrals.read audit.read"}, "invalid_scope"),
        ({"scope": "referrals.read  events.read"}, "invalid_scope"),
    ],
)
def test_a_good_assertion_in_a_bad_form_gets_none(
    form: dict[str, str], error: str, shared_app: Flask, forger: Forger
) -> None:
    answer = ask_token(shared_app.test_client(), form_of(forger.sign()) | form)
    assert (answer.status_code, answer.json["error"]) == (400, error)


def test_a_client_id_beside_the_assertion_must_be_its_own(shared_app: Flask, forger: Forger) -> None:
    ask = shared_app.test_client()
    assert ask_token(ask, form_of(forger.sign()) | {"client_id": forger.other_id}).json["error"] == "invalid_client"
    assert ask_token(ask, form_of(forger.sign()) | {"client_id": forger.client_id}).status_code == 200


def test_a_refused_scope_does_not_use_an_assertion_up(shared_app: Flask, forger: Forger) -> None:
    ask, form = shared_app.test_client(), form_of(forger.sign())
    assert ask_token(ask, form | {"scope": "audit.read"}).status_code == 400
    assert ask_token(ask, form).status_code == 200
    assert ask_token(ask, form).json["error"] == "invalid_client"


def test_strangers_learn_neither_which_clients_there_are_nor_which_keys(shared_app: Flask, forger: Forger) -> None:
    rows = ["a client that nobody knows", "another client altogether", "an unknown kid", "signed by another key"]
    rows += ["a client that has a secret", "a revoked client", "a reader"]
    said = {ask_token(shared_app.test_client(), form_of(BAD[row](forger))).data for row in rows}
    assert len(said) == 1
