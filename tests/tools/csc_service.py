"""A remote signing service that speaks the API of the Cloud Signature Consortium, version 2, as routes of a served authority.

    POST {base}/csc/v2/info
    POST {base}/csc/v2/oauth2/token                client_credentials only
    POST {base}/csc/v2/credentials/list | info | authorize
    POST {base}/csc/v2/signatures/signHash

It hands out activation data (SAD) for exactly the hashes that were announced, once, and refuses everything else, as a
service with SCAL 2 does. Keys are soft keys of the `cryptography` package.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from served_authority import ServedAuthority
from throwaway_ca import Holder

SHA = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
RSA, PSS = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"
RSA_SHA = {"1.2.840.113549.1.1.11": "1", "1.2.840.113549.1.1.12": "2", "1.2.840.113549.1.1.13": "3"}
EC_SHA = {"1.2.840.10045.4.3.2": "1", "1.2.840.10045.4.3.3": "2", "1.2.840.10045.4.3.4": "3"}
CURVES = {"p256": "1.2.840.10045.3.1.7", "p384": "1.3.132.0.34"}


class Refused(Exception):
    def __init__(self, error: str, words: str, status: int = 400):
        super().__init__(words)
        self.error, self.words, self.status = error, words, status


class CscService:
    def __init__(self, authority: ServedAuthority, client_id: str, client_secret: str, pin: str):
        self.authority, self.client_id, self.client_secret, self.pin = authority, client_id, client_secret, pin
        self.base_url = f"{authority.base_url}/csc/v2"
        self.credentials: dict[str, Holder] = {}
        self._tokens: set[str] = set()
        self._activations: dict[str, tuple[str, frozenset[str]]] = {}
        self._lock = threading.Lock()
        self.signatures = 0
        for path, verb in {
            "info": self._info,
            "oauth2/token": self._token,
            "credentials/list": self._list,
            "credentials/info": self._credential,
            "credentials/authorize": self._authorize,
            "signatures/signHash": self._sign_hash,
        }.items():
            authority.route(f"/csc/v2/{path}", self._route(path, verb))

    def _route(self, path: str, verb):
        def answer(body: bytes, headers):
            try:
                if path == "oauth2/token":
                    given = self._form(body, headers)
                else:
                    given = json.loads(body or b"{}")
                if path not in ("info", "oauth2/token"):
                    scheme, _, token = headers.get("Authorization", "").partition(" ")
                    if scheme != "Bearer" or token not in self._tokens:
                        raise Refused("invalid_token", "no valid access token", 401)
                return "application/json", json.dumps(verb(given)).encode()
            except Refused as refused:
                problem = {"error": refused.error, "error_description": refused.words}
                return "application/json", json.dumps(problem).encode(), refused.status

        answer.wants_headers = True
        return answer

    @staticmethod
    def _form(body: bytes, headers) -> dict:
        from urllib.parse import parse_qs, unquote

        given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        # RFC 6749 2.3.1: the client's secret may come in the header instead, form-encoded.
        scheme, _, basic = headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            client, _, secret = base64.b64decode(basic).decode().partition(":")
            given.setdefault("client_id", unquote(client))
            given.setdefault("client_secret", unquote(secret))
        return given

    def _info(self, _):
        return {
            "specs": "2.0.0.2",
            "name": "Throw-away remote signing",
            "logo": f"{self.authority.base_url}/logo.png",
            "region": "VN",
            "lang": "vi-VN",
            "description": "for tests",
            "authType": ["oauth2client"],
            "oauth2": self.base_url,
            "methods": ["oauth2/token", "credentials/list", "credentials/info", "credentials/authorize", "signatures/signHash"],
            "signAlgorithms": {"algos": [RSA, PSS, *RSA_SHA, *EC_SHA]},
        }

    def _token(self, given):
        if given.get("grant_type") != "client_credentials":
            raise Refused("unsupported_grant_type", "client_credentials only")
        if (given.get("client_id"), given.get("client_secret")) != (self.client_id, self.client_secret):
            raise Refused("invalid_client", "unknown client", 401)
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def _list(self, _):
        return {"credentialIDs": sorted(self.credentials)}

    def _holder(self, given) -> Holder:
        holder = self.credentials.get(given.get("credentialID"))
        if holder is None:
            raise Refused("invalid_request", "Invalid parameter credentialID")
        return holder

    def _credential(self, given):
        holder = self._holder(given)
        certificate = holder.certificate
        chain = [certificate] if given.get("certificates", "single") == "single" else [certificate, self.authority.issuing]
        rsa = holder.kind.startswith("rsa")
        key = {"status": "enabled", "algo": [RSA, PSS, *RSA_SHA] if rsa else list(EC_SHA), "len": holder.key.key_size}
        if not rsa:
            key["curve"] = CURVES[holder.kind]
        return {
            "description": "a seal",
            "key": key,
            "cert": {
                "status": "valid",
                "certificates": [
                    base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode() for one in chain
                ],
                "issuerDN": certificate.issuer.rfc4514_string(),
                "serialNumber": f"{certificate.serial_number:x}",
                "subjectDN": certificate.subject.rfc4514_string(),
                "validFrom": certificate.not_valid_before_utc.strftime("%Y%m%d%H%M%SZ"),
                "validTo": certificate.not_valid_after_utc.strftime("%Y%m%d%H%M%SZ"),
            },
            "auth": {
                "mode": "explicit",
                "expression": "PIN",
                "objects": [{"type": "Password", "id": "PIN", "format": "N", "label": "PIN"}],
            },
            "SCAL": "2",
            "multisign": 50,
            "lang": "vi-VN",
        }

    def _authorize(self, given):
        self._holder(given)
        announced = given.get("hashes") or given.get("hash") or []
        if not announced or int(given.get("numSignatures", 0)) != len(announced):
            raise Refused("invalid_request", "hashes and numSignatures do not agree")
        pins = [entry.get("value") for entry in given.get("authData", []) if entry.get("id") == "PIN"]
        if pins != [self.pin]:
            raise Refused("invalid_pin", "The PIN is invalid")
        activation = secrets.token_urlsafe(24)
        with self._lock:
            self._activations[activation] = (given["credentialID"], frozenset(announced))
        return {"SAD": activation, "expiresIn": 300}

    def _sign_hash(self, given):
        holder = self._holder(given)
        wanted = given.get("hashes") or []
        with self._lock:
            allowed = self._activations.pop(given.get("SAD"), None)
        if allowed is None:
            raise Refused("invalid_request", "Invalid parameter SAD")
        if allowed[0] != given["credentialID"] or not set(wanted) <= allowed[1]:
            raise Refused("invalid_request", "Hash is not authorized by the SAD")
        hash_oid = given.get("hashAlgorithmOID") or given.get("hashAlgo")
        algorithm = given.get("signAlgo")
        if algorithm in (*RSA_SHA, *EC_SHA):
            implied = f"2.16.840.1.101.3.4.2.{ {**RSA_SHA, **EC_SHA}[algorithm] }"
            if hash_oid not in (None, implied):
                raise Refused("invalid_request", "hashAlgorithmOID contradicts signAlgo")
            hash_oid = implied
        digest = SHA.get(hash_oid)
        if digest is None:
            raise Refused("invalid_request", "Invalid parameter hashAlgorithmOID")
        signatures = []
        for text in wanted:
            value = base64.b64decode(text, validate=True)
            if len(value) != digest.digest_size:
                raise Refused("invalid_request", "Invalid digest value length")
            signatures.append(base64.b64encode(self._sign(holder, algorithm, given, digest, value)).decode())
        self.signatures += len(signatures)
        return {"signatures": signatures}

    @staticmethod
    def _sign(holder: Holder, algorithm: str, given, digest, value: bytes) -> bytes:
        prehashed = utils.Prehashed(digest)
        if isinstance(holder.key, ec.EllipticCurvePrivateKey):
            if algorithm not in EC_SHA:
                raise Refused("invalid_request", "Invalid parameter signAlgo")
            return holder.key.sign(value, ec.ECDSA(prehashed))
        if algorithm in (RSA, *RSA_SHA):
            return holder.key.sign(value, padding.PKCS1v15(), prehashed)
        if algorithm != PSS:
            raise Refused("invalid_request", "Invalid parameter signAlgo")
        # CSC 2.0 11.11: RSASSA-PSS needs its parameters, DER in base64 (RFC 4055 3.1).
        from asn1crypto import algos

        if not given.get("signAlgoParams"):
            raise Refused("invalid_request", "Missing parameter signAlgoParams")
        params = algos.RSASSAPSSParams.load(base64.b64decode(given["signAlgoParams"], validate=True), strict=True)
        if params["hash_algorithm"]["algorithm"].native != digest.name:
            raise Refused("invalid_request", "signAlgoParams and hashAlgorithmOID differ")
        salt = params["salt_length"].native
        return holder.key.sign(value, padding.PSS(mgf=padding.MGF1(digest), salt_length=salt), prehashed)
