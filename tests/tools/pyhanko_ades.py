#!/usr/bin/env python3
"""What pyHanko's validation after EN 319 102-1 says of the first signature of each file, offline, with the roots given.

    pyhanko_ades.py ROOT.pem[,ROOT.pem …] PDF [PDF ...]

Prints one line of JSON: {file: {"with_time": name, "lta": name}}; the names are those of the standard, `OK` where it passed.
`with_time` is 5.5 (levels B-T and B-LT) with the evidence of the file's own store, `lta` is 5.6.3 (B-LTA). A status is demanded of
every certificate. pyHanko wants a signature time-stamp for both; a document time-stamp alone gives SIG_CONSTRAINTS_FAILURE.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import sys
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import (
    _dss_to_local_knowledge,
    ades_lta_validation,
    ades_with_time_validation,
)
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import SimpleTrustManager

from throwaway_ca import load_pem_certificates


def demands(roots: list) -> SignatureValidationSpec:
    required = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
    checking = RevocationCheckingPolicy(ee_certificate_rule=required, intermediate_ca_cert_rule=required)
    return SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(roots),
            revinfo_policy=CertRevTrustPolicy(checking),
        ),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
        ),
    )


async def opinions(path: Path, spec: SignatureValidationSpec) -> dict[str, str]:
    with path.open("rb") as file:
        reader = PdfFileReader(file)
        signature = next(s for s in reader.embedded_signatures if s.sig_object["/Type"] == "/Sig")
        informed = dataclasses.replace(spec, local_knowledge=_dss_to_local_knowledge(reader))
        digest = signature.compute_digest()
        timed = await ades_with_time_validation(signature.signed_data, informed, raw_digest=digest)
        archival = await ades_lta_validation(signature, PdfSignatureValidationSpec(spec))
    return {"with_time": timed.ades_subindic.name, "lta": archival.ades_subindic.name}


def main() -> int:
    logging.disable(logging.CRITICAL)
    roots = [root for path in sys.argv[1].split(",") for root in load_pem_certificates(Path(path))]
    spec = demands(roots)
    print(json.dumps({path: asyncio.run(opinions(Path(path), spec)) for path in sys.argv[2:]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
