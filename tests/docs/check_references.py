"""Holds every link between documents and every mention of one in the source to what is there.

usage: check_references.py SOURCE_DIR

Checks that relative links in Markdown files lead to a file, and that a citation ("host-07 section
4", "guest-03 A1.1", "user-interface section 5") names a document of docs/spec and a heading in it.
Prints one line per violation, then a summary; exit code 1 if there was one.
"""

import pathlib
import re
import sys

SOURCE_FOLDERS = ("src", "include", "tests", "guests", "bench", "scripts", "cmake", "configs")
DOCUMENT_FOLDERS = ("docs", "tests", "guests", "bench")

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (?:Part )?([A-C]?\d+(?:\.\d+)*|[A-C])\b", re.M)
# Text that goes on behind a line break and a comment sign.
WRAP = re.compile(r"\s*\n\s*(?://+|#|\*)?\s*")

NUMBER = r"[A-C]?\d+(?:\.\d+)*"
DOCUMENT = r"(host-\d\d|guest-\d\d|user-interface|performance-design|ground-truth)"
CITATION = re.compile(
    rf"\b{DOCUMENT}(?:\.md|`)*(?:,? (?:sections?|§§?) ?({NUMBER}(?:(?:,| and| to) ?{NUMBER})*)"
    rf"|,? §§?({NUMBER})|,? ([A-C]\d+(?:\.\d+)*))?")


def text_of(file):
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def files_of(root, folders):
    for folder in folders:
        if (root / folder).is_dir():
            yield from sorted(f for f in (root / folder).rglob("*") if f.is_file())


def documents(root):
    yield from sorted(root.glob("*.md"))
    yield from (f for f in files_of(root, DOCUMENT_FOLDERS) if f.suffix == ".md")


def read_specification(root):
    """Name ("host-07") to the set of its headings' numbers."""
    result = {}
    for file in (root / "docs" / "spec").glob("*.md"):
        name = file.stem
        short = re.match(r"(host|guest)-\d\d", name)
        result[short.group(0) if short else name] = set(HEADING.findall(text_of(file)))
    return result


def check_links(root, file):
    for number, line in enumerate(text_of(file).splitlines(), 1):
        for target in LINK.findall(line):
            path = target.split("#")[0]
            if "://" in target or not path:
                continue
            if not (file.parent / path).exists():
                yield f"{file.relative_to(root)}:{number}: the link {target} leads nowhere"


def check_citations(root, file, specification):
    text = WRAP.sub(" ", text_of(file))
    where = file.relative_to(root)
    for found in CITATION.finditer(text):
        name = found.group(1)
        if name not in specification:
            yield f"{where}: \"{found.group(0)}\", but docs/spec has no {name}"
            continue
        cited = found.group(2) or found.group(3) or found.group(4) or ""
        for number in re.findall(NUMBER, cited):
            if number not in specification[name]:
                yield f"{where}: \"{found.group(0)}\", but {name} has no section {number}"


def main(root):
    specification = read_specification(root)
    violations, count = [], 0
    for file in documents(root):
        count += 1
        violations += check_links(root, file)
    own = pathlib.Path(__file__).resolve().parent
    sources = [f for f in files_of(root, SOURCE_FOLDERS) if own not in f.resolve().parents]
    for file in sources + list(documents(root)):
        violations += check_citations(root, file, specification)
    for violation in dict.fromkeys(violations):
        print(violation)
    print(f"{count} documents, {len(sources)} other files, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
