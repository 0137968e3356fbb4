#!/usr/bin/env python3
"""Keeps of many instruction vectors the few that show something new, for the recorded corpus.

    thin_vectors.py FILE.jsonl FIRST >> corpus.jsonl

FILE holds vectors that every processor agrees on (`run_vectors.py ... --record`); FIRST is the
number that the first one kept gets. Something new is, for one instruction with a register or with
memory:
    an exception, or that it completes
    a set of floating-point exceptions that it raises, with each rounding, DAZ and FTZ
    a rounding control, or a precision control, of an x87 instruction that rounds
"""
import json
import sys

PRECISION, DENORMAL, UNDERFLOW = 0x20, 0x02, 0x10
DAZ, FTZ = 0x40, 0x8000


def mxcsr_features(vector):
    before, after = vector["fp"]["mx"], vector["FP"]["mx"]
    raised = after & ~before & 0x3F
    yield "raised", raised
    if raised & PRECISION:
        yield "rounding", before >> 13 & 3
    if raised & UNDERFLOW:
        yield "flushed", before & FTZ
    if before & DAZ:
        yield "denormals are zeros", raised & DENORMAL


def x87_features(vector):
    before, after = vector["fp"], vector["FP"]
    raised = after["sw"] & ~before["sw"] & 0x7F
    yield "raised", raised, before["cw"] & raised == raised
    if raised & PRECISION:
        yield "rounding", before["cw"] >> 10 & 3
        yield "precision", before["cw"] >> 8 & 3


def features(vector):
    mnemonic = vector["a"].split()[0]
    what = (vector["c"], mnemonic, vector["b"][:4] if mnemonic == "(bad)" else "", "[" in vector["a"])
    yield (*what, "exception", vector["x"][0])
    if "FP" not in vector:
        return
    of_unit = x87_features if vector["c"].startswith("x87") else mxcsr_features
    for feature in of_unit(vector):
        yield (vector["c"], mnemonic, *feature)


def thin(vectors):
    """Those that show several new things are taken first, so that few are enough."""
    shown = [set(features(vector)) for vector in vectors]
    seen, kept = set(), []
    for least in (5, 4, 3, 2, 1):
        for i, what in enumerate(shown):
            if len(what - seen) >= least:
                seen |= what
                kept.append(i)
    return [vectors[i] for i in sorted(kept)]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="ascii") as lines:
        vectors = thin([json.loads(line) for line in lines])
    for number, vector in enumerate(vectors, int(sys.argv[2])):
        vector["n"] = number
        print(json.dumps(vector, separators=(",", ":")))


if __name__ == "__main__":
    main()
