#!/usr/bin/env python3
"""pyHanko's signs and verdicts per CPU-second on one PDF, to stand beside Antin's in the benchmark.

    pyhanko_rates.py PDF [--seconds N]

PAdES B-B (no time-stamp), key and certificates loaded once, pyHanko used as a library with its defaults; a verdict reads the
file anew, checks integrity, chain and later changes. CPU time of this process, so other load does not count. Prints
one line of JSON:

    {"pyhanko": "0.38.0", "file_bytes": N,
     "p256": {"signs_per_cpu_s": x, "verdicts_per_cpu_s": y}, "rsa3072": {...}}
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from throwaway_ca import Authority, to_asn1


def rate(action, seconds: float) -> float:
    """Runs per CPU-second; the first run, which pays for imports and caches, is not counted."""
    action()
    runs, begin = 0, time.process_time()
    while (spent := time.process_time() - begin) < seconds or runs < 3:
        action()
        runs += 1
    return round(runs / spent, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdf", type=Path)
    parser.add_argument("--seconds", type=float, default=2.0, help="CPU time for each of the four figures")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)

    original = options.pdf.read_bytes()
    authority = Authority()
    root = to_asn1(authority.root)
    figures: dict[str, object] = {"pyhanko": version("pyHanko"), "file_bytes": len(original)}
    for kind in ("p256", "rsa3072"):
        signer = authority.signer(authority.issue(kind, f"Signer {kind}"))
        metadata = signers.PdfSignatureMetadata(
            field_name="Signature1", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
        )

        def sign() -> bytes:
            writer = IncrementalPdfFileWriter(BytesIO(original))
            return signers.PdfSigner(metadata, signer=signer).sign_pdf(writer).getvalue()

        signed = sign()

        def verdict() -> None:
            embedded = PdfFileReader(BytesIO(signed)).embedded_regular_signatures[0]
            context = ValidationContext(trust_roots=[root], allow_fetching=False)
            status = validate_pdf_signature(embedded, context)
            if not status.bottom_line:
                raise RuntimeError("pyHanko rejects its own signature")

        figures[kind] = {
            "signs_per_cpu_s": rate(sign, options.seconds),
            "verdicts_per_cpu_s": rate(verdict, options.seconds),
        }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
