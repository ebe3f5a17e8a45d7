#!/usr/bin/env python3
"""The table of levels: every level x kind of key x algorithm that Antin signs at, and what other programs say of it.

    level_table.py ANTIN ORIGINAL.pdf [--demo DIR] [--table FILE] [--summary FILE] [--only TEXT] [--jobs N]
    level_table.py --self-check ORIGINAL.pdf

ANTIN         the program (release build)
--demo DIR    folder of a running `antin demo`: its seals and its own authorities take part as well
--self-check  only shows that the judging works: pyHanko signs at each level, every judge must accept that level, refuse
              the levels above it, and refuse a file of which a byte was flipped

Judges: pyHanko's AdES validation at the level, pdfsig (poppler, NSS), `openssl cms -verify -cades`, `openssl ts -verify`,
and `antin verify`. The last column says whether evidence is stored once and /Contents is filled.

The keys' certificates, OCSP, CRLs and time-stamps come from an authority in this process (served_authority.py) that is
no work of Antin's, the remote keys from csc_service.py, the tokens from SoftHSM 2.

Prints one Markdown table and a line of JSON. Exit 1 at any surprise: a rejection that is no listed exception, a listed
exception that was accepted after all, a file that was not made, a judge that is fooled. 2: a judge is missing.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from level_control import self_check
from level_rows import Panel, Row
from level_world import World, versions

HEADINGS = ("File", "pyHanko", "pdfsig", "openssl cms", "openssl ts", "antin verify", "Economy")


def table(rows: list[Row], exceptions: dict[str, str]) -> str:
    out = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    group = None
    for row in rows:
        if row.group != group:
            group = row.group
            out.append(f"| **{group}** |" + " |" * (len(HEADINGS) - 1))
        out.append(f"| {row.name} | " + " | ".join(row.cells()) + " |")
    if exceptions:
        out.append("")
        out.append("Expected exceptions:")
        out.append("")
        out.extend(f"* {number}: {reason}" for reason, number in exceptions.items())
    return "\n".join(out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("antin", type=Path, nargs="?")
    parser.add_argument("original", type=Path)
    parser.add_argument("--demo", type=Path)
    parser.add_argument("--table", type=Path, help="also write the table here")
    parser.add_argument("--summary", type=Path, help="also write the JSON summary here")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="rows whose group or name contain it")
    parser.add_argument("--self-check", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="leave the files here")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)

    needed = ["pdfsig", "openssl"] + ([] if options.self_check else ["softhsm2-util"])
    missing = [tool for tool in needed if shutil.which(tool) is None]
    if missing:
        print(f"level_table: not installed: {', '.join(missing)}", file=sys.stderr)
        return 2
    original = options.original.read_bytes()
    with tempfile.TemporaryDirectory(prefix="antin-levels-") as scratch:
        work = options.keep or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        if options.self_check:
            return self_check(original, work)
        if options.antin is None:
            parser.error("the path of the antin program is missing")
        begin = time.monotonic()
        with World(options.antin, original, work, options.demo) as world, ThreadPoolExecutor(options.jobs) as pool:
            from level_matrix import plan

            panel = Panel(world)
            wanted = [
                task
                for task in plan(world)
                if not options.only or any(text in f"{task.group}: {task.name}" for text in options.only)
            ]
            rows = list(pool.map(panel.row, wanted))
            fooled = panel.control(rows)
        took = time.monotonic() - begin

    surprises = [f"{row.group}: {row.name}" for row in rows if row.surprising()]
    text = table(rows, Row.exceptions)
    summary = {
        "files": len(rows),
        "accepted_by": {judge: sum(row.accepted(judge) for row in rows) for judge in Row.judges},
        "exceptions": {judge: sum(row.excepted(judge) for row in rows) for judge in Row.judges},
        "rejected": surprises,
        "control": fooled,
        "seconds": round(took, 1),
        "versions": versions(),
    }
    print(text)
    print()
    print(json.dumps(summary, ensure_ascii=False))
    if options.table:
        options.table.write_text(text + "\n", encoding="utf-8")
    if options.summary:
        options.summary.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if surprises or fooled or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
