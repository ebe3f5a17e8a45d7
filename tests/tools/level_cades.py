"""Checks of CAdES archive time-stamps and ASiC-E containers that neither pyHanko nor OpenSSL make.

The imprint of an archive-time-stamp-v3 is computed here anew, from the text of TS 119 122-1 5.5.2 and 5.5.3, and the token
then put before `openssl ts`; of a container the manifests' digests are computed anew (EN 319 162-1 4.4).
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import unquote
from xml.etree import ElementTree

from asn1crypto import algos, cms, core

from level_judges import OpenSsl, Rejected

ARCHIVE_TIMESTAMP_V3 = "0.4.0.1733.2.4"
ATS_HASH_INDEX_V3 = "0.4.0.19122.1.5"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
ASIC_E = b"application/vnd.etsi.asic-e+zip"
ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
DIGESTS = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}


class Hashes(core.SequenceOf):
    _child_spec = core.OctetString


class AtsHashIndexV3(core.Sequence):
    _fields = [
        ("algorithm", algos.DigestAlgorithm),
        ("certificates", Hashes),
        ("crls", Hashes),
        ("unsigned_values", Hashes),
    ]


def archive_tokens(made, message: bytes, content: bytes | None, openssl: OpenSsl) -> list[str]:
    """Judges every archive time-stamp of the message; at B-LTA one must be there (in ASiC-E the container has its own)."""
    signed = cms.ContentInfo.load(message)["content"]
    signer = signed["signer_infos"][0]
    count = 0
    for attribute in signer["unsigned_attrs"]:
        if attribute["type"].dotted != ARCHIVE_TIMESTAMP_V3:
            continue
        for value in attribute["values"]:
            token = value.dump()
            openssl.token(token, imprint_input(signed, signer, token, content))
            count += 1
    if made.level == "B-LTA" and made.format != "asic-e" and not count:
        raise Rejected("no archive-time-stamp-v3")
    if made.level in ("B-LT", "B-LTA") and not len(signed["crls"]):
        raise Rejected("no revocation values in SignedData.crls")
    return [f"{count} archive v3, imprint computed anew"] if count else []


def imprint_input(signed, signer, token: bytes, content: bytes | None) -> bytes:
    """TS 119 122-1 5.5.3: what the archive time-stamp's imprint is taken over."""
    stamp = cms.ContentInfo.load(token)["content"]
    index = hash_index(stamp["signer_infos"][0])
    check_index(signed, signer, index, token)
    info = stamp["encap_content_info"]["content"].parsed
    name = info["message_imprint"]["hash_algorithm"]["algorithm"].native
    encapsulated = signed["encap_content_info"]
    data = content if content is not None else encapsulated["content"].native
    return b"".join(
        [
            encapsulated["content_type"].dump(),
            hashlib.new(name, data).digest(),
            *(
                signer[part].dump()
                for part in ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
            ),
            index.dump(),
        ]
    )


def hash_index(stamp_signer) -> AtsHashIndexV3:
    found = [a for a in stamp_signer["unsigned_attrs"] if a["type"].dotted == ATS_HASH_INDEX_V3]
    if len(found) != 1 or len(found[0]["values"]) != 1:
        raise Rejected("the archive time-stamp has no ats-hash-index-v3")
    return AtsHashIndexV3.load(found[0]["values"][0].dump(), strict=True)


