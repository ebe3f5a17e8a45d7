#!/usr/bin/env python3
"""Signs PDFs with pyHanko, for the tests in which Antin verifies what others signed.

    pyhanko_sign.py OUT_DIR PDF [PDF ...] [--tsa URL] [--case NAME ...]

Writes OUT_DIR/root.pem (the only trust anchor needed, unless --tsa names an authority under another root),
OUT_DIR/CASE--STEM.pdf for every case and input, and OUT_DIR/list.json:

    {"root": "root.pem", "tsa": "own" | URL,
     "files": [{"file", "case", "original", "sha256",
                "signatures": [{"field", "kind": "signature" | "document_timestamp", "key", "mechanism", "digest",
                                "sub_filter", "timestamp": true | false, "signer", "level": "" | "B-LT" | "B-LTA"}]}],
     "skipped": [{"case", "original", "why"}]}
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers

from throwaway_ca import KEY_KINDS, Authority, UrlTimeStamper

PADES = fields.SigSeedSubFilter.PADES
ADOBE = fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED


@dataclass(frozen=True)
class Step:
    """One signature (or document time-stamp) laid on the file."""

    key: str
    pss: bool = False
    digest: str = "sha256"
    timestamp: bool = False
    sub_filter: fields.SigSeedSubFilter = PADES
    certify: bool = False
    locked: bool = False
    document_timestamp: bool = False
    # "B-LT" or "B-LTA": with revocation lists in the file, and a document time-stamp over them.
    level: str = ""
    # One more document time-stamp, as at the end of the first one's time.
    renewed: bool = False


def both(name: str, step: Step) -> dict[str, tuple[Step, ...]]:
    """The same signature without and with a signature time-stamp."""
    stamped = Step(step.key, step.pss, step.digest, True, step.sub_filter, step.certify)
    return {f"{name}-b": (step,), f"{name}-t": (stamped,)}


CASES: dict[str, tuple[Step, ...]] = {
    **both("rsa2048", Step("rsa2048")),
    **both("rsa3072", Step("rsa3072")),
    **both("rsa3072-sha512", Step("rsa3072", digest="sha512")),
    **both("rsa2048-pss", Step("rsa2048", pss=True)),
    **both("rsa3072-pss", Step("rsa3072", pss=True)),
    **both("p256", Step("p256")),
    **both("p384", Step("p384", digest="sha384")),
    "adobe-detached": (Step("rsa2048", sub_filter=ADOBE),),
    "adobe-detached-t": (Step("p256", sub_filter=ADOBE, timestamp=True),),
    "three": (
        Step("p256", timestamp=True),
        Step("rsa3072", timestamp=True),
        Step("p384", digest="sha384", timestamp=True),
    ),
    "three-b": (Step("p256"), Step("rsa2048", pss=True), Step("p384", digest="sha384")),
    "certified": (Step("p256", certify=True, timestamp=True), Step("rsa3072", timestamp=True)),
    # DocMDP P=1: the file is whole, but nothing may be added to it (ISO 32000-2 12.8.2.2).
    "locked": (Step("p256", certify=True, locked=True, timestamp=True),),
    "long-term": (Step("p256", timestamp=True, level="B-LT"),),
    "archival": (Step("rsa3072", timestamp=True, level="B-LTA"),),
    "archival-renewed": (Step("p384", digest="sha384", timestamp=True, level="B-LTA", renewed=True),),
    "adobe-archival": (Step("p256", sub_filter=ADOBE, timestamp=True, level="B-LT"),),
    "document-timestamp": (Step("p256", timestamp=True), Step("", document_timestamp=True)),
}


def sign(original: bytes, steps: tuple[Step, ...], authority: Authority, holders, timestamper):
    """Lays every step on the file, each as its own incremental update."""
    data, made = original, []
    for number, step in enumerate(steps, start=1):
        field = f"Signature{number}"
        writer = IncrementalPdfFileWriter(BytesIO(data), strict=False)
        if step.document_timestamp:
            out = signers.PdfTimeStamper(timestamper, field_name=field).timestamp_pdf(writer, "sha256")
            made.append({"field": field, "kind": "document_timestamp", "sub_filter": "ETSI.RFC3161"})
        else:
            holder = holders[step.key]
            metadata = signers.PdfSignatureMetadata(
                field_name=field,
                md_algorithm=step.digest,
                subfilter=step.sub_filter,
                certify=step.certify,
                docmdp_permissions=fields.MDPPerm.NO_CHANGES if step.locked else fields.MDPPerm.FILL_FORMS,
                name=f"Signer {step.key}",
                reason="test",
                embed_validation_info=bool(step.level),
                use_pades_lta=step.level == "B-LTA",
                validation_context=authority.validation_context() if step.level else None,
            )
            out = signers.PdfSigner(
                metadata,
                signer=authority.signer(holder, step.pss),
                timestamper=timestamper if step.timestamp else None,
            ).sign_pdf(writer)
            family = "RSASSA-PSS" if step.pss else "RSA" if step.key.startswith("rsa") else "ECDSA"
            made.append(
                {
                    "field": field,
                    "kind": "signature",
                    "key": step.key,
                    "mechanism": family,
                    "digest": step.digest,
                    "sub_filter": step.sub_filter.value.lstrip("/"),
                    "timestamp": step.timestamp,
                    "signer": f"Signer {step.key}",
                    "level": step.level if step.sub_filter == PADES else "",
                }
            )
            if step.level == "B-LTA":
                made.append({"field": None, "kind": "document_timestamp", "sub_filter": "ETSI.RFC3161"})
            if step.renewed:
                out = renew(out.getvalue(), authority, timestamper)
                made.append({"field": None, "kind": "document_timestamp", "sub_filter": "ETSI.RFC3161"})
        data = out.getvalue()
    if not data.startswith(original):
        raise RuntimeError("pyHanko changed earlier bytes")
    return data, made


def renew(data: bytes, authority: Authority, timestamper) -> BytesIO:
    """Evidence on the last document time-stamp, and another one over it."""
    out = BytesIO()
    signers.PdfTimeStamper(timestamper).update_archival_timestamp_chain(
        PdfFileReader(BytesIO(data)), authority.validation_context(), output=out
    )
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("pdf", type=Path, nargs="+")
    parser.add_argument("--tsa", metavar="URL", help="RFC 3161 authority; without it one of this process's own")
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="only these (default: all)")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)

    options.out.mkdir(parents=True, exist_ok=True)
    authority = Authority()
    holders = {kind: authority.issue(kind, f"Signer {kind}") for kind in KEY_KINDS}
    timestamper = UrlTimeStamper(options.tsa) if options.tsa else authority.timestamper()
    (options.out / "root.pem").write_bytes(authority.root_pem())

    files, skipped = [], []
    for original in options.pdf:
        for case, steps in CASES.items():
            if options.case and case not in options.case:
                continue
            try:
                data, made = sign(original.read_bytes(), steps, authority, holders, timestamper)
            except Exception as error:  # a PDF that pyHanko cannot sign is no fault of this script
                skipped.append({"case": case, "original": str(original), "why": f"{type(error).__name__}: {error}"})
                continue
            name = f"{case}--{original.stem}.pdf"
            (options.out / name).write_bytes(data)
            files.append(
                {
                    "file": name,
                    "case": case,
                    "original": str(original),
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "signatures": made,
                }
            )
    listing = {"root": "root.pem", "tsa": options.tsa or "own", "files": files, "skipped": skipped}
    (options.out / "list.json").write_text(json.dumps(listing, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(files)} signed, {len(skipped)} skipped; {options.out / 'list.json'}")
    for skip in skipped:
        print(f"skipped {skip['case']} {skip['original']}: {skip['why']}", file=sys.stderr)
    return 0 if files else 1


if __name__ == "__main__":
    sys.exit(main())
