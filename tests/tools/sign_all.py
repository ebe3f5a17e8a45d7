#!/usr/bin/env python3
"""Sends every PDF of a directory through a running Antin, as a clerk's program would, and keeps what comes back.

    sign_all.py DEMO.json ORIGINALS OUT_DIR [--first N]

DEMO.json is what `antin demo` writes. The files go to the offices in turn, so that every office's key signs. Writes the
signed files below OUT_DIR and OUT_DIR/results.json, the input of oracles.py:

    {name: {"signed": path, "office", "id", "level"} | {"refused": code, "status", "detail", "remedy"}}

Exit 1 where an answer is neither a signed result nor a refusal with a code, or where the stored file is not the one that
the receipt speaks of. Talks only to the address in DEMO.json, which must be on this machine.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import http.client
import ipaddress
import json
import secrets
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

TRIES = 4


class Server:
    def __init__(self, base_url: str):
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise SystemExit(f"sign_all: {base_url} is not on this machine")
        self.host, self.port, self.prefix = host, parts.port or 80, parts.path.rstrip("/")

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None):
        """(status, headers, body). A server that is busy (429, 503) is asked again after the time that it names."""
        for attempt in range(TRIES):
            connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
            try:
                connection.request(method, self.prefix + path, body=body, headers=headers)
                response = connection.getresponse()
                answer = response.status, response.headers, response.read()
            finally:
                connection.close()
            if answer[0] not in (429, 503) or attempt == TRIES - 1:
                return answer
            time.sleep(min(float(answer[1].get("Retry-After") or 1), 10.0))
        raise AssertionError("unreachable")


def multipart(record: dict, pdf: bytes, file_name: str) -> tuple[str, bytes]:
    """RFC 7578."""
    boundary = "antin-" + secrets.token_hex(16)
    ascii_name = file_name.encode("ascii", "replace").decode().replace('"', "_")
    body = b"".join(
        [
            f"--{boundary}\r\n".encode(),
            b'Content-Disposition: form-data; name="record"\r\nContent-Type: application/json\r\n\r\n',
            json.dumps(record, ensure_ascii=False).encode(),
            f"\r\n--{boundary}\r\n".encode(),
            f'Content-Disposition: form-data; name="file"; filename="{ascii_name}"\r\n'.encode(),
            b"Content-Type: application/pdf\r\n\r\n",
            pdf,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
    )
    return f"multipart/form-data; boundary={boundary}", body


def record_of(number: int, office: str, title: str, today: dt.date) -> dict:
    return {
        "dossier_code": f"{office}-{today:%y%m%d}-{number:04d}",
        "procedure_code": "1.004194",
        "result_kind": "KQ.G15.000031",
        "title": f"Kết quả thử nghiệm: {title}"[:200],
        "number": f"{number}/QĐ-UBND",
        "issued_on": today.isoformat(),
        "owner": {"name": "Nguyễn Văn Thử", "personal_id": "022190000000"},
        "validity": {"unlimited": True},
        "origin": "born_digital",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path)
    parser.add_argument("originals", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, default=1, help="number of the first dossier of the day")
    options = parser.parse_args()

    demo = json.loads(options.demo.read_text(encoding="utf-8"))
    server = Server(demo["base_url"])
    clerks = [clerk for clerk in demo["clerks"] if clerk["role"] == "clerk"] or demo["clerks"]
    # The day in Vietnam, which is what the dossier code and the issuing date speak of.
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=7))).date()
    results, broken = {}, []
    originals = sorted(options.originals.rglob("*.pdf"))
    for number, path in enumerate(originals, start=options.first):
        name = str(path.relative_to(options.originals))
        clerk = clerks[number % len(clerks)]
        content_type, body = multipart(
            record_of(number, clerk["office"], path.stem, today), path.read_bytes(), path.name
        )
        authorization = {"Authorization": f"Bearer {clerk['api_key']}", "Accept-Language": "en"}
        status, headers, answer = server.ask(
            "POST",
            "/api/v1/results",
            authorization | {"Content-Type": content_type, "Idempotency-Key": f'"{secrets.token_hex(16)}"'},
            body,
        )
        media_type = headers.get_content_type()
        if status == 201:
            receipt = json.loads(answer)
            status, _, signed = server.ask("GET", f"/api/v1/results/{receipt['id']}/file", authorization)
            if status != 200 or hashlib.sha256(signed).hexdigest() != receipt["sha256"]:
                broken.append(f"{name}: the file of {receipt['id']} came back with {status} or another hash")
                continue
            target = options.out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(signed)
            results[name] = {"signed": name, "office": clerk["office"], "id": receipt["id"], "level": receipt["level"]}
        elif 400 <= status < 500 and media_type == "application/problem+json":
            problem = json.loads(answer)
            code = problem.get("code") or problem.get("type", "?").rsplit("/", 1)[-1]
            # Only the file may be the reason: a record or a request that is refused is this script's fault or the server's.
            if status not in (413, 415, 422) or code.startswith(("record_", "idempotency_", "multipart_")):
                broken.append(f"{name}: {status} {code}: {problem.get('detail', '')}")
                continue
            results[name] = {
                "refused": code,
                "status": status,
                "detail": problem.get("detail", ""),
                "remedy": problem.get("remedy", ""),
            }
        else:
            broken.append(f"{name}: {status} {media_type}: {answer[:200]!r}")

    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(
        json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    signed_count = sum("signed" in r for r in results.values())
    print(f"{len(originals)} sent: {signed_count} signed, {len(results) - signed_count} refused, {len(broken)} broken")
    for line in broken:
        print(f"broken: {line}", file=sys.stderr)
    return 1 if broken or not signed_count else 0


if __name__ == "__main__":
    sys.exit(main())
