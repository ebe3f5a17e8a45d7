"""The world of `level_table.py`: an authority on loopback, keys of every kind in it, a configuration, and Antin run on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from csc_service import CscService
from level_judges import Rejected, run, short
from served_authority import ServedAuthority
from throwaway_ca import Holder, load_pem_certificates, to_asn1

KINDS = ("pem", "p12", "pkcs11", "csc")
PIN = "246810"
SOFTHSM = next(
    (p for p in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so") if os.path.exists(p)),
    "/usr/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True)
class Algorithm:
    """A key and what it signs with; `scheme` is for RSA."""

    key: str
    scheme: str | None
    digest: str

    @property
    def words(self) -> str:
        name = {"rsa3072": "RSA-3072", "p256": "P-256", "p384": "P-384", "ed25519": "Ed25519"}[self.key]
        scheme = {"pss": " PSS", "pkcs1": " PKCS#1", None: ""}[self.scheme]
        return f"{name}{scheme} SHA-{self.digest[3:]}"


ALGORITHMS = (
    *(Algorithm("rsa3072", scheme, digest) for scheme in ("pkcs1", "pss") for digest in ("sha256", "sha384", "sha512")),
    Algorithm("p256", None, "sha256"),
    Algorithm("p384", None, "sha384"),
    # RFC 8419 2.3: SHA-512 and nothing else.
    Algorithm("ed25519", None, "sha512"),
)


def secret(path: Path, data: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def quoted(text) -> str:
    return json.dumps(str(text), ensure_ascii=False)


class World:
    def __init__(self, antin: Path, original: bytes, work: Path, demo: Path | None):
        self.antin, self.original, self.work, self.demo = antin.resolve(), original, work, demo
        self.authority = ServedAuthority()
        self.root_pem = work / "root.pem"
        self.root_pem.write_bytes(self.authority.root_pem())
        self.trust = {"own": ([to_asn1(self.authority.root)], self.root_pem)}
        self.demo_facts = None
        if demo:
            self.demo_facts = json.loads((demo / "demo.json").read_text(encoding="utf-8"))
            pem = Path(self.demo_facts["trust"])
            self.trust["demo"] = (load_pem_certificates(pem), pem)
        self.original_path = work / "original.pdf"
        self.original_path.write_bytes(original)
        self.csc = CscService(self.authority, "antin", "client-secret", PIN)
        self.environment = dict(os.environ, SOFTHSM2_CONF=str(work / "softhsm2.conf"), ANTIN_LOG="error", LC_ALL="C.UTF-8")
        self.holders: dict[str, Holder] = {key: self.authority.issue(key, f"Signer {key}") for key in
                                           ("rsa3072", "p256", "p384", "ed25519")}
        self.person = self.authority.issue("p256", "Nguyễn Văn An")
        self.codes: dict[tuple[Algorithm, str], str] = {}
        self._numbers = iter(range(1_000_000))
        self._token()
        self.config = work / "antin.toml"
        self.config.write_text(self._configuration(), encoding="utf-8")
        self.config.chmod(0o600)

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_) -> None:
        self.authority.close()

    # --- keys -------------------------------------------------------------------------------------------------------

    def _token(self) -> None:
        tokens = self.work / "tokens"
        tokens.mkdir(exist_ok=True)
        (self.work / "softhsm2.conf").write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self._softhsm("--init-token", "--free", "--label", "antin", "--so-pin", PIN, "--pin", PIN)
        for number, kind in enumerate(("rsa3072", "p256", "p384", "ed25519"), start=1):
            pem = self.holders[kind].key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            file = secret(self.work / f"import-{kind}.pem", pem)
            self._softhsm("--import", str(file), "--token", "antin", "--label", kind, "--id", f"{number:02x}", "--pin", PIN)
            file.unlink()

    def _softhsm(self, *arguments: str) -> None:
        done = subprocess.run(["softhsm2-util", *arguments], env=self.environment, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"softhsm2-util {arguments[0]}: {short(done.stderr or done.stdout)}")

    def supports(self, algorithm: Algorithm, kind: str) -> bool:
        # A remote service is given hashes, and Ed25519 signs messages.
        return algorithm.key != "ed25519" or kind != "csc"

    def _configuration(self) -> str:
        pin, client_secret = secret(self.work / "pin", PIN.encode()), secret(self.work / "csc-secret", b"client-secret")
        password = secret(self.work / "p12-password", b"mat-khau")
        here = f"127.0.0.1:{self.authority.base_url.rsplit(':', 1)[1]}"
        parts = [
            'base_url = "http://levels.invalid"\n'
            f"[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n"
            '[archive]\ndir = "none"\n'
            '[log]\norigin = "levels.invalid/log"\nkey_file = "none.key"\n'
            f"[timestamp]\nurls = [{quoted(self.authority.tsa_url)}]\n"
            f"[trust]\nroots = [{quoted(self.root_pem)}]\n"
            f"[fetch]\nallow_private = [{quoted(here)}]\n"
        ]
        # `sign` uses no log; the file has to be there.
        secret(self.work / "none.key", b"not used\n")
        for kind, holder in self.holders.items():
            pem = holder.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            secret(self.work / f"{kind}.key", pem)
            (self.work / f"{kind}.pem").write_bytes(self.authority.chain_pem(holder))
            secret(
                self.work / f"{kind}.p12",
                pkcs12.serialize_key_and_certificates(
                    kind.encode(), holder.key, holder.certificate, [self.authority.issuing],
                    serialization.BestAvailableEncryption(b"mat-khau"),
                ),
            )  # fmt: skip
            self.csc.credentials[f"seal-{kind}"] = holder
        number = 0
        for algorithm in ALGORITHMS:
            for kind in KINDS:
                if not self.supports(algorithm, kind):
                    continue
                number += 1
                code = f"H49.{number}"
                self.codes[algorithm, kind] = code
                key = {
                    "pem": f'key_file = "{algorithm.key}.key"\ncertificate_file = "{algorithm.key}.pem"\n',
                    "p12": f'file = "{algorithm.key}.p12"\npassword_file = {quoted(password)}\n',
                    "pkcs11": f'module = {quoted(SOFTHSM)}\ntoken = "antin"\nkey = "{algorithm.key}"\n'
                    f'pin_file = {quoted(pin)}\ncertificate_file = "{algorithm.key}.pem"\n',
                    "csc": f'url = {quoted(self.csc.base_url)}\ncredential = "seal-{algorithm.key}"\n'
                    f'client_id = "antin"\nclient_secret_file = {quoted(client_secret)}\npin_file = {quoted(pin)}\n'
                    f"plain_http = [{quoted(here)}]\n",
                }[kind]
                name = {"p12": "pkcs12"}.get(kind, kind)
                choice = (f'signature = "{algorithm.scheme}"\n' if algorithm.scheme else "") + (
                    f'digest = "{algorithm.digest}"\n' if algorithm.key != "ed25519" else ""
                )
                parts.append(
                    f'[[office]]\ncode = "{code}"\nname = "Ủy ban nhân dân {algorithm.words} {kind}"\nlevel = "commune"\n'
                    f'[office.key]\nkind = "{name}"\n{key}{choice}'
                )
        return "\n".join(parts)

    def picture(self, name: str, colour: tuple[int, int, int]) -> Path:
        """A PNG with a transparent background: a ring, drawn here so that no picture needs to be kept."""
        import struct
        import zlib

        path = self.work / f"{name}.png"
        side, rows = 400, bytearray()
        for y in range(side):
            rows.append(0)
            for x in range(side):
                distance = ((x - side / 2) ** 2 + (y - side / 2) ** 2) ** 0.5
                rows += bytes((*colour, 255 if 170 < distance < 195 or distance < 40 else 0))

        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
        )
        return path

    # --- Antin ------------------------------------------------------------------------------------------------------

    def _file(self, suffix: str) -> Path:
        return self.work / f"made-{next(self._numbers)}.{suffix}"

    def _run(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.antin), *map(str, arguments)],
            env=self.environment, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, cwd=self.work,
        )  # fmt: skip

    def _make(self, suffix: str, *arguments) -> bytes:
        out = self._file(suffix)
        done = self._run(*arguments, "-o", out, "--json")
        if done.returncode != 0:
            raise RuntimeError(f"antin {arguments[0]}: exit {done.returncode}: {short(done.stderr, 260)}")
        return out.read_bytes()

    def place(self, where: str):
        return ("--dir", self.demo) if where == "demo" else ("--config", self.config)

    def sign(self, source: bytes, code: str, level: str, where: str = "own", form: str = "pades", *more) -> bytes:
        file = self._file("pdf" if form == "pades" else "bin")
        file.write_bytes(source)
        suffix = {"pades": "pdf", "asic-e": "asice"}.get(form, "p7s")
        more = (*more, "--format", form) if form != "pades" else more
        return self._make(suffix, "sign", file, *self.place(where), "--office", code, "--level", level, *more)

    def sign_files(self, files: list[Path], code: str, level: str, where: str = "own") -> bytes:
        return self._make("asice", "sign", *files, *self.place(where), "--office", code, "--level", level, "--format", "asic-e")

    def extend(self, source: bytes, level: str, where: str = "own", suffix: str = "pdf", content: Path | None = None) -> bytes:
        file = self._file(suffix)
        file.write_bytes(source)
        more = ("--content", content) if content else ()
        return self._make(suffix, "extend", file, "--level", level, *self.place(where), *more)

    def verify(self, path: Path, made, content: Path | None = None) -> str:
        """Our own verdict, with the root alone and nothing fetched at B-LT and B-LTA."""
        _, pem = self.trust[made.trust]
        more = ["--offline"] if made.level in ("B-LT", "B-LTA") else []
        if not more:
            host = self.authority.host_and_port
            if made.trust == "demo":
                host = self.demo_facts["base_url"].removeprefix("http://")
            more = ["--allow-private", host]
        if content:
            more += ["--content", content]
        done = self._run("verify", path, "--trust", pem, "--json", *more)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise Rejected(f"exit {done.returncode}: {short(done.stderr)}") from None
        signatures = [s for s in report["signatures"] if s.get("sub_filter") != "ETSI.RFC3161"]
        if report["indication"] != "TOTAL-PASSED" or done.returncode != 0:
            reasons = "; ".join(f"{r['code']}" for s in report["signatures"] for r in s.get("reasons", []))
            raise Rejected(f"{report['indication']} {report.get('sub_indication') or ''}: {short(reasons)}")
        levels = sorted({str(s.get("level") or "") for s in signatures})
        if len(signatures) != made.signatures:
            raise Rejected(f"{len(signatures)} signatures, not {made.signatures}")
        if not all(level.endswith(made.level) for level in levels):
            raise Rejected(f"level {', '.join(levels)}, not {made.level}")
        return f"TOTAL-PASSED, {', '.join(levels)}"


def versions() -> dict[str, str]:
    from importlib.metadata import version

    def words(*command: str) -> list[str]:
        if shutil.which(command[0]) is None:
            return ["?"] * 3
        done = run(*command)
        return (done.stdout + done.stderr).decode().split() + ["?"] * 3

    return {
        "pyHanko": version("pyHanko"),
        "pdfsig": words("pdfsig", "-v")[2],
        "openssl": words("openssl", "version")[1],
        "softhsm2": words("softhsm2-util", "--version")[0],
    }
