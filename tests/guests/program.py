"""Starts the program and talks to it, for the tests of this folder.

LGX_PROGRAM is its path, perhaps with an emulator in front; LGX_GUESTS is the folder with the
built-in guest's images; LGX_KERNELS, if set, is a folder with real kernels.
"""
import json
import os
import resource
import select
import shlex
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = shlex.split(os.environ.get("LGX_PROGRAM", "lgx"))
GUESTS = os.environ.get("LGX_GUESTS", "guests")
# Defaults of whoever runs the tests are not theirs.
os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
for _name in ("LGX_CONFIG_PATH", "LGX_LOG"):
    os.environ.pop(_name, None)
# Nor do the logs of these runs belong among theirs.
_state = tempfile.TemporaryDirectory()
os.environ["LGX_STATE_DIR"] = _state.name
PROMPT = b"lgx$ "
PATIENCE = 60  # seconds for anything on a busy machine


def source(*parts):
    """A file of the source."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", *parts)


class Result:
    """How one run ended."""

    def __init__(self, code, out, err, cpu_seconds):
        self.code = code
        self.out = out
        self.err = err.decode("utf-8", "replace")
        self.cpu_seconds = cpu_seconds


def run(*words, stdin=b"", stdout=None, timeout=PATIENCE, program=None):
    """Runs the program to its end. `stdin` is bytes for a pipe, or an open file."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    piped = isinstance(stdin, bytes)
    process = subprocess.Popen(
        (program or PROGRAM) + [str(word) for word in words],
        stdin=subprocess.PIPE if piped else stdin,
        stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(stdin if piped else None, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Result(process.returncode, out or b"", err, used)


class Session:
    """A run that is talked to: type, wait for an answer, type on."""

    def __init__(self, *words, terminal=None):
        self.seen = b""
        ends = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if terminal is not None:
            ends = dict(stdin=terminal.program_end, stdout=terminal.program_end)
        self.process = subprocess.Popen(
            PROGRAM + [str(word) for word in words], stderr=subprocess.PIPE, **ends)
        self.to = terminal.our_end if terminal else self.process.stdin.fileno()
        self.out = terminal.our_end if terminal else self.process.stdout.fileno()

    def type(self, data):
        while data:
            data = data[os.write(self.to, data):]

    def wait_for(self, what, count=1):
        """Reads until `what` was seen `count` times in all."""
        end = time.monotonic() + PATIENCE
        while self.seen.count(what) < count:
            left = end - time.monotonic()
            ready, _, _ = select.select([self.out], [], [], max(left, 0))
            if not ready:
                raise AssertionError(f"{what!r} did not come; so far: {self.seen!r}")
            if not self._read():
                raise AssertionError(f"{what!r} did not come before the end: {self.seen!r}")

    def _read(self):
        try:
            more = os.read(self.out, 65536)
        except OSError:  # the other end of a terminal has gone
            more = b""
        self.seen += more
        return len(more)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """Waits for the end; returns the exit code as the shell would show it."""
        if self.process.stdin:
            self.process.stdin.close()
        while True:
            ready, _, _ = select.select([self.out], [], [], 0.05)
            if ready and self._read():
                continue
            if self.process.poll() is not None:
                break
            if ready:
                self.process.wait(PATIENCE)
        self.err = self.process.stderr.read().decode("utf-8", "replace")
        self.process.stderr.close()
        if self.process.stdout:
            self.process.stdout.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream and not stream.closed:
                stream.close()


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lgx-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def json(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def guest(self, pae=False):
        """The built-in guest's image, as a file."""
        return os.path.join(GUESTS, "guest_pae.elf" if pae else "guest.elf")

    def guest_bytes(self, pae=False):
        with open(self.guest(pae), "rb") as file:
            return bytearray(file.read())


def offset_of_symbol(elf, name):
    """Where in an i386 ELF file the code of a function is."""
    def word(at, size=4):
        return int.from_bytes(elf[at:at + size], "little")

    headers, count = word(32), word(48, 2)
    for section in range(headers, headers + 40 * count, 40):
        if word(section + 4) != 2:  # a symbol table
            continue
        names = word(headers + 40 * word(section + 24) + 16)
        start = word(section + 16)
        for symbol in range(start, start + word(section + 20), 16):
            at = names + word(symbol)
            if elf[at:elf.index(0, at)] == name.encode():
                return _offset_of_address(elf, word, word(symbol + 4))
    raise AssertionError(f"no symbol {name}")


def _offset_of_address(elf, word, address):
    for header in range(word(28), word(28) + 32 * word(44, 2), 32):
        if word(header) == 1 and 0 <= address - word(header + 8) < word(header + 16):
            return word(header + 4) + address - word(header + 8)
    raise AssertionError(f"no segment holds 0x{address:x}")


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main()
