#!/usr/bin/env python3
"""Re-derives a published transparency log as a stranger would.

Written from the public documents only: RFC 6962 section 2.1 (tree), RFC 9162 sections 2.1.3 and 2.1.4
(checking proofs), and the C2SP documents tlog-tiles, signed-note, tlog-checkpoint, tlog-cosignature and
tlog-proof. It shares no code with the program that writes the log.

  rederive_log.py --url http://127.0.0.1:8080/log/ --vkey 'name+hash+key'
  rederive_log.py --dir ./log --vkey-file vkey --proof result.tlog-proof --leaf-index 3 --old yesterday

What it does: reads the checkpoint and checks its signature; reads every entry bundle, hashes every entry;
builds every tile of every level from those hashes and compares it byte for byte with the published one;
compares the root with the signed one. With --proof it checks a proof file against the entry and the tree;
with --old it checks that an earlier checkpoint is the same tree, shorter; with --kql1 the form of each
entry. With --dir it also looks at files that the checkpoint does not imply.

Exit code: 0 everything holds, 1 something does not (each finding is a line), 2 could not look.
Needs Python 3.8 and the package "cryptography".
"""

import argparse
import base64
import binascii
import gzip
import hashlib
import json
import os
import struct
import sys
import urllib.error
import urllib.request

WIDTH = 256
EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_NOTE_BYTES = 1 << 20
MAX_FILE_BYTES = WIDTH * (2 + 65535)


class CouldNotLook(Exception):
    """The log cannot be read, or the command line makes no sense."""


class Bad(Exception):
    """Something published does not hold."""


# --- RFC 6962 2.1 ----------------------------------------------------------------------------------------


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def largest_power_of_two_below(n):
    return 1 << ((n - 1).bit_length() - 1)


def tree_hash(leaves, start=0, end=None):
    """MTH(D[start:end]), by its definition but without deep recursion on full subtrees."""
    end = len(leaves) if end is None else end
    if start == end:
        return EMPTY_ROOT
    if end - start == 1:
        return leaves[start]
    if (end - start) & (end - start - 1) == 0:
        level = leaves[start:end]
        while len(level) > 1:
            level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        return level[0]
    k = largest_power_of_two_below(end - start)
    return node_hash(tree_hash(leaves, start, start + k), tree_hash(leaves, start + k, end))


def consistency_proof(leaves, old, new):
    """RFC 6962 2.1.2, PROOF(m, D[n])."""

    def subproof(m, start, end, complete):
        if m == end - start:
            return [] if complete else [tree_hash(leaves, start, end)]
        k = largest_power_of_two_below(end - start)
        if m <= k:
            return subproof(m, start, start + k, complete) + [tree_hash(leaves, start + k, end)]
        return subproof(m - k, start + k, end, False) + [tree_hash(leaves, start, start + k)]

    return subproof(old, 0, new, True)


