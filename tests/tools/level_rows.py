"""Rows of `level_table.py`: one file, made somehow, before all judges."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from level_judges import OpenSsl, PyHanko, Rejected, economy, pdfsig, short

JUDGES = ("pyhanko", "pdfsig", "openssl cms", "openssl ts", "antin")


@dataclass
class Made:
    """What a task has made. `content`: of a detached CMS. `trust`: "own" or "demo"."""

    data: bytes
    level: str
    format: str = "pdf"
    content: bytes | None = None
    trust: str = "own"
    signatures: int = 1
    # How many of the newest signatures and time-stamps are ours, and so held to the economy of space.
    ours: int = 0
    facts: dict = field(default_factory=dict)


@dataclass
class Task:
    group: str
    name: str
    make: Callable[[], Made]
    # Judges that are expected to refuse, with the reason.
    exceptions: dict[str, str] = field(default_factory=dict)


@dataclass
class Row:
    group: str
    name: str
    made: Made | None = None
    verdicts: dict[str, tuple[bool, str]] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)
    fault: str | None = None

    judges: ClassVar[tuple[str, ...]] = JUDGES
    exceptions: ClassVar[dict[str, str]] = {}
    lock: ClassVar[threading.Lock] = threading.Lock()

    def accepted(self, judge: str) -> bool:
        return self.verdicts.get(judge, (False, ""))[0]

    def excepted(self, judge: str) -> bool:
        return judge in self.expected and not self.accepted(judge)

    def surprising(self) -> bool:
        if self.fault or self.made is None:
            return True
        return any(accepted == (judge in self.expected) for judge, (accepted, _) in self.verdicts.items())

    def cells(self) -> list[str]:
        if self.fault:
            return [f"**NOT MADE**: {self.fault}"] + ["–"] * len(JUDGES)
        return [self._cell(judge) for judge in (*JUDGES, "economy")]

    def _cell(self, judge: str) -> str:
        if judge not in self.verdicts:
            return "–"
        accepted, words = self.verdicts[judge]
        reason = self.expected.get(judge)
        if reason and not accepted:
            with Row.lock:
                number = Row.exceptions.setdefault(reason, f"({len(Row.exceptions) + 1})")
            return f"{words} {number}"
        if reason:
            return f"**ACCEPTED AGAINST EXPECTATION**: {words}"
        return words if accepted else f"**REJECTED**: {words}"


class Panel:
    """All judges, with the trust that each file's maker needs."""

    def __init__(self, world):
        self.world = world
        self._home = world.work / "nss-home"
        self._home.mkdir(exist_ok=True)
        self._pyhanko = {name: PyHanko(roots) for name, (roots, _) in world.trust.items()}
        self._openssl = {name: OpenSsl(pem, world.work) for name, (_, pem) in world.trust.items()}
        self._numbers = iter(range(1_000_000))

    def row(self, task: Task) -> Row:
        row = Row(task.group, task.name, expected=task.exceptions)
        try:
            row.made = task.make()
        except Exception as error:
            row.fault = short(f"{type(error).__name__}: {error}", 300)
            return row
        row.verdicts = self.judge(row.made)
        return row

    def judge(self, made: Made) -> dict[str, tuple[bool, str]]:
        suffix = {"pdf": "pdf", "asic-e": "asice"}.get(made.format, "p7s")
        path = self.world.work / f"judged-{next(self._numbers)}.{suffix}"
        path.write_bytes(made.data)
        pyhanko, openssl = self._pyhanko[made.trust], self._openssl[made.trust]
        if made.format == "pdf":
            asked = {
                "pyhanko": lambda: pyhanko.judge(made.data, made.level, made.signatures),
                "pdfsig": lambda: pdfsig(path, self._home, made.signatures),
                "openssl cms": lambda: openssl.judge_signatures(made.data, made.signatures),
                "openssl ts": lambda: openssl.judge_tokens(made.data, made.level),
                "antin": lambda: self.world.verify(path, made),
                "economy": lambda: economy(made.data, made.level, made.ours),
            }
        else:
            asked = self._cms(made, path, pyhanko, openssl)
        verdicts = {}
        for judge, ask in asked.items():
            try:
                verdicts[judge] = (True, ask())
            except Rejected as rejected:
                verdicts[judge] = (False, str(rejected))
            except Exception as error:
                verdicts[judge] = (False, short(f"{type(error).__name__}: {error}"))
        return verdicts

    def _cms(self, made: Made, path: Path, pyhanko: PyHanko, openssl: OpenSsl):
        from level_cades import asic

        content_path = None
        if made.format == "cades-detached":
            content_path = path.with_suffix(".content")
            content_path.write_bytes(made.content)
        message, content = made.data, made.content if made.format == "cades-detached" else None
        words, stamped = [], []
        if made.format == "asic-e":
            try:
                opened = asic(made.data, made.level)
            except Rejected as rejected:
                return {"economy": lambda: self._raise(rejected)}
            message, content, words, stamped = opened.message, opened.manifest, opened.words, opened.archive
        return {
            "pyhanko": lambda: pyhanko.judge_cms(message, content, made.level),
            "openssl cms": lambda: self._message(openssl, message, content),
            "openssl ts": lambda: self._tokens(openssl, made, message, content, stamped),
            "antin": lambda: self.world.verify(path, made, content_path),
            "economy": lambda: "; ".join(words) or "–",
        }

    @staticmethod
    def _raise(rejected: Rejected) -> str:
        raise rejected

    @staticmethod
    def _tokens(openssl: OpenSsl, made: Made, message: bytes, content: bytes | None, stamped) -> str:
        from level_cades import archive_tokens

        for token, data in stamped:
            openssl.token(token, data)
        words = [openssl.judge_message_tokens(message, made.level), *archive_tokens(made, message, content, openssl)]
        return "; ".join(words + ([f"{len(stamped)} over the container"] if stamped else []))

    @staticmethod
    def _message(openssl: OpenSsl, message: bytes, content: bytes | None) -> str:
        openssl.cms(message, content)
        return "verified, -cades"

    def control(self, rows: list[Row]) -> list[str]:
        """Judges that still accept a file in which one signed byte was flipped; one PDF of each level."""
        fooled = []
        for level in ("B-B", "B-T", "B-LT", "B-LTA"):
            row = next((r for r in rows if r.made and r.made.format == "pdf" and r.made.level == level and not r.expected), None)
            if row is None or row.surprising():
                continue
            forged = bytearray(row.made.data)
            # Within the original page content: the structure stays whole.
            forged[len(self.world.original) // 2] ^= 0x01
            made = Made(bytes(forged), level, trust=row.made.trust, signatures=row.made.signatures)
            for judge, (accepted, words) in self.judge(made).items():
                # A signature time-stamp covers the signature's value, not the file.
                if accepted and judge not in ("economy", "openssl ts"):
                    fooled.append(f"{judge} at {level}: {words}")
        return fooled
