"""Debian's gdb at the built-in guest. Without a gdb on this machine the tests say so."""
import os
import re
import shutil
import socket
import subprocess
import sys
import unittest

import program
from program import PROGRAM, ProgramTest, run
from real_kernels_test import LONG, KernelTest, each, version

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
                        "monitor inspect pages 0xc0100000", "monitor info gdt", "monitor info idt",
                        "monitor where", "monitor stats", "monitor hash", "monitor fly",
                        "monitor space gpa", "x/1xw 0x100000", "monitor space lin",
                        "delete", "detach")
        for word in ("space lin|gpa|mpa", "eflags", "shadow", "limit 0x", "Guest kernel",
                     "crossing.count", 'unknown command "fly"', "addresses are gpa"):
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


def packet(text):
    return b"$%s#%02x" % (text, sum(text) & 0xff)


class Protocol(ProgramTest):
    """Without a gdb: the packets themselves."""

    def talk(self, words, *packets):
        """The answers to `packets` of a run that waits at a socket, and how it ended."""
        path = self.path("gdb.sock")
        process = subprocess.Popen(PROGRAM + [*words, "--gdb", path, "--wait"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIn(b"target remote", process.stderr.readline())
        answers = []
        with socket.socket(socket.AF_UNIX) as there:
            there.settimeout(program.PATIENCE)
            there.connect(path)
            for text in packets:
                there.sendall(packet(text))
                answers.append(self.answer(there))
                if text != b"D":
                    there.sendall(b"+")
        out, err = process.communicate(timeout=program.PATIENCE)
        return answers, out, err.decode(), process.returncode

    def answer(self, there):
        seen = b""
        while not re.search(rb"#[0-9a-f]{2}$", seen):
            more = there.recv(65536)
            self.assertTrue(more, seen)
            seen += more
        return seen[seen.rindex(b"$") + 1:-3]

    def test_back_and_forth_ends_as_it_does_without(self):
        plain = run("run", "-a", "demo", "--record", self.path("log"))
        for words in (["run", "-a", "demo"], ["replay", self.path("log")],
                      ["gdb", self.path("log")]):
            steps = [b"s"] * 20
            answers, out, err, code = self.talk(
                words, b"qSupported:swbreak+", b"g", *steps, b"g", *[b"s"] * 5, *[b"bs"] * 5,
                b"g", *[b"bs"] * 20, b"g", b"bs", b"D")
            self.assertIn(b"ReverseStep+;ReverseContinue+", answers[0])
            self.assertNotEqual(answers[1], answers[22])
            self.assertEqual(answers[22], answers[33])
            self.assertIn(b"replaylog:begin", answers[-2])
            self.assertEqual(answers[-1], b"OK")
            self.assertEqual(code, 0, err)
            self.assertEqual(out, plain.out)
            self.assertEqual(hash_in(err), hash_in(plain.err))

    def test_a_disk_that_is_written_to_cannot_be_taken_back(self):
        disk = self.write("disk.img", bytes(1 << 20))
        answers, _, _, code = self.talk(["run", "-a", "demo", "-b", disk],
                                        b"qSupported:swbreak+", b"bs", b"D")
        self.assertNotIn(b"ReverseStep", answers[0])
        self.assertEqual(answers[1:], [b"", b"OK"])
        self.assertEqual(code, 0)


@unittest.skipIf(GDB is None, "no gdb on this machine")
class RealKernels(KernelTest):
    def talk(self, words, commands, kernel):
        path = self.path("gdb.sock")
        process = subprocess.Popen(PROGRAM + [*words, "--gdb", path, "--wait"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIn(b"target remote", process.stderr.readline())
        line = [GDB, "-nx", "-batch", "-ex", "set confirm off", "-ex", "set pagination off",
                "-ex", "target remote " + path]
        for command in commands:
            line += ["-ex", command]
        said = subprocess.run([*line, kernel], stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=LONG, check=False)
        out, err = process.communicate(timeout=LONG)
        return said.stdout + said.stderr, out, err.decode(), process.returncode

    @each("vmlinux", lambda image: version(image)[:2] == (3, 11))
    def test_gdb_on_a_kernel_changes_nothing_of_its_run(self, image):
        kernel = self.path_of(image)
        words = [kernel, "-i", self.path_of("initrd-work.img"), "--record", "off"]
        plain = run("run", *words, timeout=LONG)
        self.assertEqual(plain.code, 0, plain.err)
        said, out, err, code = self.talk(
            ["run", *words],
            ["break start_kernel", "continue", "backtrace", "stepi", "stepi", "nexti",
             "x/s (char*)&linux_banner", "info registers cs cpl eip", "info threads", "delete",
             "break do_fork", "continue", "backtrace 3",
             "print *(unsigned*)&max_pfn", "reverse-stepi",
             "info symbol $eip", "stepi", "info symbol $eip", "delete", "detach"], kernel)
        self.assertRegex(said, r"Breakpoint 1, .*start_kernel")
        self.assertRegex(said, r"#0 .*start_kernel")
        self.assertRegex(said, r'linux_banner>?:\s+"Linux version 3\.11')
        self.assertRegex(said, r"cs +0x61 ")
        self.assertIn("Guest kernel", said)
        self.assertRegex(said, r"Breakpoint 2, .*do_fork")
        self.assertRegex(said, r"#1 ")
        self.assertRegex(said, r"\$1 = [1-9]\d*")
        self.assertRegex(said, r"kernel_thread \+ \d+ in section .text")
        self.assertIn("do_fork in section .text", said)
        self.assertEqual(code, 0, err)
        self.assertEqual(out, plain.out)
        self.assertEqual(hash_in(err), hash_in(plain.err))


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
