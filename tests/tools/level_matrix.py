"""The rows of `level_table.py`, in the order in which they are printed."""

from __future__ import annotations

from collections.abc import Iterator

from level_judges import LEVELS
from level_makers import PyHankoMaker
from level_rows import Made, Task
from level_world import ALGORITHMS, KINDS, Algorithm, World

NSS = "poppler's NSS backend and OpenSSL 3.0's `cms` know no Ed25519; Antin offers it, but not for what citizens get"

RSA = Algorithm("rsa3072", "pss", "sha256")
P256 = Algorithm("p256", None, "sha256")
P384 = Algorithm("p384", None, "sha384")


def exceptions(algorithm: Algorithm) -> dict[str, str]:
    if algorithm.key != "ed25519":
        return {}
    return {"pdfsig": NSS, "openssl cms": NSS}


def plan(world: World) -> Iterator[Task]:
    yield from matrix(world)
    if world.demo:
        yield from demo(world)
    yield from theirs_extended(world)
    yield from ours_extended(world)
    yield from two_signatures(world)
    yield from cades(world)


def matrix(world: World) -> Iterator[Task]:
    for algorithm in ALGORITHMS:
        for kind in KINDS:
            if not world.supports(algorithm, kind):
                continue
            code = world.codes[algorithm, kind]
            for level in LEVELS:

                def make(code=code, level=level):
                    return Made(world.sign(world.original, code, level), level, ours=2 if level == "B-LTA" else 1)

                yield Task(f"antin sign, {algorithm.words}", f"{kind}, {level}", make, exceptions(algorithm))


def demo(world: World) -> Iterator[Task]:
    for office in world.demo_facts["offices"]:
        for level in LEVELS:

            def make(code=office["code"], level=level):
                data = world.sign(world.original, code, level, "demo")
                return Made(data, level, trust="demo", ours=2 if level == "B-LTA" else 1)

            yield Task("antin sign --dir, seals and authorities of the demo", f"{office['code']}, {level}", make)


def theirs_extended(world: World) -> Iterator[Task]:
    maker = PyHankoMaker(world.authority)
    for key, pss, digest in (("p256", False, "sha256"), ("rsa3072", True, "sha512")):
        for begin in ("B-B", "B-T", "B-LT", "B-LTA"):
            for level in ("B-T", "B-LT", "B-LTA"):
                if LEVELS.index(level) < LEVELS.index(begin) or (begin == level != "B-LTA"):
                    continue

                def make(key=key, pss=pss, digest=digest, begin=begin, level=level):
                    theirs = maker.sign(world.original, world.holders[key], begin, pss, digest)
                    ours = world.extend(theirs, level)
                    if not ours.startswith(theirs):
                        raise RuntimeError("earlier bytes were changed")
                    return Made(ours, level, ours=1 if level == "B-LTA" else 0)

                name = f"{key}{' PSS' if pss else ''}, {begin} to {level}" + (" (renewed)" if begin == level else "")
                yield Task("signed by pyHanko, antin extend", name, make)


def ours_extended(world: World) -> Iterator[Task]:
    maker = PyHankoMaker(world.authority)

    def evidence(data: bytes) -> bytes:
        return maker.add_evidence(data)

    def archive(data: bytes) -> bytes:
        return maker.add_document_timestamp(data)

    ways = (
        ("B-T", "B-LT", (evidence,), "evidence added"),
        ("B-T", "B-LTA", (evidence, archive), "evidence and document time-stamp added"),
        ("B-LT", "B-LTA", (archive,), "document time-stamp added"),
        ("B-LTA", "B-LTA", (maker.renew,), "renewed"),
    )
    for algorithm in (RSA, P256, P384):
        for begin, level, steps, words in ways:

            def make(algorithm=algorithm, begin=begin, level=level, steps=steps):
                data = world.sign(world.original, world.codes[algorithm, "pem"], begin)
                for step in steps:
                    data = step(data)
                return Made(data, level)

            yield Task("antin sign, extended by pyHanko", f"{algorithm.words}, {begin} to {level}: {words}", make)
    for begin, level in (("B-B", "B-T"), ("B-B", "B-LTA"), ("B-T", "B-LT"), ("B-LT", "B-LTA"), ("B-LTA", "B-LTA")):

        def make(begin=begin, level=level):
            data = world.sign(world.original, world.codes[P256, "pem"], begin)
            return Made(world.extend(data, level), level, ours=1 if level == "B-LTA" else 0)

        yield Task("antin sign, antin extend", f"P-256, {begin} to {level}", make)

    def back_and_forth():
        data = world.sign(world.original, world.codes[P256, "pem"], "B-LTA")
        data = world.extend(maker.renew(world.extend(data, "B-LTA")), "B-LTA")
        return Made(data, "B-LTA", ours=1)

    yield Task("antin sign, antin extend", "P-256, B-LTA renewed by Antin, by pyHanko and by Antin again", back_and_forth)


