#!/usr/bin/env python3
"""What programs that nobody here wrote say of the files that Antin signed.

    oracles.py ORIGINALS RESULTS ROOT.pem [--timestamp required|optional] [--table FILE] [--summary FILE]

ORIGINALS  directory of PDFs as they were before
RESULTS    results.json, or the directory that holds it: {name: {"signed": path} | {"refused": code, "detail": text}};
           `name` is the path below ORIGINALS, `path` is taken from the directory of results.json
ROOT.pem   the only trust anchor

Judges: pyHanko (strict reader, then the lax one with a note), pdfsig (poppler, NSS), `openssl cms -verify -cades` over
the byte range cut out here, and `qpdf --check`, which must be no worse than it was for the original. The original's bytes
must be a prefix of the signed file, and the new signature must cover all of it but its own /Contents.

As a control, one byte of an accepted file is flipped: judges that do not reject that are no judges (exit 1).

Prints a Markdown table and a line of JSON. Exit 1 if a judge rejects a signed file, if a PDF of ORIGINALS has no answer
in RESULTS, or if a file was refused in which none of the judges finds a reason; 2 if a judge is missing.
A file whose ORIGINAL a judge cannot read says so in that judge's column ("original: ...") and is not hidden.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from throwaway_ca import load_pem_certificates

PASS, FAIL, UNREAD = "ok", "REJECTED", "original"


@dataclass
class Opinion:
    """One judge on one file: `state` is PASS, FAIL or UNREAD (the judge cannot read the original either)."""

    state: str
    text: str

    def cell(self) -> str:
        return {PASS: self.text, FAIL: f"**{FAIL}**: {self.text}", UNREAD: f"original: {self.text}"}[self.state]


@dataclass
class Row:
    name: str
    antin: str
    opinions: dict[str, Opinion] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def rejected(self) -> bool:
        return bool(self.faults) or any(o.state == FAIL for o in self.opinions.values())


def run(*command: str, home: Path | None = None) -> subprocess.CompletedProcess:
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    if home:
        environment["HOME"] = str(home)
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        stdin=subprocess.DEVNULL,
        env=environment,
    )


def short(text: str, width: int = 90) -> str:
    text = " ".join(str(text).split()).replace("|", "/")
    return text if len(text) <= width else text[: width - 1] + "…"


# --- pyHanko ---------------------------------------------------------------------------------------------------------


def pyhanko_reads(data: bytes, strict: bool) -> str | None:
    """None where pyHanko can read the file so far as to walk its pages, else why not."""
    try:
        reader = PdfFileReader(BytesIO(data), strict=strict)
        if reader.encrypted:
            return "encrypted"
        count = reader.root["/Pages"]["/Count"]
        for page in range(int(count)):
            reader.find_page_for_modification(page)
        list(reader.embedded_signatures)
    except Exception as error:
        return short(f"{type(error).__name__}: {error}")
    return None


def pyhanko_earlier(original: bytes, roots) -> dict[str, tuple[bool, bool]]:
    """Integrity of the signatures that the original already carried; (False, False) for one that cannot be judged."""
    earlier: dict[str, tuple[bool, bool]] = {}
    try:
        reader = PdfFileReader(BytesIO(original), strict=False)
        embedded_signatures = list(reader.embedded_regular_signatures)
    except Exception:
        return earlier
    for embedded in embedded_signatures:
        try:
            context = ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")
            status = validate_pdf_signature(embedded, context)
            earlier[embedded.field_name] = (status.intact, status.valid)
        except Exception:
            earlier[embedded.field_name] = (False, False)
    return earlier


def pyhanko(original: bytes, signed: bytes, roots, timestamp: str) -> Opinion:
    lax_original = pyhanko_reads(original, strict=False)
    notes = []
    statuses = None
    strict_error = None
    for strict in (True, False):
        try:
            statuses = pyhanko_judge_all(signed, roots, strict)
            break
        except Exception as error:
            if strict:
                strict_error = short(f"{type(error).__name__}: {error}", 60)
                continue
            if lax_original:
                return Opinion(UNREAD, lax_original)
            return Opinion(FAIL, short(f"{type(error).__name__}: {error}"))
    if strict_error:
        strict_original = pyhanko_reads(original, strict=True)
        if strict_original is None:
            return Opinion(FAIL, f"strict reader takes the original but not the signed file: {strict_error}")
        notes.append("lax reader; strict refuses the original too")

    earlier = pyhanko_earlier(original, roots)
    ours = [(name, status) for name, status in statuses if name not in earlier]
    if not ours:
        return Opinion(FAIL, "no new signature found")
    faults = []
    for position, (name, status) in enumerate(ours):
        if isinstance(status, Exception):
            faults.append(f"{name}: {type(status).__name__}: {status}")
            continue
        last = position == len(ours) - 1
        if not status.intact:
            faults.append(f"{name}: not intact")
        if not status.valid:
            faults.append(f"{name}: signature not valid")
        if not status.trusted:
            faults.append(f"{name}: not trusted ({status.trust_problem_indic})")
        if not status.bottom_line:
            faults.append(f"{name}: bottom line negative")
        wanted = SignatureCoverageLevel.ENTIRE_FILE if last else SignatureCoverageLevel.ENTIRE_REVISION
        if status.coverage != wanted:
            faults.append(f"{name}: coverage {status.coverage.name if status.coverage else None}")
        if last and status.modification_level != ModificationLevel.NONE:
            faults.append(f"{name}: modified after signing: {status.modification_level}")
        stamp = status.timestamp_validity
        if stamp is None:
            if timestamp == "required":
                faults.append(f"{name}: no signature time-stamp")
        elif not (stamp.valid and stamp.intact and stamp.trusted):
            faults.append(f"{name}: time-stamp not valid or not trusted")
    for name, status in statuses:
        if name in earlier and earlier[name] == (True, True):
            if isinstance(status, Exception) or not (status.intact and status.valid):
                faults.append(f"earlier signature {name} no longer intact")
            elif status.modification_level not in (ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING):
                faults.append(f"earlier signature {name}: {status.modification_level}")
            else:
                notes.append(f"earlier {name} still intact")
        elif name in earlier:
            notes.append(f"earlier {name} was not valid before either")
    if faults:
        return Opinion(FAIL, short("; ".join(faults), 200))
    final = ours[-1][1]
    words = [
        "trusted",
        final.coverage.name.lower().replace("_", " ") if final.coverage else "?",
        "time-stamp valid" if final.timestamp_validity else "no time-stamp",
    ]
    return Opinion(PASS, ", ".join(words + notes))


def pyhanko_judge_all(signed: bytes, roots, strict: bool):
    """Status, or the exception of this one signature, by field. What stops reading the file as such is raised."""
    reader = PdfFileReader(BytesIO(signed), strict=strict)
    out, first_error = [], None
    for embedded in reader.embedded_regular_signatures:
        context = ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")
        try:
            out.append((embedded.field_name, validate_pdf_signature(embedded, context)))
        except Exception as error:
            first_error = first_error or error
            out.append((embedded.field_name, error))
    if out and isinstance(out[-1][1], Exception) and strict:
        raise first_error  # the lax reader gets its turn
    return out


def pyhanko_locked(data: bytes) -> bool:
    """DocMDP P=1: a certifying signature that permits no changes at all."""
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        return any(e.docmdp_level == MDPPerm.NO_CHANGES for e in reader.embedded_regular_signatures)
    except Exception:
        return False


# --- poppler ---------------------------------------------------------------------------------------------------------


def pdfsig_signatures(path: Path, home: Path) -> tuple[str | None, list[dict[str, str]]]:
    """(why the file cannot be read, or None; the signatures in poppler's order)."""
    # An empty home: poppler then starts NSS without a database and depends on no one's browser profile.
    done = run("pdfsig", "-nocert", "-no-ocsp", str(path), home=home)
    if "does not contain any signatures" in done.stdout + done.stderr:
        return None, []
    signatures: list[dict[str, str]] = []
    for line in done.stdout.splitlines():
        if re.match(r"Signature #\d+:", line):
            signatures.append({})
        elif signatures and (match := re.match(r"\s+- (?:(.+?): (.*)|(.*))$", line)):
            key, value, bare = match.groups()
            signatures[-1][key if key else bare] = value or ""
    if not signatures:
        return short((done.stderr or done.stdout or f"exit {done.returncode}").splitlines()[0]), []
    return None, signatures


def pdfsig(original: Path, signed: Path, home: Path) -> Opinion:
    unread_before, before = pdfsig_signatures(original, home)
    unread, after = pdfsig_signatures(signed, home)
    if unread or not after:
        why = unread or "no signature found"
        return Opinion(UNREAD, unread_before) if unread_before else Opinion(FAIL, why)
    # Poppler lists by field order; the new signature is the one that covers the whole file.
    whole = [s for s in after if "Total document signed" in s]
    if len(after) <= len(before) or not whole:
        return Opinion(FAIL, f"{len(before)} signatures before, {len(after)} after, {len(whole)} over the total document")
    verdict = whole[-1].get("Signature Validation", "no verdict")
    if verdict != "Signature is Valid.":
        return Opinion(FAIL, verdict)
    valid_before, valid_after = (
        sum(s.get("Signature Validation") == "Signature is Valid." for s in found) for found in (before, after)
    )
    if valid_after < valid_before + 1:
        return Opinion(FAIL, f"valid before: {valid_before}, after: {valid_after}")
    note = f", {len(before)} earlier as before" if before else ""
    return Opinion(PASS, f"valid, total document{note}")


# --- OpenSSL ---------------------------------------------------------------------------------------------------------


def der_length(data: bytes) -> int:
    """Length of the DER element that `data` begins with, without the padding after it."""
    if len(data) < 2 or data[0] != 0x30:
        raise ValueError("/Contents does not begin with a DER SEQUENCE")
    if data[1] < 0x80:
        return 2 + data[1]
    count = data[1] & 0x7F
    if count == 0 or count > 4:
        raise ValueError("length form")
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def cut(signed: bytes) -> tuple[bytes, bytes]:
    """(CMS, signed bytes) of the last signature, by offsets alone; raises ValueError where the ranges do not fit."""
    found = list(re.finditer(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", signed))
    if not found:
        raise ValueError("no /ByteRange")
    # Not the last in the file but the one that reaches its end.
    ranges = [tuple(int(n) for n in m.groups()) for m in found]
    fitting = [r for r in ranges if r[2] + r[3] == len(signed)]
    if len(fitting) != 1:
        raise ValueError(f"{len(fitting)} byte ranges reach the end of the file: {ranges}")
    start, first, second, rest = fitting[0]
    if start != 0 or second <= first:
        raise ValueError(f"byte range {fitting[0]}")
    gap = signed[first:second]
    if gap[:1] != b"<" or gap[-1:] != b">":
        raise ValueError("the gap of the byte range is not exactly the /Contents string")
    padded = bytes.fromhex(gap[1:-1].decode("ascii"))
    length = der_length(padded)
    if any(padded[length:]):
        raise ValueError("padding after the CMS is not zero")
    return padded[:length], signed[:first] + signed[second:]


def openssl(signed: bytes, root: Path, work: Path) -> Opinion:
    try:
        cms, content = cut(signed)
    except ValueError as error:
        return Opinion(FAIL, short(error))
    (work / "cms.der").write_bytes(cms)
    (work / "content.bin").write_bytes(content)
    base = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(work / "cms.der"),
        "-content", str(work / "content.bin"), "-CAfile", str(root), "-no-CApath", "-no-CAstore",
        "-purpose", "any", "-out", "/dev/null",
    ]  # fmt: skip
    done = run(*base, "-cades")
    if done.returncode == 0:
        return Opinion(PASS, "verified, signing certificate checked")
    plain = run(*base)
    why = short((plain if plain.returncode else done).stderr)
    if plain.returncode == 0:
        if "no signing certificate attribute" in done.stderr.lower() or b"ETSI.CAdES.detached" not in signed:
            return Opinion(PASS, "verified (no CAdES attribute)")
        return Opinion(FAIL, f"CMS verifies, CAdES does not: {why}")
    return Opinion(FAIL, why)


# --- qpdf ------------------------------------------------------------------------------------------------------------

# qpdf's exit codes: 0 nothing, 3 warnings, 2 errors.
QPDF_RANK = {0: 0, 3: 1, 2: 2}


def qpdf_check(path: Path) -> tuple[int, Counter, str]:
    done = run("qpdf", "--check", str(path))
    complaints = Counter()
    first = ""
    for line in (done.stderr + done.stdout).splitlines():
        if line.startswith("WARNING:") or "ERROR" in line or line.startswith("qpdf:"):
            if "operation succeeded with warnings" in line:
                continue
            text = line.replace(str(path), "").removeprefix("WARNING:").strip(": ")
            first = first or text
            complaints[re.sub(r"\d+", "#", text)] += 1
    return QPDF_RANK.get(done.returncode, 2), complaints, short(first, 80)


def qpdf(original: Path, signed: Path) -> Opinion:
    rank_before, before, first_before = qpdf_check(original)
    rank, after, first = qpdf_check(signed)
    if rank > rank_before:
        return Opinion(FAIL, f"worse than the original: {first}")
    new = [kind for kind in after if kind not in before]
    if new:
        return Opinion(FAIL, f"new complaint: {short(new[0], 80)}")
    if rank == 2:
        return Opinion(UNREAD, first_before)
    return Opinion(PASS, "clean" if rank == 0 else f"as before: {first_before}")


# --- refusals --------------------------------------------------------------------------------------------------------


def reason_to_refuse(original: Path, data: bytes, roots, home: Path) -> str | None:
    """What others find in a file that was refused; None where they find nothing that speaks against signing it."""
    if run("qpdf", "--is-encrypted", str(original)).returncode == 0:
        return "encrypted (qpdf)"
    if b"/XFA" in data:
        return "XFA"
    if b"/XRefStm" in data:
        return "hybrid cross-references"
    if pyhanko_locked(data):
        return "certified: no changes permitted (pyHanko)"
    if any(state != (True, True) for state in pyhanko_earlier(data, roots).values()):
        return "carries a signature that does not hold (pyHanko)"
    for earlier in pdfsig_signatures(original, home)[1]:
        verdict = earlier.get("Signature Validation", "no verdict")
        # "not yet verified" is what poppler says of a document time-stamp, which it does not know.
        if verdict not in ("Signature is Valid.", "Signature has not yet been verified."):
            return f"carries a signature that does not hold (pdfsig: {verdict})"
    rank, _, first = qpdf_check(original)
    if rank:
        return f"qpdf: {first}"
    why = pyhanko_reads(data, strict=True)
    return f"pyHanko: {why}" if why else None


# --- the whole -------------------------------------------------------------------------------------------------------


def judge(name: str, originals: Path, answer: dict, base: Path, root: Path, roots, options, home: Path, work: Path) -> Row:
    original_path = originals / name
    original = original_path.read_bytes()
    if "refused" in answer:
        row = Row(name, f"refused: {answer['refused']}")
        why = reason_to_refuse(original_path, original, roots, home)
        row.opinions["others"] = Opinion(PASS if why else FAIL, why or "refused, but nobody finds a reason")
        return row
    signed_path = base / answer["signed"]
    row = Row(name, "signed")
    try:
        signed = signed_path.read_bytes()
    except OSError as error:
        row.faults.append(f"signed file missing: {error}")
        return row
    if not signed.startswith(original) or len(signed) == len(original):
        row.faults.append("the original's bytes are not a prefix of the signed file")
    row.opinions["pyhanko"] = pyhanko(original, signed, roots, options.timestamp)
    row.opinions["pdfsig"] = pdfsig(original_path, signed_path, home)
    row.opinions["openssl"] = openssl(signed, root, work)
    row.opinions["qpdf"] = qpdf(original_path, signed_path)
    return row


def control(row: Row, originals: Path, answer: dict, base: Path, root: Path, roots, options, home: Path, work: Path):
    """The judges that still accept a file of which one byte was flipped; must be none of the three."""
    original = originals / row.name
    forged = bytearray((base / answer["signed"]).read_bytes())
    forged[original.stat().st_size // 2] ^= 0x01
    path = work / "forged.pdf"
    path.write_bytes(forged)
    opinions = {
        "pyhanko": pyhanko(original.read_bytes(), bytes(forged), roots, options.timestamp),
        "pdfsig": pdfsig(original, path, home),
        "openssl": openssl(bytes(forged), root, work),
    }
    return [judge_name for judge_name, opinion in opinions.items() if opinion.state == PASS]


def table(rows: list[Row]) -> str:
    out = [
        "| File | Antin | pyHanko | pdfsig | openssl cms | qpdf --check |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        antin = row.antin + "".join(f"; **{fault}**" for fault in row.faults)
        if "others" in row.opinions:
            out.append(f"| {row.name} | {antin} | {row.opinions['others'].cell()} | – | – | – |")
        else:
            cells = [row.opinions[j].cell() if j in row.opinions else "–" for j in ("pyhanko", "pdfsig", "openssl", "qpdf")]
            out.append(f"| {row.name} | {antin} | " + " | ".join(cells) + " |")
    return "\n".join(out)


def versions() -> dict[str, str]:
    from importlib.metadata import version

    return {
        "pyHanko": version("pyHanko"),
        "pdfsig": (run("pdfsig", "-v").stderr.split() + ["?"] * 3)[2],
        "openssl": (run("openssl", "version").stdout.split() + ["?"] * 2)[1],
        "qpdf": (run("qpdf", "--version").stdout.split() + ["?"] * 3)[2],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("originals", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--timestamp", choices=("required", "optional"), default="required")
    parser.add_argument("--table", type=Path, help="also write the table here")
    parser.add_argument("--summary", type=Path, help="also write the JSON summary here")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)

    missing = [tool for tool in ("pdfsig", "openssl", "qpdf") if shutil.which(tool) is None]
    if missing:
        print(f"oracles: not installed: {', '.join(missing)}", file=sys.stderr)
        return 2

    results_file = options.results / "results.json" if options.results.is_dir() else options.results
    answers = json.loads(results_file.read_text(encoding="utf-8"))
    names = sorted(str(p.relative_to(options.originals)) for p in options.originals.rglob("*.pdf"))
    roots = load_pem_certificates(options.root)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="antin-oracles-") as scratch:
        home, work = Path(scratch, "home"), Path(scratch, "work")
        home.mkdir()
        work.mkdir()
        for name in names:
            if name not in answers:
                rows.append(Row(name, "no answer", faults=["neither signed nor refused"]))
                continue
            rows.append(judge(name, options.originals, answers[name], results_file.parent, options.root, roots, options, home, work))

        accepted = [row for row in rows if row.antin == "signed" and not row.rejected()]
        # The largest: its middle byte lies in a stream, so that the structure stays whole and only the hash can tell.
        sample = max(accepted, key=lambda row: (options.originals / row.name).stat().st_size, default=None)
        fooled = (
            control(
                sample, options.originals, answers[sample.name], results_file.parent, options.root, roots, options, home, work
            )
            if sample
            else []
        )

    strangers = sorted(set(answers) - set(names))
    text = table(rows)
    signed = [row for row in rows if row.antin == "signed"]
    rejected = [row.name for row in rows if row.rejected()]
    accepted_by = {
        judge_name: sum(row.opinions.get(judge_name, Opinion(FAIL, "")).state == PASS for row in signed)
        for judge_name in ("pyhanko", "pdfsig", "openssl", "qpdf")
    }
    summary = {
        "files": len(rows),
        "signed": len(signed),
        "refused": sum(row.antin.startswith("refused") for row in rows),
        "accepted_by": accepted_by,
        "original_unreadable": {
            judge_name: [row.name for row in signed if judge_name in row.opinions and row.opinions[judge_name].state == UNREAD]
            for judge_name in accepted_by
        },
        "rejected": rejected,
        "strangers": strangers,
        "control": {"file": sample.name if sample else None, "fooled": fooled},
        "versions": versions(),
    }
    print(text)
    print()
    print(json.dumps(summary, ensure_ascii=False))
    if options.table:
        options.table.write_text(text + "\n", encoding="utf-8")
    if options.summary:
        options.summary.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if rejected or strangers or fooled or not rows or not signed else 0


if __name__ == "__main__":
    sys.exit(main())
