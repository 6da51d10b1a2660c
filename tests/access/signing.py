"""Keys and assertions for tests, well-formed and not."""

import base64
import json
import time
from functools import lru_cache
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "https://help.example.org/oauth/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Claims = dict[str, Any]


@lru_cache
def rsa_key(name: str = "rsa", bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, bits)


@lru_cache
def ec_key(name: str = "ec", curve: str = "secp384r1") -> ec.EllipticCurvePrivateKey:
    curves = {"secp384r1": ec.SECP384R1, "secp256r1": ec.SECP256R1, "secp521r1": ec.SECP521R1}
    return ec.generate_private_key(curves[curve]())


def jwk_of(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    public: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    public.pop("key_ops", None)
    return public | {"kid": kid} | more


def key_set(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


def claims_of(client_id: str, **more: Any) -> Claims:
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": AUDIENCE,
        "exp": now + 240,
        "iat": now,
        "jti": str(uuid4()),
    } | more
    return {name: value for name, value in claims.items() if value is not None}


def encode(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def sign_raw(key: Any, alg: str, header: str, claims: str) -> str:
    """Sign any text as header and claims, by an algorithm that the header need not name."""
    made = jwt.get_algorithm_by_name(alg)
    signed = f"{encode(header)}.{encode(claims)}"
    return f"{signed}.{encode(made.sign(signed.encode(), key))}"


def sign(key: Any, by: str, named: str, claims: Claims, **header: Any) -> str:
    full = {"alg": by, "kid": named, "typ": "JWT"} | header
    full = {name: value for name, value in full.items() if value is not None}
    return sign_raw(key, by, json.dumps(full), json.dumps(claims))


def form_of(assertion: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
