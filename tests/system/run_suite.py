#!/usr/bin/env python3
"""Runs the suite of system-level cases on `lgx bare` and compares it with what Bochs printed.

bochs.txt.xz is the output of Bochs 2.7 for the same image (its own CPU model, 128 MiB). With
--bochs that emulator runs now, where it is installed; with --record its output becomes the
recorded one. Where lgx is meant to differ, DIFFERENCES says why.

Exit code: 0 all as expected, 1 some lines differ, 2 could not run.
"""
import argparse
import importlib.machinery
import importlib.util
import lzma
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORDED = HERE / "bochs.txt.xz"
FIRST = "load es cpl:0 type:0 p:0"
LAST = "end"
SHOWN = 20  # differing lines

# (start of the line, number of the word, Bochs, lgx, why)
DIFFERENCES = [
    ("task cs ring:3 ", 88, "0a.0040", "0a.00a0",
     "CS whose DPL does not fit its RPL and SS that does not fit CPL: the manual's table of "
     "conditions checked in a task switch has the DPL of the code first"),
]


class CannotRun(Exception):
    """The message says what is missing."""


def lines_of(text):
    """Without what an emulator prints before and after."""
    start, end = text.find(FIRST), text.find("\n" + LAST + "\n")
    if start < 0 or end < 0:
        raise CannotRun("the suite did not run to its end; the output ends with %r" % text[-200:])
    return text[start:end].split("\n")


def run_lgx(args):
    with tempfile.TemporaryDirectory() as folder:
        text = os.path.join(folder, "text")
        command = shlex.split(args.lgx) + [
            "bare", args.image, "-m", "128M", "--cpu", "max", "--debugcon", text]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, check=False)
        if result.returncode != 33:
            raise CannotRun("%s: exit code %d: %s" % (
                shlex.join(command), result.returncode, result.stderr[-500:]))
        return lines_of(pathlib.Path(text).read_text(encoding="ascii"))


def run_bochs(args):
    program = shutil.which("bochs")
    if program is None:
        raise CannotRun("Bochs is not installed (Debian: apt-get install bochs bochs-x bochsbios "
                        "vgabios)")
    path = str(HERE.parent.parent / "bench/compare")
    loader = importlib.machinery.SourceFileLoader("compare", path)
    compare = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(compare)
    bochs = compare.Bochs(program, args.boot, 'rfb, options="timeout=0"')
    with tempfile.TemporaryDirectory() as folder:
        try:
            bochs.run(args.image, min(os.sched_getaffinity(0)), folder)
        except compare.Failure as failure:
            raise CannotRun("Bochs: %s" % failure) from failure
        # Port 0xE9 goes to its standard output.
        output = pathlib.Path(folder, "output.txt").read_bytes()
        return lines_of(output.decode("ascii", "replace"))


def expected(bochs):
    """What lgx should print where Bochs prints these lines."""
    for start, word, theirs, ours, _ in DIFFERENCES:
        for i, line in enumerate(bochs):
            words = line.split(" ")
            if line.startswith(start) and len(words) > word and words[word] == theirs:
                words[word] = ours
                bochs[i] = " ".join(words)
    return bochs


def differing(line, other):
    """The words that differ, by their number."""
    a, b = line.split(" "), other.split(" ")
    words = ["%d: %s, not %s" % (i, x, y) for i, (x, y) in enumerate(zip(a, b)) if x != y]
    if len(a) != len(b):
        words.append("%d words, not %d" % (len(a), len(b)))
    return " ".join(a[:5]) + " ...  " + "; ".join(words[:8])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lgx", default="build/lgx")
    parser.add_argument("--image", default="build/tests/system/suite.img")
    parser.add_argument("--boot", default="build/tests/system/boot.bin")
    parser.add_argument("--bochs", action="store_true", help="run Bochs now")
    parser.add_argument("--record", action="store_true", help="and keep its output")
    args = parser.parse_args()
    try:
        if args.bochs or args.record:
            bochs = run_bochs(args)
        else:
            bochs = lzma.decompress(RECORDED.read_bytes()).decode("ascii").split("\n")
        if args.record:
            RECORDED.write_bytes(lzma.compress("\n".join(bochs).encode("ascii"),
                                               preset=9 | lzma.PRESET_EXTREME))
        ours = run_lgx(args)
    except (CannotRun, OSError) as problem:
        print("run_suite: %s" % problem)
        return 2
    wanted = expected(bochs)
    bad = [(a, b) for a, b in zip(ours, wanted) if a != b]
    for a, b in bad[:SHOWN]:
        print(differing(a, b))
    if len(ours) != len(wanted):
        print("%d lines, not %d" % (len(ours), len(wanted)))
    print("%d of %d lines as expected" % (len(ours) - len(bad), len(wanted)))
    return 0 if not bad and len(ours) == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
