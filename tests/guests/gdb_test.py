"""Debian's gdb at the built-in guest. Without a gdb on this machine the tests say so."""
import os
import re
import shutil
import subprocess
import sys
import unittest

import program
from program import PROGRAM, ProgramTest, run

GDB = shutil.which("gdb")
KERNEL = os.path.join(program.GUESTS, "guest.elf")


def hash_in(text):
    return re.search(r"hash ([0-9a-f]{16})", text).group(1)


@unittest.skipIf(GDB is None, "no gdb on this machine")
class Gdb(ProgramTest):
    def setUp(self):
        super().setUp()
        self.plain = run("run", "-a", "demo", "--pae", "off")
        self.assertEqual(self.plain.code, 0, self.plain.err)

    def start(self, *words):
        """The program, waiting for gdb at a socket of its own."""
        self.socket = self.path("gdb.sock")
        process = subprocess.Popen(
            PROGRAM + ["gdb", "-a", "demo", "--pae", "off", "--gdb", self.socket, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.line = process.stderr.readline().decode()
        self.assertIn("target remote " + self.socket, self.line)
        return process

    def gdb(self, *commands):
        """What gdb answers to these commands."""
        words = [GDB, "-nx", "-batch", "-ex", "set confirm off", "-ex", "set pagination off",
                 "-ex", "target remote " + self.socket]
        for command in commands:
            words += ["-ex", command]
        result = subprocess.run(words + [KERNEL], stdin=subprocess.DEVNULL, text=True,
                                capture_output=True, timeout=program.PATIENCE, check=False)
        return result.stdout + result.stderr

    def finish(self, process):
        """The guest runs on without gdb, and ends as it does without."""
        out = process.stdout.read()
        err = process.stderr.read().decode()
        self.assertEqual(process.wait(program.PATIENCE), 0, err)
        self.assertEqual(out, self.plain.out)
        self.assertEqual(hash_in(err), hash_in(self.plain.err))

    def test_breakpoints_steps_and_names(self):
        process = self.start()
        said = self.gdb("break HandleSyscall", "continue", "backtrace", "info threads",
                        "stepi", "stepi", "nexti", "info registers eip cs cr0 cpl",
                        "x/2i $eip", "delete", "detach")
        self.assertRegex(said, r"Breakpoint 1, .*HandleSyscall")
        self.assertRegex(said, r"#0 .*HandleSyscall")
        self.assertIn("Guest kernel", said)
        self.assertRegex(said, r"cs +0x61 ")
        self.assertRegex(said, r"cpl +0x1 ")
        self.assertRegex(said, r"=> 0x[0-9a-f]+ <HandleSyscall\+")
        self.finish(process)

    def test_many_stops_leave_no_trace(self):
        process = self.start()
        said = self.gdb("break HandleSyscall", "ignore 1 20", "hbreak HandleTrap",
                        "continue", "continue", "continue", "watch *(int*)($esp - 4)",
                        "continue", "continue", "delete", "stepi 200", "detach")
        self.assertNotIn("Cannot", said)
        self.assertIn("atchpoint", said)
        self.finish(process)

    def test_monitor_commands(self):
        process = self.start()
        said = self.gdb("break HandleSyscall", "continue", "monitor help", "monitor regs",
                        "monitor pages 0xc0100000", "monitor info gdt", "monitor info idt",
                        "monitor where", "monitor stats", "monitor hash", "monitor fly",
                        "monitor space gpa", "x/1xw 0x100000", "monitor space lin",
                        "delete", "detach")
        for word in ("space lin|gpa|mpa", "eflags", "shadow", "limit 0x", "Guest kernel",
                     "crossing.count", 'no command "fly"', "addresses are gpa"):
            self.assertIn(word, said)
        self.finish(process)

    def test_kill_ends_the_run(self):
        process = self.start()
        self.gdb("stepi", "kill")
        self.assertEqual(process.wait(program.PATIENCE), 0)
        self.assertIn("killed from gdb", process.stderr.read().decode())

    def test_gdb_sees_the_guest_end(self):
        process = self.start()
        said = self.gdb("continue")
        self.assertRegex(said, r"exited (normally|with code)")
        self.finish(process)

    def test_what_gdb_writes_changes_the_run(self):
        process = self.start()
        said = self.gdb("break HandleSyscall", "continue", "print/x $eax = 0x1234",
                        "print/x $eax", "print/x *(int*)($esp - 64) = 0x55aa", "print/x $cs = 0x60",
                        "delete", "detach")
        self.assertIn("0x1234", said)
        self.assertIn("0x55aa", said)
        self.assertIn("Could not write register", said)
        process.stdout.read()
        process.wait(program.PATIENCE)

    def test_the_kernel_can_be_written_out(self):
        file = self.path("kernel.elf")
        result = run("run", "-a", "demo", "--pae", "off", "--write-kernel", file)
        self.assertEqual(result.code, 0, result.err)
        with open(file, "rb") as written, open(KERNEL, "rb") as kernel:
            self.assertEqual(written.read(), kernel.read())

    def test_bad_places_are_refused(self):
        for where in ("x", "70000", "host:", ":1", "/nonexistent/gdb.sock", ""):
            result = run("run", "--gdb", where)
            self.assertNotEqual(result.code, 0)
            self.assertIn("lgx: ", result.err)


class Points(ProgramTest):
    def test_a_run_goes_to_any_point(self):
        for point in ("symbol:HandleSyscall", "symbol:HandleSyscall#10", "crossing:500",
                      'console:"lgx"', "hypercall:SET_PTE#12", "stop:paging.040",
                      "stop:crossing.020#3"):
            result = run("run", "-a", "demo", "--until", point)
            self.assertEqual(result.code, 0, point + result.err)
            self.assertIn("point of --until", result.err)
            again = run("run", "-a", "demo", "--until", point)
            self.assertEqual(hash_in(again.err), hash_in(result.err), point)

    def test_points_that_do_not_exist_are_refused(self):
        for point in ("symbol:nowhere", "stop:paging.999", "hypercall:FLY"):
            result = run("run", "-a", "demo", "--until", point)
            self.assertEqual(result.code, 2, result.err)
            self.assertIn("--until", result.err)


if __name__ == "__main__":
    if GDB is None:
        print("no gdb on this machine: those tests are skipped")
    sys.argv[0] = "gdb_test.py"
    unittest.main()
