"""Holds every file of src/ against the layer order and the rules of the core.

usage: check_layering.py SOURCE_DIR LAYERS_FILE

LAYERS_FILE is written by CMake from the lgx_module() declarations, one line per module in
layer order: "NAME: modules it may use | of those, only these headers". Prints one line per
violation, then a summary; exit code 1 if there was one.
"""

import pathlib
import re
import sys

CORE = {"base", "mmu", "cpu", "switcher", "hypercalls", "devices"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
COMMENT = re.compile(r"//.*$")

# Threads, signals and clocks of the host: tools/ and backend_* only.
HOST_RUNTIME = re.compile(
    r"<(chrono|thread|mutex|shared_mutex|condition_variable|future|semaphore|stop_token"
    r"|csignal|signal\.h|pthread\.h|ctime|time\.h|sys/time\.h)>"
    r"|\bstd::(chrono|thread|jthread|mutex|async|signal)\b"
    r"|\b(sigaction|clock_gettime|gettimeofday)\s*\(")

# What else would let the host leak into the core. Files of base/ for one operating system
# (_posix, _windows) may use system headers.
HOST_STATE = re.compile(
    r"<(random|locale|clocale)>|\bstd::(random_device|rand|locale|getenv)\b"
    r"|\b(setlocale|getenv|secure_getenv|getrandom|mmap)\s*\(")
SYSTEM_HEADER = re.compile(r"<(sys/|unistd\.h|fcntl\.h|windows\.h|termios\.h|poll\.h)")


def read_layers(path):
    layers = {}
    for line in pathlib.Path(path).read_text().splitlines():
        name, rest = line.split(":")
        may_use, only = rest.split("|")
        layers[name] = (set(may_use.split()), set(only.split()))
    return layers


def may_include_zydis(path):
    module, name = path.parts[0], path.name
    return (module == "debug" or (module == "cpu" and name.startswith("decode")) or
            (module == "switcher" and name.startswith(("text", "assembler"))))


def check_include(source, path, bracket, target, layers):
    """The complaint about one #include, or None."""
    module = path.parts[0]
    if target.startswith("Zydis/") or target.startswith("Zycore/"):
        if not may_include_zydis(path):
            return f"includes {target}; only the decoder, the assembler and debug/ may"
    if target.startswith("nlohmann/") and module in CORE:
        return f"includes {target}; nothing in the core knows JSON"
    if bracket == "<":
        return None
    used = target.split("/")[0]
    if used == "guests" and module not in ("api", "tools"):
        return f"includes {target}; only tools/ and api/ know the built-in guest"
    if used not in layers:
        return None  # another library, in quotes
    if not (source / "src" / target).exists():
        return f"includes {target}, which does not exist"
    may_use, only = layers[module]
    if used == module:
        return None
    if used not in may_use:
        return f"includes {target}, but {module} may only use: {' '.join(sorted(may_use))}"
    if any(header.startswith(used + "/") for header in only) and target not in only:
        return f"includes {target}, but of {used} only: {' '.join(sorted(only))}"
    return None


def check_line(path, code):
    """The complaints about one line of code without its comment."""
    module = path.parts[0]
    if module == "tools" or path.name.startswith("backend_"):
        return
    found = HOST_RUNTIME.search(code)
    if found:
        yield f"uses {found.group(0)}; only tools/ and backend_* know threads, signals, clocks"
    if module not in CORE:
        return
    found = HOST_STATE.search(code)
    if found:
        yield f"uses {found.group(0)}; nothing of the host may enter the core"
    of_one_system = path.stem.endswith(("_posix", "_windows"))
    found = SYSTEM_HEADER.search(code)
    if found and not (module == "base" and of_one_system):
        yield f"uses {found.group(0)}; only base/*_posix.cc and backend_* talk to the system"


NAMESPACE = re.compile(r"^(?:inline )?namespace([\w: ]*)\{")
TYPE = re.compile(r"^(?:class|struct|union|enum(?: class)?) (\w+)(?: final)?(?: :[^:].*)?\s*\{"
                  r"|^using (\w+) =")


def named_types(text):
    """The types that `text` defines in namespaces with a name, as (line number, full name)."""
    spaces = []
    for number, line in enumerate(text.splitlines(), 1):
        opened = NAMESPACE.match(line)
        if opened:
            spaces.append(opened.group(1).strip())
        elif line.startswith("}  // namespace"):
            spaces.pop()
        elif "" not in spaces:
            found = TYPE.match(line)
            if found:
                yield number, "::".join([*spaces, found.group(1) or found.group(2)])


def check_one_definition(source, files):
    """Types that two files define under one name: nobody else says so, and the linker takes one
    function of the two."""
    seen = {}
    for path in files:
        for number, name in named_types((source / "src" / path).read_text()):
            first = seen.setdefault(name, path)
            if first != path:
                yield path, number, f"defines {name}, which src/{first} defines as well"


def expected_guard(path):
    return "LGX_" + re.sub(r"[^A-Z0-9]", "_", str(path).upper()) + "_"


def check_file(source, path, layers):
    """All complaints about src/PATH as (line number, text)."""
    text = (source / "src" / path).read_text()
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if include:
            complaint = check_include(source, path, *include.groups(), layers)
            if complaint:
                yield number, complaint
        for complaint in check_line(path, COMMENT.sub("", line)):
            yield number, complaint
    if path.suffix == ".h" and f"#ifndef {expected_guard(path)}\n" not in text:
        yield 1, f"has no include guard {expected_guard(path)}"


def main(source_dir, layers_file):
    source = pathlib.Path(source_dir)
    layers = read_layers(layers_file)
    files = sorted(p.relative_to(source / "src") for p in (source / "src").glob("*/**/*")
                   if p.suffix in (".h", ".cc"))
    complaints = 0
    for path in files:
        if path.parts[0] not in layers:
            print(f"src/{path}:1: {path.parts[0]} is no declared module")
            complaints += 1
            continue
        for number, complaint in check_file(source, path, layers):
            print(f"src/{path}:{number}: {complaint}")
            complaints += 1
    for path, number, complaint in check_one_definition(source, files):
        print(f"src/{path}:{number}: {complaint}")
        complaints += 1
    print(f"layering: {len(files)} files, {complaints} violations")
    return 1 if complaints else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
