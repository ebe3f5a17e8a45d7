#!/usr/bin/env python3
"""What programs that nobody here wrote say of CAdES signatures and of ASiC-E containers with them.

    cades_oracle.py ROOT.pem LEVEL=FILE[=CONTENT] ...

LEVEL      B-B, B-T, B-LT or B-LTA: what the file is said to be
FILE       a message (.p7s, .p7m) or a container (.asice)
CONTENT    the signed file, for a detached message

Judges: `openssl cms -verify -cades`; pyHanko (signature with its certificate chain and time-stamp; its AdES validation,
EN 319 102-1 5.3 and 5.5, with the revocation information inside and no other from B-LT on); `openssl ts -verify` for every token. pyHanko 0.38 knows no archive-time-stamp-v3: what such a token
stamps (EN 319 122-1 5.5.3) and what its ats-hash-index-v3 names (5.5.2) are put together here, byte by byte, by the reader of DER
below, and handed to `openssl ts -verify` as the data that was stamped. Containers are opened by Python's zipfile and by
`unzip -t`; the digests of their manifests are computed here.

As a control, one byte of the content is flipped: judges that do not reject that are no judges.

Prints one line per file and judge. Exit 1 if one rejects, 2 if one is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import logging
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path
from urllib.parse import unquote

from asn1crypto import cms
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_basic_validation, ades_with_time_validation
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature, async_validate_detached_cms
from pyhanko.sign.validation.policy_decl import (
    CRLContainer,
    LocalKnowledge,
    OCSPContainer,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from throwaway_ca import load_pem_certificates

LEVELS = ["B-B", "B-T", "B-LT", "B-LTA"]
SIGNATURE_STAMP = "1.2.840.113549.1.9.16.2.14"
ARCHIVE_STAMP_V3 = "0.4.0.1733.2.4"
HASH_INDEX_V3 = "0.4.0.19122.1.5"
RI_OCSP = "1.3.6.1.5.5.7.16.2"
HASHES = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}
METHODS = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashlib.sha384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512,
}
ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


class Rejected(Exception):
    """A judge says no."""


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise Rejected(what)


# DER, as little of it as is needed: an element is (tag, whole encoding, content). -----------------------------------


def elements(content: bytes) -> list[tuple[int, bytes, bytes]]:
    found, at = [], 0
    while at < len(content):
        tag, length, start = content[at], content[at + 1], at + 2
        if length >= 0x80:
            octets = length & 0x7F
            length = int.from_bytes(content[start : start + octets], "big")
            start += octets
        end = start + length
        demand(end <= len(content), "an element runs over its end")
        found.append((tag, content[at:end], content[start:end]))
        at = end
    return found


def dotted(body: bytes) -> str:
    numbers, value = [], 0
    for octet in body:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - first * 40, *numbers[1:]]))


class Message:
    """A SignedData with one signer, taken apart (RFC 5652 5.1, 5.3)."""

    def __init__(self, der: bytes) -> None:
        (_, _, outer), *rest = elements(der)
        demand(not rest, "octets follow the message")
        wrapped = elements(outer)[1][2]
        fields = elements(elements(wrapped)[0][2])
        self.version = int.from_bytes(fields[0][2], "big")
        encapsulated = elements(fields[2][2])
        self.content_type = encapsulated[0][1]
        self.content = elements(encapsulated[1][2])[0][2] if len(encapsulated) > 1 else None
        sets = {tag: content for tag, _, content in fields[3:-1]}
        self.certificates = [raw for _, raw, _ in elements(sets.get(0xA0, b""))]
        self.revocation = [(tag, raw, content) for tag, raw, content in elements(sets.get(0xA1, b""))]
        (_, _, signer), *others = elements(fields[-1][2])
        demand(not others, "more than one signer")
        parts = elements(signer)
        self.fixed = b"".join(raw for tag, raw, _ in parts if tag != 0xA1)
        self.digest = HASHES[dotted(elements(parts[2][2])[0][2])]
        self.signature = parts[5][2]
        self.unsigned: list[tuple[str, bytes, bytes]] = []
        for tag, _, content in parts:
            if tag != 0xA1:
                continue
            for _, _, attribute in elements(content):
                (_, kind, body), (_, _, values) = elements(attribute)
                self.unsigned += [(dotted(body), kind, value) for _, value, _ in elements(values)]

    def values(self, oid: str) -> list[bytes]:
        return [value for kind, _, value in self.unsigned if kind == oid]

    def crls(self) -> list[bytes]:
        return [raw for tag, raw, _ in self.revocation if tag == 0x30]

    def ocsps(self) -> list[bytes]:
        others = [elements(content) for tag, _, content in self.revocation if tag == 0xA1]
        demand(all(dotted(kind[2]) == RI_OCSP for kind, _ in others), "revocation information of an unknown kind")
        return [info[1] for _, info in others]


def stamped_by_archive(message: Message, token: Message, content: bytes) -> bytes:
    """The octets that an archive-time-stamp-v3 was made over (EN 319 122-1 5.5.3), its index checked (5.5.2)."""
    indexes = token.values(HASH_INDEX_V3)
    demand(len(indexes) == 1, f"{len(indexes)} ats-hash-index-v3 attributes")
    index = indexes[0]
    algorithm, *lists = elements(elements(index)[0][2])
    digest = HASHES[dotted(elements(algorithm[2])[0][2])]
    named = [[octets for _, _, octets in elements(content)] for _, _, content in lists]
    demand(len(named) == 3, "an index of other than three lists")
    there = [
        {digest(raw).digest() for raw in message.certificates},
        {digest(raw).digest() for _, raw, _ in message.revocation},
        {digest(kind + value).digest() for _, kind, value in message.unsigned},
    ]
    for names, holds in zip(named, there, strict=True):
        demand(set(names) <= holds, "the index names what is not there")
    return message.content_type + digest(content).digest() + message.fixed + index


# The judges ------------------------------------------------------------------------------------------------------


class Judges:
    def __init__(self, root: Path, level: str, scratch: Path) -> None:
        self.root, self.level, self.scratch = root, level, scratch
        self.anchors = load_pem_certificates(root)
        self.count = 0

    def file(self, octets: bytes) -> str:
        self.count += 1
        path = self.scratch / f"{self.count}.bin"
        path.write_bytes(octets)
        return str(path)

    def run(self, *command: str) -> None:
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        demand(ended.returncode == 0, f"{' '.join(command[:3])}: {(ended.stderr or ended.stdout).strip()[-300:]}")

    def openssl_cms(self, der: bytes, content: bytes | None) -> None:
        detached = [] if content is None else ["-content", self.file(content)]
        self.run(
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", self.file(der), *detached,
            "-CAfile", str(self.root), "-purpose", "any", "-out", str(self.scratch / "out"),
        )  # fmt: skip

    def openssl_ts(self, token: bytes, data: bytes, untrusted: list[bytes]) -> None:
        pem = "".join(
            "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der).decode() + "-----END CERTIFICATE-----\n"
            for der in untrusted
        )
        self.run(
            "openssl", "ts", "-verify", "-in", self.file(token), "-token_in", "-data", self.file(data),
            "-CAfile", str(self.root), "-untrusted", self.file(pem.encode()),
        )  # fmt: skip

    async def pyhanko(self, der: bytes, content: bytes | None) -> None:
        signed = cms.ContentInfo.load(der)["content"]
        context = ValidationContext(trust_roots=self.anchors, allow_fetching=False)
        if content is None:
            status = await async_validate_cms_signature(signed, validation_context=context)
        else:
            status = await async_validate_detached_cms(content, signed, context, context)
        demand(status.intact and status.valid and status.trusted, f"pyHanko: {status.summary()}")
        if content is not None and self.level != "B-B":
            stamp = status.timestamp_validity
            demand(stamp is not None and stamp.valid and stamp.trusted, "pyHanko does not take the time-stamp")

    async def pyhanko_ades(self, der: bytes, content: bytes) -> str:
        message = Message(der)
        is_long = LEVELS.index(self.level) >= LEVELS.index("B-LT")
        policy = CertValidationPolicySpec(
            SimpleTrustManager.build(self.anchors),
            CertRevTrustPolicy(REQUIRE_REVINFO if is_long else NO_REVOCATION),
        )
        ocsps = [asn1_ocsp.OCSPResponse.load(o) for o in message.ocsps()]
        knowledge = LocalKnowledge(
            known_ocsps=[c for o in ocsps for c in OCSPContainer.load_multi(o)],
            known_crls=[CRLContainer(asn1_crl.CertificateList.load(c)) for c in message.crls()],
        )
        spec = SignatureValidationSpec(
            policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
            ts_cert_validation_policy=policy,
            local_knowledge=knowledge,
        )
        # A digest from outside is for detached signatures only.
        digest = message.digest(content).digest() if message.content is None else None
        signed = cms.ContentInfo.load(der)["content"]
        if self.level == "B-B":
            result = await ades_basic_validation(signed, spec, raw_digest=digest)
        else:
            result = await ades_with_time_validation(signed, spec, raw_digest=digest)
        demand(result.ades_subindic == AdESPassed.OK, f"pyHanko AdES: {result.ades_subindic} {result.failure_msg}")
        proven = getattr(result, "best_signature_time", None)
        return f"AdES: {result.ades_subindic}, best signature time {proven}"

    def signature(self, der: bytes, given: bytes | None) -> list[str]:
        """A CAdES signature by every judge that reaches it."""
        message = Message(der)
        content = given if message.content is None else message.content
        demand(content is not None, "detached, and no content was given")
        detached = content if message.content is None else None
        said = []
        self.openssl_cms(der, detached)
        said.append("openssl cms -verify -cades: ok")
        asyncio.run(self.pyhanko(der, detached))
        said.append("pyHanko: intact, valid, trusted")
        said.append("pyHanko: " + asyncio.run(self.pyhanko_ades(der, content)))
        if detached is not None:
            flipped = bytes([content[0] ^ 1]) + content[1:]
            for judge in (self.openssl_cms, lambda d, c: asyncio.run(self.pyhanko(d, c))):
                try:
                    judge(der, flipped)
                except Rejected:
                    continue
                raise SystemExit("a judge takes a changed content: it is no judge")
        stamps = message.values(SIGNATURE_STAMP)
        demand(bool(stamps) == (self.level != "B-B"), f"{len(stamps)} signature time-stamps at {self.level}")
        for stamp in stamps:
            self.openssl_ts(stamp, message.signature, Message(stamp).certificates)
            said.append("openssl ts -verify, signature time-stamp: ok")
        if LEVELS.index(self.level) >= LEVELS.index("B-LT"):
            demand(bool(message.revocation), "no revocation information inside")
            demand(message.version == 5 or not message.ocsps(), "SignedData version is not 5")
        for stamp in message.values(ARCHIVE_STAMP_V3):
            token = Message(stamp)
            data = stamped_by_archive(message, token, content)
            self.openssl_ts(stamp, data, token.certificates)
            said.append("openssl ts -verify, archive-time-stamp-v3 over octets put together here: ok")
        return said

    def container(self, path: Path) -> list[str]:
        self.run("unzip", "-t", str(path))
        said = ["unzip -t: ok"]
        with zipfile.ZipFile(path) as archive:
            demand(archive.testzip() is None, "zipfile finds a bad checksum")
            names = archive.namelist()
            first = archive.infolist()[0]
            demand(first.filename == "mimetype", "mimetype is not the first file")
            demand(first.compress_type == zipfile.ZIP_STORED and not first.extra, "mimetype is packed")
            files = {name: archive.read(name) for name in names}
        demand(files["mimetype"] == b"application/vnd.etsi.asic-e+zip", "another media type")
        said.append(f"zipfile: {len(names)} files, mimetype first and stored")
        covered: set[str] = set()
        archived = 0
        for name, octets in files.items():
            if not (name.startswith("META-INF/ASiC") and name.endswith(".xml")):
                continue
            root = ElementTree.fromstring(octets)
            target = unquote(root.find(f"{ASIC}SigReference").get("URI"))
            for reference in root.iter(f"{ASIC}DataObjectReference"):
                of = unquote(reference.get("URI"))
                digest = METHODS[reference.find(f"{DS}DigestMethod").get("Algorithm")]
                value = base64.b64decode(reference.find(f"{DS}DigestValue").text)
                demand(digest(files[of]).digest() == value, f"{name}: the digest of {of} is another")
                covered.add(of)
            if target.endswith(".p7s"):
                said += [f"{target}: {line}" for line in self.signature(files[target], octets)]
            else:
                archived += 1
                self.openssl_ts(files[target], octets, Message(files[target]).certificates)
                said.append(f"openssl ts -verify, {target} over {name}: ok")
        data = {name for name in names if name != "mimetype" and not name.startswith("META-INF/")}
        demand(data <= covered, f"not covered: {data - covered}")
        demand((archived > 0) == (self.level == "B-LTA"), f"{archived} archive manifests at {self.level}")
        return said


def judge(root: Path, item: str, scratch: Path) -> list[str]:
    level, file, *content = item.split("=")
    judges = Judges(root, level, scratch)
    octets = Path(file).read_bytes()
    if octets.startswith(b"PK"):
        said = judges.container(Path(file))
    else:
        said = judges.signature(octets, Path(content[0]).read_bytes() if content else None)
    return [f"{Path(file).name}: {line}" for line in said]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("items", nargs="+", metavar="LEVEL=FILE[=CONTENT]")
    options = parser.parse_args()
    if any(item.split("=")[0] not in LEVELS for item in options.items):
        parser.error(f"a level is one of {', '.join(LEVELS)}")
    logging.disable(logging.CRITICAL)
    for program in ("openssl", "unzip"):
        if shutil.which(program) is None:
            print(f"{program} is missing", file=sys.stderr)
            return 2
    rejected = False
    for item in options.items:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                print("\n".join(judge(options.root, item, Path(scratch))))
            except Rejected as why:
                rejected = True
                print(f"REJECTED {item}: {why}")
    return 1 if rejected else 0


if __name__ == "__main__":
    sys.exit(main())
