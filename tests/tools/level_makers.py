"""What pyHanko itself makes for `level_table.py`: signatures at every level, and higher levels laid on files that exist."""

from __future__ import annotations

from io import BytesIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation import add_validation_info
from pyhanko_certvalidator import ValidationContext

from served_authority import ServedAuthority
from throwaway_ca import Holder, UrlTimeStamper, to_asn1


class PyHankoMaker:
    def __init__(self, authority: ServedAuthority):
        self.authority = authority
        self.stamper = UrlTimeStamper(authority.tsa_url)
        self.roots = [to_asn1(authority.root)]

    def context(self) -> ValidationContext:
        return ValidationContext(trust_roots=self.roots, allow_fetching=True, revocation_mode="require")

    def sign(self, original: bytes, holder: Holder, level: str, pss: bool, digest: str, field: str = "Signature1") -> bytes:
        metadata = signers.PdfSignatureMetadata(
            field_name=field,
            md_algorithm=digest,
            subfilter=fields.SigSeedSubFilter.PADES,
            embed_validation_info=level in ("B-LT", "B-LTA"),
            use_pades_lta=level == "B-LTA",
            validation_context=self.context() if level in ("B-LT", "B-LTA") else None,
        )
        writer = IncrementalPdfFileWriter(BytesIO(original), strict=False)
        out = signers.PdfSigner(
            metadata,
            signer=self.authority.signer(holder, pss),
            timestamper=None if level == "B-B" else self.stamper,
        ).sign_pdf(writer)
        return out.getvalue()

    # Upwards, from whatever level the file has.

    def add_evidence(self, data: bytes) -> bytes:
        """DSS for every signature of the file (B-T to B-LT)."""
        names = [embedded.field_name for embedded in PdfFileReader(BytesIO(data)).embedded_regular_signatures]
        for name in names:
            reader = PdfFileReader(BytesIO(data))
            embedded = next(one for one in reader.embedded_regular_signatures if one.field_name == name)
            data = add_validation_info(embedded, self.context(), in_place=False, output=BytesIO()).getvalue()
        return data

    def add_document_timestamp(self, data: bytes) -> bytes:
        """A document time-stamp, and evidence on its own authority after it (B-LT to B-LTA)."""
        writer = IncrementalPdfFileWriter(BytesIO(data))
        return signers.PdfTimeStamper(self.stamper).timestamp_pdf(writer, "sha256", self.context()).getvalue()

    def renew(self, data: bytes) -> bytes:
        """B-LTA renewed by another document time-stamp."""
        reader = PdfFileReader(BytesIO(data))
        return (
            signers.PdfTimeStamper(self.stamper)
            .update_archival_timestamp_chain(reader, self.context(), in_place=False, output=BytesIO())
            .getvalue()
        )