def two_signatures(world: World) -> Iterator[Task]:
    maker = PyHankoMaker(world.authority)
    person, agency = world.codes[P256, "pkcs11"], world.codes[RSA, "pem"]
    group = "two signatures, person then agency"

    def ours(level: str):
        first = world.sign(world.original, person, "B-T")
        both = world.sign(first, agency, level)
        if not both.startswith(first):
            raise RuntimeError("earlier bytes were changed")
        return Made(both, level, signatures=2, ours=1)

    def mixed(level: str):
        first = maker.sign(world.original, world.person, "B-T", False, "sha256", field="Person")
        return Made(world.sign(first, agency, level), level, signatures=2, ours=1)

    def later():
        first = world.sign(world.original, person, "B-B")
        both = world.sign(first, agency, "B-T")
        return Made(world.extend(world.extend(both, "B-LT"), "B-LTA"), "B-LTA", signatures=2, ours=1)

    def theirs_later():
        both = world.sign(world.sign(world.original, person, "B-T"), agency, "B-T")
        return Made(maker.add_document_timestamp(maker.add_evidence(both)), "B-LTA", signatures=2)

    for level in ("B-T", "B-LT", "B-LTA"):
        yield Task(group, f"both by Antin, {level}", lambda level=level: ours(level))
    for level in ("B-T", "B-LTA"):
        yield Task(group, f"person with pyHanko, agency with Antin, {level}", lambda level=level: mixed(level))
    def stamped(level: str):
        signature, seal = world.picture("signature", (20, 50, 160)), world.picture("seal", (200, 20, 30))
        first = world.sign(
            world.original, person, "B-T", "own", "pades",
            "--stamp", "person@rect:110,200,40,20", "--picture", signature,
        )  # fmt: skip
        both = world.sign(
            first, agency, level, "own", "pades",
            "--stamp", "agency,over-text@rect:90,195,75,45", "--picture", seal,
        )  # fmt: skip
        return Made(both, level, signatures=2, ours=1)

    for level in ("B-T", "B-LTA"):
        yield Task(group, f"both by Antin, both visible, {level}", lambda level=level: stamped(level))
    yield Task(group, "both by Antin (the first B-B), then antin extend to B-LT, then to B-LTA", later)
    yield Task(group, "both by Antin, extended to B-LTA by pyHanko", theirs_later)


def cades(world: World) -> Iterator[Task]:
    content = "Hồ sơ scan, không phải PDF\n".encode() * 2_000
    for algorithm in (RSA, P256, P384):
        for form in ("cades", "cades-detached", "asic-e"):
            for level in LEVELS:

                def make(algorithm=algorithm, form=form, level=level):
                    code = world.codes[algorithm, "pem"]
                    if form == "asic-e":
                        files = []
                        for number in range(3):
                            file = world.work / f"dossier-{algorithm.key}-{level}-{number}.txt"
                            file.write_bytes(content + str(number).encode())
                            files.append(file)
                        return Made(world.sign_files(files, code, level), level, form)
                    return Made(world.sign(content, code, level, "own", form), level, form, content=content)

                words = {"cades": "CAdES enveloping", "cades-detached": "CAdES detached", "asic-e": "ASiC-E, 3 files"}[form]
                yield Task(f"antin sign --format {form}", f"{words}, {algorithm.words}, {level}", make)
