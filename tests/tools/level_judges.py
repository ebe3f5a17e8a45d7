"""Judges for `level_table.py`: what pyHanko, pdfsig and OpenSSL say of one signed file at one level.

Each judge gives (accepted, words); the words are the program's own where it has any. pyHanko is asked for its AdES
validation (EN 319 102-1): basic for B-B, with time for B-T, with the file's own evidence and nothing fetched for B-LT and
B-LTA. For B-LTA it is asked again as of a time when the signer's certificate has long expired.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation import DocumentSecurityStore, ades
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
# Signers' certificates have expired by then (here they last one year, in the demo three), time-stamping authorities' have not.
FUTURE = dt.timedelta(days=4 * 365)

CADES_DETACHED = "/ETSI.CAdES.detached"


class Rejected(Exception):
    """What a judge found; the text is its verdict."""


def run(*command: str, data: bytes | None = None, home: Path | None = None) -> subprocess.CompletedProcess:
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    if home:
        environment["HOME"] = str(home)
    return subprocess.run(command, capture_output=True, input=data, timeout=120, env=environment)


def short(text: str | bytes, width: int = 110) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = " ".join(str(text).split()).replace("|", "/")
    return text if len(text) <= width else text[: width - 1] + "…"


# --- pyHanko ---------------------------------------------------------------------------------------------------------


class PyHanko:
    def __init__(self, roots):
        self._policy = CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=roots),
            # Status is required of every certificate but the root, at every level.
            revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
        )

    def spec(self, rule: RevinfoOnlineFetchingRule, knowledge: LocalKnowledge | None = None) -> SignatureValidationSpec:
        return SignatureValidationSpec(
            cert_validation_policy=self._policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(online_fetching_rule=rule),
            local_knowledge=knowledge or LocalKnowledge(),
            # A seal's certificate may have only one of the two bits.
            key_usage_settings=KeyUsageConstraints(
                key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
            ),
        )

    @property
    def online(self) -> SignatureValidationSpec:
        return self.spec(RevinfoOnlineFetchingRule.ALWAYS_FETCH)

    @property
    def local(self) -> SignatureValidationSpec:
        return self.spec(RevinfoOnlineFetchingRule.LOCAL_ONLY)

    def judge(self, data: bytes, level: str, signatures: int = 1, strict: bool = True) -> str:
        """The words of acceptance; raises Rejected."""
        return self._run(self._judge(data, level, signatures, strict))

    @staticmethod
    def _run(judging) -> str:
        try:
            return asyncio.run(judging)
        except Rejected:
            raise
        except Exception as error:  # what it cannot read it has not accepted
            raise Rejected(f"{type(error).__name__}: {short(error)}") from error

    async def _judge(self, data: bytes, level: str, signatures: int, strict: bool) -> str:
        reader = PdfFileReader(BytesIO(data), strict=strict)
        regular = list(reader.embedded_regular_signatures)
        if len(regular) != signatures:
            raise Rejected(f"{len(regular)} signatures, not {signatures}")
        stamps = list(reader.embedded_timestamp_signatures)
        if level == "B-LTA" and not stamps:
            raise Rejected("no document time-stamp")
        words = set()
        for embedded in regular:
            if str(embedded.sig_object["/SubFilter"]) != CADES_DETACHED:
                raise Rejected(f"SubFilter {embedded.sig_object['/SubFilter']}")
            last = embedded is regular[-1] and not stamps and not (level == "B-LT")
            words.add(await self._one(reader, embedded, level, last))
        if level in ("B-LT", "B-LTA"):
            await self._each_stamp(reader, stamps)
        return " / ".join(sorted(words))

    async def _one(self, reader, embedded, level: str, last: bool) -> str:
        found = []
        stamped = next(extract_tst_data_iter(embedded.signer_info, signed=False), None)
        embedded.compute_integrity_info()
        integrity = embedded.summarise_integrity_info()
        digest = {"raw_digest": embedded.compute_digest()}
        common = {**digest, "extra_status_kwargs": integrity, "status_cls": PdfSignatureStatus}
        if stamped is None and level != "B-B":
            return await self._by_document_timestamp(reader, embedded, level, digest)
        if level == "B-B":
            found.append(await ades.ades_basic_validation(embedded.signed_data, self.online, **digest))
            words = "basic"
        elif level == "B-T":
            found.append(await ades.ades_with_time_validation(embedded.signed_data, self.online, **common))
            words = "with time"
        else:
            spec = self.spec(RevinfoOnlineFetchingRule.LOCAL_ONLY, self._in_file(reader))
            found.append(await ades.ades_with_time_validation(embedded.signed_data, spec, **common))
            if level == "B-LTA":
                found.append(await ades.ades_lta_validation(embedded, PdfSignatureValidationSpec(self.local)))
            later = dt.datetime.now(dt.timezone.utc) + FUTURE
            if level == "B-LTA" and found[-1].oldest_evidence_record_timestamp is None:
                raise Rejected("the document time-stamps do not hold")
            # pyHanko's own simulation: is everything in the file that time-stamps could carry on?
            found.append(
                await ades.simulate_future_ades_lta_validation(embedded, PdfSignatureValidationSpec(self.local), later)
            )
            words = f"{'LTA' if level == 'B-LTA' else 'from the file alone'}, now and in {later.year}"
        for result in found:
            if result.ades_subindic != AdESPassed.OK:
                raise Rejected(f"{result.ades_subindic}: {short(result.failure_msg or 'no reason given', 80)}")
        status = found[0].api_status
        self._whole(status)
        if level != "B-B" and not status.timestamp_validity.valid:
            raise Rejected("the signature time-stamp is not valid")
        self._untouched(embedded, integrity, last)
        return f"{found[-1].ades_subindic.standard_name}, {words}"

    async def _by_document_timestamp(self, reader, embedded, level: str, digest) -> str:
        """EN 319 142-1 6.3: where a signature has no time-stamp of its own, document time-stamps make the level.

        pyHanko has no AdES validation for that: its validation with time wants a signature time-stamp. So it is asked for
        the signature (basic) and for each document time-stamp (in `_each_stamp`); should it learn more, this must be mended."""
        stamps = list(reader.embedded_timestamp_signatures)
        if not any(stamp.signed_revision > embedded.signed_revision for stamp in stamps):
            raise Rejected("no time-stamp")
        spec = self.online
        if level != "B-T":
            spec = self.spec(RevinfoOnlineFetchingRule.LOCAL_ONLY, self._in_file(reader))
        basic = await ades.ades_basic_validation(embedded.signed_data, spec, **digest)
        if basic.ades_subindic != AdESPassed.OK:
            raise Rejected(f"{basic.ades_subindic}: {short(basic.failure_msg or 'no reason given', 80)}")
        self._whole(basic.api_status)
        self._untouched(embedded, embedded.summarise_integrity_info(), False)
        whole = await ades.ades_lta_validation(embedded, PdfSignatureValidationSpec(self.local))
        if whole.ades_subindic == AdESPassed.OK:
            raise Rejected("its LTA validation knows document time-stamps alone now: ask that instead")
        if level == "B-T":
            await self._each_stamp(reader, stamps, self.online)
        return "OK, basic, and each document time-stamp"

    @staticmethod
    def _whole(status) -> None:
        if not (status.intact and status.valid and status.trusted):
            raise Rejected(f"intact {status.intact}, valid {status.valid}, trusted {status.trusted}")

    @staticmethod
    def _untouched(embedded, integrity, last: bool) -> None:
        wanted = SignatureCoverageLevel.ENTIRE_FILE if last else SignatureCoverageLevel.ENTIRE_REVISION
        if integrity["coverage"] < wanted:
            raise Rejected(f"coverage {integrity['coverage'].name}")
        changes = embedded.diff_result
        if integrity["coverage"] != SignatureCoverageLevel.ENTIRE_FILE:
            if not isinstance(changes, DiffResult) or changes.modification_level > ModificationLevel.FORM_FILLING:
                raise Rejected(f"changed later: {short(changes)}")
        if not integrity["docmdp_ok"]:
            raise Rejected("changed against what its signature permits")

    async def _each_stamp(self, reader, stamps, spec=None) -> None:
        spec = spec or self.spec(RevinfoOnlineFetchingRule.LOCAL_ONLY, self._in_file(reader))
        for stamp in stamps:
            result = await ades.ades_timestamp_validation(
                stamp.signed_data,
                spec,
                stamp.compute_digest,
            )
            if result.ades_subindic != AdESPassed.OK:
                raise Rejected(f"document time-stamp: {result.ades_subindic}: {short(result.failure_msg or '', 80)}")
        if stamps:
            stamps[-1].compute_integrity_info()
            if stamps[-1].coverage < SignatureCoverageLevel.ENTIRE_REVISION:
                raise Rejected(f"document time-stamp: coverage {stamps[-1].coverage}")

    def _in_file(self, reader) -> LocalKnowledge:
        store = DocumentSecurityStore.read_dss(reader)
        knowledge = LocalKnowledge(known_certs=list(store.load_certs()))
        # The readers of the two lists are those of pyHanko's own contexts.
        ocsps = [entry.get_object().data for entry in store.ocsps]
        crls = [entry.get_object().data for entry in store.crls]
        from asn1crypto import crl, ocsp

        for der in ocsps:
            knowledge.known_ocsps.extend(OCSPContainer.load_multi(ocsp.OCSPResponse.load(der)))
        knowledge.known_crls.extend(CRLContainer(crl.CertificateList.load(der)) for der in crls)
        return knowledge

    # CAdES: pyHanko judges CMS objects of every kind, but has no archive time-stamps outside PDF.

    def judge_cms(self, message: bytes, content: bytes | None, level: str) -> str:
        return self._run(self._judge_cms(message, content, level))

    async def _judge_cms(self, message: bytes, content: bytes | None, level: str) -> str:
        info = cms.ContentInfo.load(message, strict=True)
        signed = info["content"]
        if content is None:
            content = signed["encap_content_info"]["content"].native
            if content is None:
                raise Rejected("the content is not in it")
        elif signed["encap_content_info"]["content"].native is not None:
            raise Rejected("a detached signature carries its content")
        digest = hashlib.new(signed["signer_infos"][0]["digest_algorithm"]["algorithm"].native, content).digest()
        validate = ades.ades_basic_validation if level == "B-B" else ades.ades_with_time_validation
        result = await validate(signed, self.online, raw_digest=digest)
        if result.ades_subindic != AdESPassed.OK:
            raise Rejected(f"{result.ades_subindic}: {short(result.failure_msg or '', 80)}")
        status = result.api_status
        if not (status.intact and status.valid and status.trusted):
            raise Rejected(f"intact {status.intact}, valid {status.valid}, trusted {status.trusted}")
        if level != "B-B" and not (status.timestamp_validity and status.timestamp_validity.valid):
            raise Rejected("no valid signature time-stamp")
        words = "basic" if level == "B-B" else "with time"
        return f"{result.ades_subindic.standard_name}, {words}"


# --- poppler ---------------------------------------------------------------------------------------------------------


def pdfsig(path: Path, home: Path, signatures: int = 1) -> str:
    # An empty home: poppler then starts NSS without a database and depends on no one's browser profile.
    done = run("pdfsig", "-nocert", "-no-ocsp", str(path), home=home)
    text = done.stdout.decode("utf-8", "replace")
    found = []
    for block in re.split(r"^Signature #\d+:$", text, flags=re.M)[1:]:
        kind = re.search(r"- Signature Type: (.*)", block)
        verdict = re.search(r"- Signature Validation: (.*)", block)
        # Document time-stamps are not known to every version: "unknown" and not verified, then.
        stamp = kind is not None and ("RFC3161" in kind.group(1) or kind.group(1) == "unknown")
        found.append((stamp, verdict.group(1) if verdict else "no verdict", "\n  - Total document signed" in block))
    regular = [entry for entry in found if not entry[0]]
    if len(regular) != signatures:
        raise Rejected(f"{len(regular)} signatures, not {signatures}: {short(done.stderr or text)}")
    for _, verdict, _ in regular:
        if verdict != "Signature is Valid.":
            raise Rejected(verdict)
    if len(found) == signatures and b"/DSS" not in path.read_bytes() and not any(total for _, _, total in regular):
        raise Rejected("not the total document")
    return "valid" if signatures == 1 else f"{signatures} valid"


# --- OpenSSL ---------------------------------------------------------------------------------------------------------


@dataclass
class Cut:
    """One /ByteRange of a PDF: the CMS in its gap and the bytes around it."""

    message: bytes
    padded_bytes: int
    content: bytes
    end: int


def cut(data: bytes) -> list[Cut]:
    """Every signature of the file by offsets alone, in the order in which they were laid on it."""
    out = []
    for match in re.finditer(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", data):
        start, first, second, rest = (int(number) for number in match.groups())
        gap = data[first:second]
        if start != 0 or gap[:1] != b"<" or gap[-1:] != b">" or second + rest > len(data):
            raise Rejected(f"byte range {match.group(0)!r} does not fit")
        padded = bytes.fromhex(gap[1:-1].decode("ascii"))
        length = der_length(padded)
        if any(padded[length:]):
            raise Rejected("the padding after the CMS is not zero")
        out.append(Cut(padded[:length], len(padded), data[:first] + data[second : second + rest], second + rest))
    if not out:
        raise Rejected("no /ByteRange")
    return sorted(out, key=lambda one: one.end)


def der_length(data: bytes) -> int:
    if len(data) < 2 or data[0] != 0x30:
        raise Rejected("/Contents does not begin with a DER SEQUENCE")
    if data[1] < 0x80:
        return 2 + data[1]
    count = data[1] & 0x7F
    if not 1 <= count <= 4:
        raise Rejected("length form of /Contents")
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def signature_tokens(message: bytes) -> tuple[bytes, list[bytes]]:
    """The signature value and the time-stamp tokens over it (RFC 3161 appendix A)."""
    signer = cms.ContentInfo.load(message)["content"]["signer_infos"][0]
    tokens = []
    for attribute in signer["unsigned_attrs"]:
        if attribute["type"].dotted == "1.2.840.113549.1.9.16.2.14":
            tokens.extend(value.dump() for value in attribute["values"])
    return signer["signature"].native, tokens


def is_token(message: bytes) -> bool:
    signed = cms.ContentInfo.load(message)["content"]
    return signed["encap_content_info"]["content_type"].native == "tst_info"


class OpenSsl:
    def __init__(self, root: Path, work: Path):
        self._root, self._work = root, work

    def _write(self, name: str, data: bytes) -> str:
        path = self._work / f"{name}.{os.getpid()}.{id(data):x}"
        path.write_bytes(data)
        return str(path)

    def cms(self, message: bytes, content: bytes | None) -> None:
        names = [self._write("message", message)]
        command = [
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", names[0],
            "-CAfile", str(self._root), "-no-CApath", "-no-CAstore", "-purpose", "any", "-out", "/dev/null",
        ]  # fmt: skip
        if content is not None:
            names.append(self._write("content", content))
            command += ["-content", names[1]]
        try:
            done = run(*command)
        finally:
            for name in names:
                Path(name).unlink()
        if done.returncode != 0:
            raise Rejected(f"cms: {short(self._why(done.stderr))}")

    def token(self, token: bytes, data: bytes) -> None:
        names = [self._write("token", token), self._write("data", data)]
        try:
            done = run(
                "openssl", "ts", "-verify", "-token_in", "-in", names[0], "-data", names[1], "-CAfile", str(self._root)
            )
        finally:
            for name in names:
                Path(name).unlink()
        if done.returncode != 0:
            raise Rejected(f"ts: {short(self._why(done.stderr or done.stdout))}")

    @staticmethod
    def _why(output: bytes) -> str:
        lines = [line for line in output.decode("utf-8", "replace").splitlines() if "error:" in line]
        # The reason is the fifth field of an error line.
        return "; ".join(":".join(line.split(":")[4:5]) for line in lines[-2:]) or output.decode("utf-8", "replace")

    def judge_signatures(self, data: bytes, signatures: int = 1) -> str:
        found = [one for one in cut(data) if not is_token(one.message)]
        if len(found) != signatures:
            raise Rejected(f"{len(found)} signatures, not {signatures}")
        for one in found:
            self.cms(one.message, one.content)
        return "verified, -cades" if signatures == 1 else f"{signatures} verified, -cades"

    def judge_tokens(self, data: bytes, level: str) -> str:
        """Signature time-stamps over the signature value, document time-stamps over the byte range."""
        within = over = 0
        for one in cut(data):
            if is_token(one.message):
                self.token(one.message, one.content)
                over += 1
                continue
            value, tokens = signature_tokens(one.message)
            for token in tokens:
                self.token(token, value)
                within += 1
        if level == "B-B" and not within + over:
            return "–"
        if not within + over:
            raise Rejected("no time-stamp")
        if level == "B-LTA" and not over:
            raise Rejected("no document time-stamp")
        return " + ".join(part for part in (f"{within} in" if within else "", f"{over} over" if over else "") if part)

    def judge_message_tokens(self, message: bytes, level: str) -> str:
        value, tokens = signature_tokens(message)
        for token in tokens:
            self.token(token, value)
        if level == "B-B":
            return "–"
        if not tokens:
            raise Rejected("no time-stamp")
        return f"{len(tokens)} in"


# --- the file itself -------------------------------------------------------------------------------------------------


def economy(data: bytes, level: str, ours: int) -> str:
    """What the issue of waste asks: every piece of evidence once, /Contents filled to four fifths at least.

    `ours`: how many of the newest signatures and time-stamps are to be held to it."""
    shares = [len(one.message) / one.padded_bytes for one in cut(data)[-ours:]] if ours else []
    if shares and min(shares) < 0.8:
        raise Rejected(f"/Contents filled to {min(shares):.0%} only")
    words = [f"/Contents {min(shares):.0%} full"] if shares else []
    if level in ("B-LT", "B-LTA"):
        store = DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(data)))
        pieces = {
            "certificates": [entry.get_object().data for entry in store.certs.values()],
            "OCSP": [entry.get_object().data for entry in store.ocsps],
            "CRL": [entry.get_object().data for entry in store.crls],
        }
        # pyHanko's reader merges what is the same certificate: the array itself is what counts.
        root = PdfFileReader(BytesIO(data)).root
        listed = root["/DSS"].get("/Certs", [])
        if len(listed) != len({entry.get_object().data for entry in listed}):
            raise Rejected("a certificate stands twice in the DSS")
        for name, found in pieces.items():
            if len(found) != len(set(found)):
                raise Rejected(f"{name}: the same twice in the DSS")
        words.append("DSS " + ", ".join(f"{len(found)} {name}" for name, found in pieces.items() if found))
    return "; ".join(words) or "–"
