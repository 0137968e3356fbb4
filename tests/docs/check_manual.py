"""The manual and the manual page name every command, option, value and counter of the program.

usage: check_manual.py SOURCE_DIR LGX...

LGX is the command that runs the program. Prints what is missing; exit code 1 if anything is.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

# `a` `b.N` in the first cell of a table's row.
ROW = re.compile(r"^\| ((?:`[^`]+`[ ,]*)+) *\|", re.M)
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")
COMMAND = re.compile(r"^  ([a-z][a-z-]*)  +\S", re.M)


def run(program, *arguments):
    return subprocess.run([*program, *arguments], stdin=subprocess.DEVNULL, check=True,
                          capture_output=True, text=True).stdout


def pattern_of(name):
    """`hypercall.NAME.count` as a regular expression."""
    parts = (r"[A-Z_]+" if part == "NAME" else r"\d+" if part == "N" else re.escape(part)
             for part in re.split(r"(NAME|\bN\b|(?<=_)N\b)", name))
    return re.compile("".join(parts))


def documented_counters(manual):
    section = manual.split("\n## 6. ")[1].split("\n## ")[0]
    names = [name for row in ROW.findall(section) for name in re.findall(r"`([^`]+)`", row)]
    return [pattern_of(name) for name in names]


def counters_of(program):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "stats.json"
        run(program, "run", "-q", "-a", "demo", "--rng", "--stats", str(file))
        return [name for name in json.loads(file.read_text()) if name != "version"]


def missing_things(manual, page, program):
    overview = run(program, "help")
    for command in COMMAND.findall(overview.split("Commands:")[1]):
        if f"lgx {command}" not in manual:
            yield f"the manual does not show the command {command}"
        if command.replace("-", "\\-") not in page:
            yield f"lgx.1 does not show the command {command}"
        for option in sorted(set(OPTION.findall(run(program, "help", command)))):
            if not re.search(rf"--{option}\b", manual):
                yield f"the manual does not name --{option} of {command}"
            if not re.search(rf"\\-\\-{option.replace('-', '.?-')}\b", page):
                yield f"lgx.1 does not name --{option} of {command}"
    for path in re.findall(r"^(\S+) = ", run(program, "check", "--print"), re.M):
        if f"`{path}`" not in manual:
            yield f"the manual does not explain the value {path}"
    patterns = documented_counters(manual)
    for name in counters_of(program):
        if not any(p.fullmatch(name) for p in patterns):
            yield f"the manual does not explain the counter {name}"


def main(root, program):
    manual = (root / "docs" / "manual.md").read_text(encoding="utf-8")
    page = (root / "docs" / "lgx.1").read_text(encoding="utf-8")
    missing = list(missing_things(manual, page, program))
    for line in missing:
        print(line)
    print(f"{len(missing)} things are missing")
    return 1 if missing else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]))
