"""A certification authority that lives for one test run: root, issuing CA, signers, time-stamping authority.

Made with the `cryptography` package and signed for with pyHanko, so that nothing of Antin takes part: what Antin then
verifies is the work of others. The certificates carry no addresses (no OCSP, no CRL): the chain and the clock decide, and where a file is made to
last, the lists that stand in it.
"""

from __future__ import annotations

import datetime as dt
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import pem as asn1_pem
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign import signers
from pyhanko.sign.timestamps import DummyTimeStamper, TimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

KEY_KINDS = ("rsa2048", "rsa3072", "p256", "p384")


def new_key(kind: str):
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    return ec.generate_private_key({"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}[kind])


def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def load_pem_certificates(path: Path) -> list[asn1_x509.Certificate]:
    return [
        asn1_x509.Certificate.load(der)
        for kind, _, der in asn1_pem.unarmor(path.read_bytes(), multiple=True)
        if kind == "CERTIFICATE"
    ]


@dataclass
class Holder:
    """One end entity: its certificate and its key."""

    kind: str
    key: object
    certificate: x509.Certificate

    def asn1_key(self) -> asn1_keys.PrivateKeyInfo:
        return asn1_keys.PrivateKeyInfo.load(
            self.key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


class Authority:
    """Root and issuing CA (both P-256: quick to make)."""

    def __init__(self, name: str = "Throw-away"):
        self.now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
        self.name = name
        self._root_key = new_key("p256")
        self._issuing_key = new_key("p256")
        root_name = self._distinguished_name(f"{name} root")
        issuing_name = self._distinguished_name(f"{name} issuing CA")
        self.root = self._certificate(
            root_name, self._root_key.public_key(), root_name, self._root_key, ca=True, path_length=1
        )
        self.issuing = self._certificate(
            issuing_name, self._issuing_key.public_key(), root_name, self._root_key, ca=True, path_length=0
        )

    def issue(self, kind: str, common_name: str) -> Holder:
        key = new_key(kind)
        certificate = self._certificate(
            self._distinguished_name(common_name),
            key.public_key(),
            self.issuing.subject,
            self._issuing_key,
        )
        return Holder(kind, key, certificate)

    def issue_tsa(self, kind: str = "rsa2048") -> Holder:
        key = new_key(kind)
        certificate = self._certificate(
            self._distinguished_name(f"{self.name} time-stamping authority"),
            key.public_key(),
            self.issuing.subject,
            self._issuing_key,
            time_stamping=True,
        )
        return Holder(kind, key, certificate)

    def root_pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def store(self) -> SimpleCertificateStore:
        """What a signer embeds beside its own certificate: the issuing CA, not the root."""
        return SimpleCertificateStore.from_certs([to_asn1(self.issuing)])

    def signer(self, holder: Holder, pss: bool = False) -> signers.SimpleSigner:
        return signers.SimpleSigner(
            signing_cert=to_asn1(holder.certificate),
            signing_key=holder.asn1_key(),
            cert_registry=self.store(),
            prefer_pss=pss,
            embed_roots=False,
        )

    def validation_context(self) -> ValidationContext:
        """What pyHanko puts into a file as evidence: fresh lists of both authorities, nothing fetched."""
        lists = [self._list(self.root, self._root_key), self._list(self.issuing, self._issuing_key)]
        return ValidationContext(
            trust_roots=[to_asn1(self.root)],
            other_certs=[to_asn1(self.issuing)],
            crls=lists,
            allow_fetching=False,
            revocation_mode="hard-fail",
        )

    def _list(self, issuer: x509.Certificate, key) -> asn1_crl.CertificateList:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(self.now - dt.timedelta(minutes=5))
            .next_update(self.now + dt.timedelta(days=1))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
            )
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        signed = builder.sign(key, hashes.SHA256())
        return asn1_crl.CertificateList.load(signed.public_bytes(serialization.Encoding.DER))

    def timestamper(self) -> TimeStamper:
        """A time-stamping authority inside this process, under the same root (pyHanko's own one knows RSA only)."""
        tsa = self.issue_tsa()
        return DummyTimeStamper(
            tsa_cert=to_asn1(tsa.certificate), tsa_key=tsa.asn1_key(), certs_to_embed=self.store()
        )

    def _whereabouts(self, issuer: x509.Name, subject: x509.Name) -> list[x509.ExtensionType]:
        """Where the issuer's certificate and the status are found; nowhere, unless a subclass serves them."""
        return []

    def _distinguished_name(self, common_name: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{self.name} province"),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )

    def _certificate(
        self,
        subject,
        public_key,
        issuer,
        issuer_key,
        ca=False,
        path_length=None,
        time_stamping=False,
        days=730,
        extra=(),
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - dt.timedelta(days=2))
            .not_valid_after(self.now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not ca,
                    content_commitment=not ca and not time_stamping,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=ca,
                    crl_sign=ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
            )
        )
        for extension in self._whereabouts(issuer, subject):
            builder = builder.add_extension(extension, critical=False)
        if time_stamping:
            # RFC 3161 2.3: the extended key usage is critical and stands alone.
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
            )
        for extension in extra:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(issuer_key, hashes.SHA256())


class UrlTimeStamper(TimeStamper):
    """RFC 3161 over HTTP (section 3.4) with the standard library alone."""

    def __init__(self, url: str):
        super().__init__()
        self.url = url

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        request = urllib.request.Request(
            self.url, data=req.dump(), headers={"Content-Type": "application/timestamp-query"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return tsp.TimeStampResp.load(response.read())
