"""Runs that have given up their rights: all they were asked for still works. And what --sandbox
and --dump-on-crash do as a person sees them."""
import os
import shutil
import struct

import program
from program import PROMPT, ProgramTest, Session, run

USAGE, KILLED = 2, 3


def can_close():
    """Does --sandbox on work here? An emulator in front may not know the calls."""
    return run("run", "-a", "do uptime", "--sandbox", "on", "-q").code == 0


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


class Sandbox(ProgramTest):
    def setUp(self):
        super().setUp()
        if not can_close():
            self.skipTest("this host system has no Landlock or no seccomp")

    def closed(self, *words):
        """Is the process closed while its guest waits at the prompt?"""
        with Session("run", *words) as session:
            session.wait_for(PROMPT)
            status = status_of(session.process.pid)
            session.type(b"halt\n")
            self.assertEqual(session.end(), 0, session.err)
        return status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"

    def test_it_is_on_by_itself_and_can_be_switched_off(self):
        self.assertTrue(self.closed("-a", "sh"))
        self.assertTrue(self.closed("-a", "sh", "--sandbox", "on"))
        self.assertFalse(self.closed("-a", "sh", "--sandbox", "off"))

    def test_everything_that_was_asked_for_appears(self):
        for name in ("a", "b", "c"):
            os.mkdir(self.path(name))
        with open(self.path("a/s.json"), "wb") as file:
            file.write(b"an older one")
        shutil.copy(self.guest(), self.path("kernel"))
        result = run("run", self.path("kernel"), "-a", "demo", "--sandbox", "on",
                     "--stats", self.path("a/s.json"), "--report", self.path("a/r.html"),
                     "--profile", self.path("b/p.html"), "--json-result", self.path("b/j.json"),
                     "--trace", f"crossing={self.path('c/t.jsonl')}",
                     "--snapshot-at", f"insn:1000000={self.path('c/one')}",
                     "--record", self.path("log"), "--rng")
        self.assertEqual(result.code, 0, result.err)
        for name in ("a/r.html", "b/p.html", "b/j.json", "c/t.jsonl", "c/one", "log"):
            self.assertGreater(os.path.getsize(self.path(name)), 0, name)
        self.assertIn("cpu.instructions", self.json("a/s.json"))
        self.assertEqual(run("replay", self.path("log"), "-q").code, 0)

    def test_two_guests(self):
        result = run("run", "-a", "demo", "-n", "virtual=x", "--sandbox", "on", "--stats",
                     self.path("one"), "--and", "-a", "demo", "-n", "virtual=x",
                     "--stats", self.path("two"))
        self.assertEqual(result.code, 0, result.err)
        self.assertTrue(os.path.exists(self.path("one")) and os.path.exists(self.path("two")))

    def test_with_gdb_it_is_refused(self):
        result = run("run", "--gdb", self.path("socket"), "--sandbox", "on")
        self.assertEqual(result.code, USAGE)
        self.assertIn("debugger", result.err)


class Core(ProgramTest):
    def test_a_guest_that_dies_leaves_a_core(self):
        kernel = self.guest_bytes()
        entry = struct.unpack_from("<I", kernel, 24)[0]
        table, count = struct.unpack_from("<I", kernel, 28)[0], kernel[44]
        for i in range(count):
            kind, at, _, physical, size = struct.unpack_from("<5I", kernel, table + 32 * i)
            if kind == 1 and physical <= entry < physical + size:
                kernel[at + entry - physical:at + entry - physical + 2] = b"\x0f\x0b"  # ud2
        path = self.write("kernel", bytes(kernel))
        result = run("run", path, "--dump-on-crash", self.path("core"))
        self.assertEqual(result.code, KILLED, result.err)
        with open(self.path("core"), "rb") as file:
            core = file.read()
        self.assertEqual(core[:4], b"\x7fELF")
        self.assertEqual(struct.unpack_from("<HH", core, 16), (4, 3))
        self.assertGreaterEqual(len(core), 64 << 20)
        # Once more: one core takes the place of another.
        self.assertEqual(run("run", path, "--dump-on-crash", self.path("core")).code, KILLED)
        # And a run that ends well leaves none.
        self.assertEqual(run("run", "-a", "do uptime", "--dump-on-crash", self.path("none")).code, 0)
        self.assertFalse(os.path.exists(self.path("none")))


if __name__ == "__main__":
    program.main()
