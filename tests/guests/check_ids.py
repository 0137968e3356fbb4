#!/usr/bin/env python3
"""Every numbered check of the documents, and every quirk, has a test that names it.

A C++ test names T02-2 as TEST(Suite, T02_2_Words), a Python test as test_T02_2_words; quirk 7 is
Q7 in such a name. Checks of what is not built yet are listed here with what they wait for, and
have to leave the list when their test comes.
"""
import pathlib
import re
import sys

# How many checks each document ends with.
DOCUMENTS = {
    "T01": 9, "T02": 13, "T03": 17, "T04": 17, "T05": 18, "T06": 12, "T07": 22, "T08": 19,
    "G01": 15, "G02": 15, "G03": 14,
}
QUIRKS = 25

NOT_YET = {
    "snapshots": ["G03_12"],
    "gdb server": ["G03_14"],
}

CPP_TEST = re.compile(
    r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*\w+,\s*(\w+)", re.MULTILINE)
PYTHON_TEST = re.compile(r"^ +def test_(\w+)", re.MULTILINE)
NUMBER = re.compile(r"(?<![A-Za-z0-9])([TG]0\d_\d+|Q\d+)(?![A-Za-z0-9])")


def test_names(root):
    for path in sorted((root / "tests").rglob("*")):
        pattern = {".cc": CPP_TEST, ".h": CPP_TEST, ".py": PYTHON_TEST}.get(path.suffix)
        if pattern and path.is_file():
            yield from pattern.findall(path.read_text(encoding="utf-8"))


def required():
    for document, count in DOCUMENTS.items():
        yield from (f"{document}_{number}" for number in range(1, count + 1))
    yield from (f"Q{number}" for number in range(1, QUIRKS + 1))


def problems(root):
    covered = {number.replace("__", "_")
               for name in test_names(root) for number in NUMBER.findall(name)}
    waiting = {number for numbers in NOT_YET.values() for number in numbers}
    for number in required():
        shown = number.replace("_", "-")
        if number in waiting and number in covered:
            yield f"{shown} has a test now: take it from the list in {__file__}"
        if number not in waiting and number not in covered:
            yield f"{shown} has no test"
    for number in sorted(covered - set(required())):
        # The documents of later issues.
        if re.match(r"[TG]0[1-3]|T0|Q", number):
            yield f"{number.replace('_', '-')} is named by a test, but no document has it"


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    for problem in found:
        print(problem)
    print(f"{len(list(required()))} checks and quirks, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