def inclusion_holds(index, size, leaf, path, root):
    """RFC 9162 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    return sn == 0 and r == root


def consistency_holds(first, second, first_root, second_root, path):
    """RFC 9162 2.1.4.2."""
    if first == 0 or first > second:
        return False
    if first == second:
        return not path and first_root == second_root
    if not path:
        return False
    if first & (first - 1) == 0:
        path = [first_root] + path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = node_hash(c, fr)
            sr = node_hash(c, sr)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            sr = node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    return sn == 0 and fr == first_root and sr == second_root


# --- C2SP signed-note, tlog-checkpoint, tlog-cosignature ---------------------------------------------------


def strict_base64(text):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError, UnicodeEncodeError):
        raise Bad("not base64: %r" % text[:60])
    if base64.b64encode(data).decode("ascii") != text:
        raise Bad("base64 with loose trailing bits: %r" % text[:60])
    return data


def plain_number(text):
    """A decimal number of 64 bits without sign or leading zeros; None for anything else."""
    if not 0 < len(text) <= 20 or not text.isascii() or not text.isdigit() or str(int(text)) != text:
        return None
    return int(text) if int(text) < 1 << 64 else None


def is_name(name):
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


class Key:
    """A verifier key: name "+" hex(id) "+" base64(type || key)."""

    def __init__(self, vkey):
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3 or not is_name(parts[0]):
            raise CouldNotLook("not a verifier key: %r" % vkey)
        self.name = parts[0]
        try:
            typed = strict_base64(parts[2])
        except Bad as e:
            raise CouldNotLook("verifier key of %s: %s" % (self.name, e))
        self.id = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]
        if self.id.hex() != parts[1]:
            raise CouldNotLook("verifier key of %s: its id is %s" % (self.name, self.id.hex()))
        self.type, self.public = typed[0], typed[1:]
        if self.type not in (0x01, 0x04) or len(self.public) != 32:
            raise CouldNotLook("verifier key of %s: only Ed25519 keys are read here" % self.name)

    def verifies(self, message, signature):
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            raise CouldNotLook('the Python package "cryptography" is needed')
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
            return True
        except (InvalidSignature, ValueError):
            return False


class Checkpoint:
    """A checkpoint whose signatures by the given keys were checked."""

    def __init__(self, raw, log_key, witness_keys):
        self.raw = raw
        try:
            note = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Bad("the checkpoint is not UTF-8")
        if any(ord(c) < 0x20 and c != "\n" for c in note):
            raise Bad("the checkpoint holds a control character")
        at = note.rfind("\n\n")
        if at < 0 or not note.endswith("\n"):
            raise Bad("the checkpoint is not a signed note")
        text, lines = note[: at + 1], note[at + 2 : -1].split("\n")
        self.cosigned = self.check_signatures(text, lines, log_key, witness_keys)
        body = text[:-1].split("\n")
        if len(body) < 3 or not all(body):
            raise Bad("the checkpoint has not the lines origin, size, root")
        self.origin = body[0]
        if self.origin != log_key.name:
            raise Bad("the checkpoint is of another log: %s" % self.origin)
        self.size = plain_number(body[1])
        if self.size is None:
            raise Bad("the tree size is not a plain decimal number")
        self.root = strict_base64(body[2])
        if len(self.root) != 32:
            raise Bad("the root is not 32 bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise Bad("the tree is empty but its root is not that of an empty tree")

    @staticmethod
    def check_signatures(text, lines, log_key, witness_keys):
        by_log, cosigned = False, []
        for line in lines:
            parts = line.split(" ")
            if len(parts) != 3 or parts[0] != "\u2014" or not is_name(parts[1]):
                raise Bad("malformed signature line: %r" % line[:80])
            blob = strict_base64(parts[2])
            if len(blob) < 5:
                raise Bad("signature too short: %r" % line[:80])
            for key in [log_key] + witness_keys:
                if (key.name, key.id) != (parts[1], blob[:4]):
                    continue
                if key.type == 0x01:
                    if not key.verifies(text.encode(), blob[4:]):
                        raise Bad("the signature of %s is wrong" % key.name)
                    by_log = by_log or key is log_key
                else:
                    # tlog-cosignature: u64 time, then the signature over header, time and text.
                    time = struct.unpack(">Q", blob[4:12])[0] if len(blob) == 76 else 1 << 63
                    message = "cosignature/v1\ntime %d\n%s" % (time, text)
                    if time >= 1 << 63 or not key.verifies(message.encode(), blob[12:]):
                        raise Bad("the cosignature of %s is wrong" % key.name)
                    cosigned.append((key.name, time))
        if not by_log:
            raise Bad("no signature by %s (%s)" % (log_key.name, log_key.id.hex()))
        return cosigned


# --- C2SP tlog-tiles ---------------------------------------------------------------------------------------


def index_path(index):
    groups = ["%03d" % (index % 1000)]
    while index >= 1000:
        index //= 1000
        groups.append("x%03d" % (index % 1000))
    return "/".join(reversed(groups))


def file_path(kind, index, width):
    partial = "" if width == WIDTH else ".p/%d" % width
    return "tile/%s/%s%s" % (kind, index_path(index), partial)


def parse_path(path):
    """(kind, index, width) of a tile or bundle; None for anything else."""
    parts = path.split("/")
    if len(parts) < 3 or parts[0] != "tile":
        return None
    kind, rest, width = parts[1], "/".join(parts[2:]), WIDTH
    if ".p/" in rest:
        rest, _, number = rest.partition(".p/")
        width = plain_number(number)
        if not width or width >= WIDTH:
            return None
    digits = rest.replace("x", "").replace("/", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 21:
        return None
    # Only the one spelling of a path is a path.
    parsed = (kind, int(digits), width)
    if kind != "entries" and (plain_number(kind) is None or int(kind) > 63):
        return None
    return parsed if file_path(*parsed) == path else None


class Folder:
    def __init__(self, root):
        self.root = root
        if not os.path.isdir(root):
            raise CouldNotLook("no such folder: %s" % root)

    def read(self, path, limit):
        try:
            with open(os.path.join(self.root, *path.split("/")), "rb") as f:
                return f.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as e:
            raise CouldNotLook("%s: %s" % (path, e))

    def paths(self):
        for folder, _, names in os.walk(os.path.join(self.root, "tile")):
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root).replace(os.sep, "/")


class Site:
    def __init__(self, url):
        self.url = url if url.endswith("/") else url + "/"

    def read(self, path, limit):
        headers = {"Accept-Encoding": "gzip, identity", "User-Agent": "rederive-log/1"}
        try:
            request = urllib.request.Request(self.url + path, headers=headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                data = answer.read(limit + 1)
                if answer.headers.get("Content-Encoding", "identity").lower() == "gzip":
                    data = gzip.decompress(data)
                return data
        except urllib.error.HTTPError as e:
            if e.code in (404, 410):
                return None
            raise CouldNotLook("%s: HTTP %d" % (path, e.code))
        except (OSError, EOFError, ValueError) as e:
            raise CouldNotLook("%s: %s" % (path, e))

    def paths(self):
        return iter(())


def split_bundle(data):
    """All entries of a bundle; None where it does not end with an entry."""
    entries, at = [], 0
    while at < len(data):
        if at + 2 > len(data):
            return None
        (length,) = struct.unpack_from(">H", data, at)
        at += 2
        if at + length > len(data):
            return None
        entries.append(data[at : at + length])
        at += length
    return entries


class Audit:
    def __init__(self, source):
        self.source = source
        self.findings = []
        self.leaves = []
        self.entries = {}
        self.tiles_read = 0
        self.bundles_read = 0
        self.others = 0
        # The bytes that each file must begin with: (kind, index) -> longest known content.
        self.derived = {}

    def find(self, kind, detail):
        self.findings.append({"kind": kind, "detail": detail})

    def fetch(self, kind, index, width):
        """The file, or its full successor. tlog-tiles "Partial Tiles"."""
        path = file_path(kind, index, width)
        data = self.source.read(path, MAX_FILE_BYTES)
        if data is None and width < WIDTH:
            full = file_path(kind, index, WIDTH)
            data = self.source.read(full, MAX_FILE_BYTES)
            if data is not None:
                return full, WIDTH, data
        if data is None:
            self.find("missing", path)
        return path, width, data

    def read_entries(self, size, keep):
        for index in range((size + WIDTH - 1) // WIDTH):
            width = min(WIDTH, size - index * WIDTH)
            path, held, data = self.fetch("entries", index, width)
            entries = None if data is None else split_bundle(data)
            if data is not None and (entries is None or len(entries) != held):
                self.find("bundle_damaged", path)
            if entries is None or len(entries) < width:
                raise Bad("the entries of bundle %d cannot be read" % index)
            self.bundles_read += 1
            content = b""
            for offset, entry in enumerate(entries[:width]):
                self.leaves.append(leaf_hash(entry))
                content += struct.pack(">H", len(entry)) + entry
                keep(index * WIDTH + offset, entry)
            self.derived["entries", index] = content

    def compare_tiles(self):
        """Builds each level from the one below; the level above holds the roots of full tiles only."""
        hashes, level = self.leaves, 0
        while hashes:
            above = []
            for index in range((len(hashes) + WIDTH - 1) // WIDTH):
                part = hashes[index * WIDTH : (index + 1) * WIDTH]
                path, held, data = self.fetch(str(level), index, len(part))
                expected = b"".join(part)
                self.derived[str(level), index] = expected
                if data is not None:
                    self.tiles_read += 1
                    if len(data) != 32 * held:
                        self.find("tile_length", "%s: %d bytes" % (path, len(data)))
                    elif data[: len(expected)] != expected:
                        wrong = [i for i in range(len(part)) if data[32 * i : 32 * i + 32] != part[i]]
                        self.find("tile_differs", "%s: hash %d and %d more" % (path, wrong[0], len(wrong) - 1))
                if len(part) == WIDTH:
                    above.append(tree_hash(part))
            hashes, level = above, level + 1

    def compare_others(self, size):
        """Files that this checkpoint does not imply: older partial ones, or ones of a later tree."""
        for path in self.source.paths():
            parsed = parse_path(path)
            if parsed is None:
                self.find("unknown_file", path)
                continue
            kind, index, width = parsed
            known = self.derived.get((kind, index))
            if known is None:
                self.others += 1
                continue
            data = self.source.read(path, MAX_FILE_BYTES)
            common = min(len(known), len(data))
            whole = split_bundle(data) if kind == "entries" else [None] * (len(data) // 32)
            if kind != "entries" and len(data) % 32:
                whole = None
            if whole is None or len(whole) != width or data[:common] != known[:common]:
                detail = "%s is not a part of the tree of size %d" % (path, size)
                if not any(f["detail"].startswith(path) for f in self.findings):
                    self.find("file_differs", detail)


# --- the leaf form KQL1 ------------------------------------------------------------------------------------


def kql1_problem(index, entry, last_bucket):
    """(problem or None, bucket)."""
    if len(entry) != 128 or entry[:4] != b"KQL1":
        return "not a KQL1 leaf", last_bucket
    kind, flags, suite, bucket, target = struct.unpack(">BBHQQ", entry[4:24])
    has_target = target != (1 << 64) - 1
    aux, aux_size = entry[88:120], struct.unpack(">Q", entry[120:])[0]
    if not 1 <= kind <= 12:
        return "unknown kind %d" % kind, last_bucket
    if flags not in (0, 1) or suite != 1 or (flags == 1) != has_target:
        return "flags, suite or target", last_bucket
    if has_target and target >= index:
        return "target %d is not earlier" % target, last_bucket
    if bucket < last_bucket:
        return "its time is before that of the leaf before it", last_bucket
    if (kind not in (6, 9, 11) and any(aux)) or (kind not in (9, 11) and aux_size):
        return "aux is not zero", bucket
    return None, bucket


# --- C2SP tlog-proof ---------------------------------------------------------------------------------------


def read_proof(raw):
    try:
        head, _, note = raw.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise Bad("the proof is not UTF-8")
    lines = head.split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Bad("the proof has another header")
    extra = strict_base64(lines.pop(0)[len("extra ") :]) if lines and lines[0].startswith("extra ") else None
    word, _, number = lines.pop(0).partition(" ") if lines else ("", "", "")
    if word != "index" or plain_number(number) is None:
        raise Bad("the proof has no index line")
    path = [strict_base64(line) for line in lines]
    if any(len(h) != 32 for h in path):
        raise Bad("a hash of the proof is not 32 bytes")
    return int(number), path, extra, note.encode()


def read_file(path):
    try:
        with open(path, "rb") as f:
            return f.read(MAX_NOTE_BYTES * 4)
    except OSError as e:
        raise CouldNotLook(str(e))


def check_proof(audit, raw, wanted, log_key, witness_keys, size):
    index, path, _, note = read_proof(raw)
    if wanted is not None and index != wanted:
        raise Bad("the proof is about leaf %d, not %d" % (index, wanted))
    checkpoint = Checkpoint(note, log_key, witness_keys)
    if checkpoint.size > size:
        raise Bad("the proof's checkpoint (size %d) is newer than the log's" % checkpoint.size)
    if index >= checkpoint.size:
        raise Bad("leaf %d is not in the proof's tree of size %d" % (index, checkpoint.size))
    if not inclusion_holds(index, checkpoint.size, audit.leaves[index], path, checkpoint.root):
        raise Bad("the inclusion proof of leaf %d does not hold" % index)
    check_older(audit, checkpoint, "the proof's checkpoint")
    return index


def check_older(audit, old, what):
    """The signed older tree must be the beginning of this one."""
    if old.size > len(audit.leaves):
        raise Bad("%s (size %d) is newer than the log's" % (what, old.size))
    if tree_hash(audit.leaves, 0, old.size) != old.root:
        raise Bad("%s (size %d) is of a different tree: both notes together prove it" % (what, old.size))
    if old.size > 0:
        new = len(audit.leaves)
        path = consistency_proof(audit.leaves, old.size, new)
        if not consistency_holds(old.size, new, old.root, tree_hash(audit.leaves), path):
            raise Bad("the consistency proof from %d to %d does not hold" % (old.size, new))


def run(options):
    if (options.url is None) == (options.dir is None):
        raise CouldNotLook("give either --url or --dir")
    if options.leaf_index is not None and not options.proof:
        raise CouldNotLook("--leaf-index needs --proof")
    if (options.vkey is None) == (options.vkey_file is None):
        raise CouldNotLook("give either --vkey or --vkey-file")
    vkey = options.vkey or read_file(options.vkey_file).decode("utf-8", "replace")
    log_key = Key(vkey)
    if log_key.type != 0x01:
        raise CouldNotLook("the log's key must be of type Ed25519")
    witness_keys = [Key(k) for k in options.witness]
    source = Folder(options.dir) if options.dir else Site(options.url)
    audit = Audit(source)
    done = {"origin": log_key.name, "size": None, "root": None}
    try:
        raw = source.read("checkpoint", MAX_NOTE_BYTES)
        if raw is None:
            raise CouldNotLook("there is no checkpoint")
        checkpoint = Checkpoint(raw, log_key, witness_keys)
        done.update(size=checkpoint.size, root=checkpoint.root.hex(), cosigned=checkpoint.cosigned)
        state = {"bucket": 0}

        def keep(index, entry):
            if options.kql1:
                problem, state["bucket"] = kql1_problem(index, entry, state["bucket"])
                if problem:
                    audit.find("leaf_form", "leaf %d: %s" % (index, problem))

        audit.read_entries(checkpoint.size, keep)
        audit.compare_tiles()
        audit.compare_others(checkpoint.size)
        if tree_hash(audit.leaves) != checkpoint.root:
            audit.find("root_differs", "the entries lead to %s" % tree_hash(audit.leaves).hex())
        checks = [("proof_fails", p, check_proof_of(options, log_key, witness_keys, checkpoint)) for p in options.proof]
        checks += [("inconsistent", o, check_old_of(log_key, witness_keys)) for o in options.old]
        for kind, path, check in checks:
            try:
                check(audit, read_file(path))
            except Bad as e:
                audit.find(kind, "%s: %s" % (path, e))
    except Bad as e:
        audit.find("refused", str(e))
    done.update(bundles=audit.bundles_read, tiles=audit.tiles_read, later_files=audit.others)
    done.update(proofs=len(options.proof), older=len(options.old), findings=audit.findings)
    return done


def check_proof_of(options, log_key, witness_keys, checkpoint):
    return lambda audit, raw: check_proof(audit, raw, options.leaf_index, log_key, witness_keys, checkpoint.size)


def check_old_of(log_key, witness_keys):
    return lambda audit, raw: check_older(audit, Checkpoint(raw, log_key, witness_keys), "the older checkpoint")


def main():
    parser = argparse.ArgumentParser(description="Re-derive a published tile log and check it.")
    parser.add_argument("--url", help="address of the log: the folder that holds checkpoint and tile/")
    parser.add_argument("--dir", help="the same as a folder on disk")
    parser.add_argument("--vkey", help="the log's verifier key")
    parser.add_argument("--vkey-file", help="a file that holds it")
    parser.add_argument("--witness", action="append", default=[], help="a witness's verifier key; may be repeated")
    parser.add_argument("--proof", action="append", default=[], help="a .tlog-proof file; may be repeated")
    parser.add_argument("--leaf-index", type=int, help="the leaf that the proof must be about")
    parser.add_argument("--old", action="append", default=[], help="an earlier checkpoint; may be repeated")
    parser.add_argument("--kql1", action="store_true", help="check that each entry is a KQL1 leaf")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    options = parser.parse_args()
    try:
        done = run(options)
    except CouldNotLook as e:
        print("could not look: %s" % e, file=sys.stderr)
        return 2
    findings = done["findings"]
    if options.json:
        print(json.dumps(done))
        return 1 if findings else 0
    for finding in findings:
        print("%s: %s" % (finding["kind"], finding["detail"]))
    print(
        "%s %s size=%s root=%s bundles=%d tiles=%d proofs=%d older=%d findings=%d"
        % (
            "DIFFERS" if findings else "HOLDS",
            done["origin"],
            done["size"],
            done["root"],
            done["bundles"],
            done["tiles"],
            done["proofs"],
            done["older"],
            len(findings),
        )
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
