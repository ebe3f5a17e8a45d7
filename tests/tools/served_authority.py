"""A certification authority on the loopback network: certificates, OCSP, CRLs and time-stamps, for one test run.

Made with the `cryptography` package and pyHanko's own time-stamping authority, so that the evidence which Antin gathers,
and pyHanko later judges, is the work of others on both sides.

    /ca/root.cer  /ca/issuing.cer     certificates (DER)
    /crl/root.crl /crl/issuing.crl    revocation lists
    /ocsp/root    /ocsp/issuing       POST, RFC 6960; delegated responders with ocsp-nocheck
    /tsa                              POST, RFC 3161
Other paths may be added with `route`.
"""

from __future__ import annotations

import datetime as dt
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from pyhanko.sign.timestamps import DummyTimeStamper

from throwaway_ca import Authority, Holder, new_key, to_asn1

# Signers expire first: what is signed at B-LTA must outlive them.
SIGNER_DAYS = 365
TSA_DAYS = 3650
CA_DAYS = 3650


class ServedAuthority(Authority):
    def __init__(self, name: str = "Served"):
        self._routes = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.host_and_port = f"127.0.0.1:{self._server.server_address[1]}"
        self.revoked: dict[int, dt.datetime] = {}
        super().__init__(name)
        self._responders = {
            "root": self._responder("root", self.root, self._root_key),
            "issuing": self._responder("issuing", self.issuing, self._issuing_key),
        }
        self.tsa_holder = self._tsa()
        self._stamper = DummyTimeStamper(
            tsa_cert=to_asn1(self.tsa_holder.certificate),
            tsa_key=self.tsa_holder.asn1_key(),
            certs_to_embed=self.store(),
        )
        for cas, key in (("root", self._root_key), ("issuing", self._issuing_key)):
            certificate = getattr(self, cas)
            der = certificate.public_bytes(serialization.Encoding.DER)
            self.route(f"/ca/{cas}.cer", lambda _, der=der: ("application/pkix-cert", der))
            self.route(f"/crl/{cas}.crl", lambda _, c=certificate, k=key: ("application/pkix-crl", self._crl(c, k)))
            self.route(f"/ocsp/{cas}", lambda body, cas=cas: ("application/ocsp-response", self._status(cas, body)))
        self.route("/tsa", lambda body: ("application/timestamp-reply", self._stamp(body)))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> ServedAuthority:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def tsa_url(self) -> str:
        return f"{self.base_url}/tsa"

    def route(self, path: str, answer) -> None:
        """`answer(body, headers)` or `answer(body)` gives (content type, bytes), or (content type, bytes, status)."""
        self._routes[path] = answer

    def issue(self, kind: str, common_name: str) -> Holder:
        key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else new_key(kind)
        certificate = self._certificate(
            self._distinguished_name(common_name),
            key.public_key(),
            self.issuing.subject,
            self._issuing_key,
            days=SIGNER_DAYS,
        )
        return Holder(kind, key, certificate)

    def chain_pem(self, holder: Holder) -> bytes:
        """The holder's certificate and the issuing CA's, the root left out."""
        return holder.certificate.public_bytes(serialization.Encoding.PEM) + self.issuing.public_bytes(
            serialization.Encoding.PEM
        )

    # --- made -------------------------------------------------------------------------------------------------------

    def _whereabouts(self, issuer: x509.Name, subject: x509.Name) -> list[x509.ExtensionType]:
        if issuer == subject:
            return []
        by = "root" if issuer == self.root.subject else "issuing"
        address = x509.UniformResourceIdentifier
        return [
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address(f"{self.base_url}/ocsp/{by}")),
                    x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, address(f"{self.base_url}/ca/{by}.cer")),
                ]
            ),
            x509.CRLDistributionPoints(
                [x509.DistributionPoint([address(f"{self.base_url}/crl/{by}.crl")], None, None, None)]
            ),
        ]

    def _certificate(self, *args, ca=False, days=None, **kwargs) -> x509.Certificate:
        return super()._certificate(*args, ca=ca, days=days or CA_DAYS, **kwargs)

    def _responder(self, name: str, issuer: x509.Certificate, issuer_key) -> Holder:
        key = new_key("p256")
        certificate = self._certificate(
            self._distinguished_name(f"{self.name} OCSP responder ({name})"),
            key.public_key(),
            issuer.subject,
            issuer_key,
            days=CA_DAYS,
            extra=[x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), x509.OCSPNoCheck()],
        )
        return Holder("p256", key, certificate)

    def _tsa(self) -> Holder:
        key = new_key("rsa2048")
        certificate = self._certificate(
            self._distinguished_name(f"{self.name} time-stamping authority"),
            key.public_key(),
            self.issuing.subject,
            self._issuing_key,
            time_stamping=True,
            days=TSA_DAYS,
        )
        return Holder("rsa2048", key, certificate)

    # --- answered ---------------------------------------------------------------------------------------------------

    def _crl(self, issuer: x509.Certificate, key) -> bytes:
        now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(now)
            .next_update(now + dt.timedelta(days=1))
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        for serial, at in self.revoked.items():
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
            )
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _status(self, name: str, body: bytes) -> bytes:
        responder = self._responders[name]
        request = ocsp.load_der_ocsp_request(body)
        now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
        at = self.revoked.get(request.serial_number)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=request.serial_number,
            algorithm=request.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if at else ocsp.OCSPCertStatus.GOOD,
            this_update=now,
            next_update=now + dt.timedelta(days=1),
            revocation_time=at,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate).certificates(
            [responder.certificate]
        )
        for extension in request.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _stamp(self, body: bytes) -> bytes:
        return self._stamper.request_tsa_response(tsp.TimeStampReq.load(body)).dump()

    def _handler(self):
        authority = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                found = authority._routes.get(self.path)
                if found is None:
                    content_type, data, status = "text/plain", b"no such address\n", 404
                else:
                    try:
                        wants_headers = getattr(found, "wants_headers", False)
                        given = found(body, self.headers) if wants_headers else found(body)
                        content_type, data, status = given if len(given) == 3 else (*given, 200)
                    except Exception as error:  # a broken request is the client's, and shows there
                        content_type, data, status = "text/plain", f"{type(error).__name__}: {error}\n".encode(), 400
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        return Handler
