"""Shows that the judging of `level_table.py` works before Antin takes part: pyHanko makes, all judges judge."""

from __future__ import annotations

from level_judges import LEVELS, OpenSsl, PyHanko, Rejected, economy, pdfsig
from level_makers import PyHankoMaker
from served_authority import ServedAuthority
from throwaway_ca import to_asn1

# (key, RSASSA-PSS, digest)
ALGORITHMS = (
    ("rsa3072", False, "sha256"),
    ("rsa3072", True, "sha512"),
    ("p256", False, "sha256"),
    ("p384", False, "sha384"),
    ("ed25519", False, "sha512"),
)


def self_check(original: bytes, work) -> int:
    surprises, asked = [], []
    home = work / "home"
    home.mkdir(exist_ok=True)
    with ServedAuthority() as authority:
        root = work / "root.pem"
        root.write_bytes(authority.root_pem())
        maker = PyHankoMaker(authority)
        pyhanko, openssl = PyHanko([to_asn1(authority.root)]), OpenSsl(root, work)
        path = work / "checked.pdf"

        def ask(name: str, wanted: bool, judging) -> None:
            try:
                accepted, words = True, judging()
            except Rejected as rejected:
                accepted, words = False, str(rejected)
            if accepted != wanted:
                surprises.append(f"{name}: {words}")
                print(f"NOT AS EXPECTED: {name}: {words}")
            asked.append(name)

        for key, pss, digest in ALGORITHMS:
            holder = authority.issue(key, f"Signer {key}")
            known = key != "ed25519"
            for index, level in enumerate(LEVELS):
                data = maker.sign(original, holder, level, pss, digest)
                path.write_bytes(data)
                name = f"{key}{' PSS' if pss else ''} {digest} {level}"
                ask(f"{name}, pyHanko", True, lambda: pyhanko.judge(data, level))
                ask(f"{name}, pdfsig", known, lambda: pdfsig(path, home))
                ask(f"{name}, openssl cms", known, lambda: openssl.judge_signatures(data))
                ask(f"{name}, openssl ts", True, lambda: openssl.judge_tokens(data, level))
                ask(f"{name}, economy", True, lambda: economy(data, level, 0))
                for higher in LEVELS[index + 1 :]:
                    ask(f"{name} taken for {higher}, pyHanko", False, lambda: pyhanko.judge(data, higher))
                if not known:
                    continue
                forged = bytearray(data)
                forged[len(original) // 2] ^= 0x01
                forged = bytes(forged)
                path.write_bytes(forged)
                ask(f"{name} forged, pyHanko", False, lambda: pyhanko.judge(forged, level))
                ask(f"{name} forged, pdfsig", False, lambda: pdfsig(path, home))
                ask(f"{name} forged, openssl cms", False, lambda: openssl.judge_signatures(forged))
        holder = authority.issue("p256", "Revoked")
        revoked = maker.sign(original, holder, "B-T", False, "sha256")
        authority.revoked[holder.certificate.serial_number] = authority.now
        ask("revoked signer B-T, pyHanko", False, lambda: pyhanko.judge(revoked, "B-T"))
        stamped = maker.sign(original, authority.issue("p256", "Renewed"), "B-LTA", False, "sha256")
        renewed = maker.renew(stamped)
        ask("renewed B-LTA, pyHanko", True, lambda: pyhanko.judge(renewed, "B-LTA"))
        raised = maker.add_document_timestamp(maker.add_evidence(maker.sign(original, authority.issue("p256", "Raised"), "B-T", False, "sha256")))
        ask("B-T raised to B-LTA, pyHanko", True, lambda: pyhanko.judge(raised, "B-LTA"))
    print(f"self-check: {len(asked)} questions to the judges, {len(surprises)} answered otherwise than they should")
    return 1 if surprises else 0