def check_index(signed, signer, index: AtsHashIndexV3, token: bytes) -> None:
    """5.5.2: each hash names something that is there, and what was there before the newest archive time-stamp is named."""
    name = index["algorithm"]["algorithm"].native
    digest = lambda data: hashlib.new(name, data).digest()  # noqa: E731
    here = {
        "certificates": {digest(one.dump()) for one in signed["certificates"]},
        "crls": {digest(one.dump()) for one in signed["crls"]},
        "unsigned_values": {
            digest(attribute["type"].dump() + value.dump())
            for attribute in signer["unsigned_attrs"]
            for value in attribute["values"]
            if value.dump() != token
        },
    }
    stamps = [
        value.dump()
        for attribute in signer["unsigned_attrs"]
        if attribute["type"].dotted == ARCHIVE_TIMESTAMP_V3
        for value in attribute["values"]
    ]
    for part, present in here.items():
        named = {one.native for one in index[part]}
        if len(named) != len(index[part]):
            raise Rejected(f"ats-hash-index-v3 {part}: the same twice")
        if not named <= present:
            raise Rejected(f"ats-hash-index-v3 {part}: names what is not there")
        if stamps == [token] and named != present:
            raise Rejected(f"ats-hash-index-v3 {part}: {len(present - named)} left out")


# --- ASiC-E ----------------------------------------------------------------------------------------------------------


@dataclass
class Opened:
    message: bytes
    manifest: bytes
    words: list[str] = field(default_factory=list)
    # (token, what it stamps) of each archive manifest.
    archive: list[tuple[bytes, bytes]] = field(default_factory=list)


def asic(container: bytes, level: str) -> Opened:
    if container[30:38] != b"mimetype" or container[38 : 38 + len(ASIC_E)] != ASIC_E:
        raise Rejected("mimetype is not the first entry, stored and without an extra field")
    with zipfile.ZipFile(BytesIO(container)) as archive:
        if archive.testzip() is not None:
            raise Rejected("a checksum of the container does not fit")
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
        if len(entries) != len(archive.infolist()):
            raise Rejected("two entries of one name")
    manifests = sorted(name for name in entries if re.fullmatch(r"META-INF/ASiCManifest.*\.xml", name))
    if len(manifests) != 1:
        raise Rejected(f"{len(manifests)} manifests")
    manifest = entries[manifests[0]]
    signature, named = references(manifest, entries)
    files = {name for name in entries if not name.startswith("META-INF/") and name != "mimetype"}
    if set(named) != files:
        raise Rejected(f"the manifest names {len(named)} of {len(files)} files")
    opened = Opened(entries[signature], manifest, [f"{len(files)} files as in the manifest"])
    archives = sorted(name for name in entries if re.fullmatch(r"META-INF/ASiCArchiveManifest.*\.xml", name))
    if level == "B-LTA" and not archives and not has_archive_stamp(opened.message):
        raise Rejected("no archive time-stamp")
    for name in archives:
        stamp, named = references(entries[name], entries)
        if not {signature, manifests[0], *files} <= set(named):
            raise Rejected(f"{name} does not cover the whole container")
        opened.words.append(f"{posixpath.basename(name)} covers {len(named)} entries")
        opened.archive.append((entries[stamp], entries[name]))
    return opened


def has_archive_stamp(message: bytes) -> bool:
    signer = cms.ContentInfo.load(message)["content"]["signer_infos"][0]
    return any(attribute["type"].dotted == ARCHIVE_TIMESTAMP_V3 for attribute in signer["unsigned_attrs"])


def references(manifest: bytes, entries: dict[str, bytes]) -> tuple[str, list[str]]:
    """(the signature or token of a manifest, the entries it names), their digests computed anew."""
    root = ElementTree.fromstring(manifest)
    if root.tag != f"{ASIC}ASiCManifest":
        raise Rejected(f"manifest of type {root.tag}")
    named = []
    for reference in root.iter(f"{ASIC}DataObjectReference"):
        name = unquote(reference.attrib["URI"])
        method = reference.find(f"{DS}DigestMethod").attrib["Algorithm"]
        value = base64.b64decode(reference.find(f"{DS}DigestValue").text)
        if name not in entries:
            raise Rejected(f"the manifest names {name}, which is not there")
        if method not in DIGESTS or hashlib.new(DIGESTS[method], entries[name]).digest() != value:
            raise Rejected(f"the manifest's digest of {name} does not fit")
        named.append(name)
    return unquote(root.find(f"{ASIC}SigReference").attrib["URI"]), named
