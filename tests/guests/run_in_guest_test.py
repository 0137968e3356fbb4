"""scripts/run-in-guest: its archive, what it reads from a console, and, with a kernel from
LGX_KERNELS and a compiler for 32 bits, a run of three programs."""
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from program import PROGRAM

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "scripts/run-in-guest"
KERNELS = os.environ.get("LGX_KERNELS", "")


def load():
    loader = importlib.machinery.SourceFileLoader("run_in_guest", str(SCRIPT))
    spec = importlib.util.spec_from_loader("run_in_guest", loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_in_guest"] = module  # where its dataclasses look
    loader.exec_module(module)
    return module


guest = load()


class Archive(unittest.TestCase):
    def test_entries_stand_at_multiples_of_four_and_end_with_the_trailer(self):
        archive = guest.Cpio()
        archive.add("a", 0o100644, b"12345")
        archive.add("dev/null", 0o020666, device=(1, 3))
        data, at, names = archive.bytes(), 0, []
        while at < len(data):
            self.assertEqual(data[at:at + 6], b"070701")
            fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
            size, name_size = fields[6], fields[11]
            names.append((data[at + 110:at + 110 + name_size - 1], fields[9:11]))
            at = (at + 110 + name_size + 3) // 4 * 4 + (size + 3) // 4 * 4
        self.assertEqual([name for name, _ in names], [b"a", b"dev/null", b"TRAILER!!!"])
        self.assertEqual(names[1][1], [1, 3])


class Console(unittest.TestCase):
    def test_an_ending_has_kind_code_and_output(self):
        total = guest.checksum(b"hi \\ there\n")
        console = (b"noise\r\n@lgx start 3\r\n@lgx out 3 hi \\5c there\\0a\r\n"
                   b"@lgx end 3 exit 7 11 %d\r\n@lgx done\r\n" % total)
        endings, running = guest.read_console(console)
        self.assertEqual(str(endings[3]), "exit 7")
        self.assertEqual(endings[3].output, b"hi \\ there\n")
        self.assertIsNone(running)

    def test_a_lost_line_is_noticed(self):
        console = b"@lgx start 0\n@lgx end 0 exit 0 5 1\n"
        self.assertIn(b"garbled", guest.read_console(console)[0][0].output)

    def test_who_was_running_when_the_console_ended_is_known(self):
        endings, running = guest.read_console(b"@lgx start 4\n@lgx out 4 abc\nOops\n")
        self.assertEqual((endings, running), ({}, 4))


class Folder(unittest.TestCase):
    def test_without_programs_it_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "notes").write_text("no program", encoding="ascii")
            with self.assertRaisesRegex(guest.CannotRun, "no executable 32-bit"):
                guest.collect(folder, "*")

    def test_a_code_is_a_number_or_a_signal(self):
        self.assertEqual(str(guest.parse_code("3\n")), "exit 3")
        self.assertEqual(str(guest.parse_code("signal 11")), "signal 11")
        with self.assertRaises(guest.CannotRun):
            guest.parse_code("three")

    def test_batches_respect_count(self):
        programs = [guest.Program("p", SCRIPT, [], None) for _ in range(5)]
        self.assertEqual(list(guest.batches(programs, 2, 1 << 30)), [[0, 1], [2, 3], [4]])


SOURCES = {
    "says": ('#include <stdio.h>\nint main(int n, char** a) { puts(a[n - 1]); return n; }\n',
             "one\ntwo words\n", "3", "two words\n"),
    "dies": ("int main(void) { *(volatile int*)16 = 1; }\n", "", "signal 11", ""),
    "hangs": ("int main(void) { for (;;); }\n", "", "0", ""),
}


class Run(unittest.TestCase):
    def setUp(self):
        kernels = sorted(pathlib.Path(KERNELS).glob("vmlinux-3*-nopae")) if KERNELS else []
        if not kernels:
            self.skipTest("LGX_KERNELS has no vmlinux-3*-nopae")
        if not shutil.which("gcc"):
            self.skipTest("there is no gcc")
        self.kernel = kernels[0]
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_three_programs_end_three_ways(self):
        for name, (source, words, code, output) in SOURCES.items():
            path = pathlib.Path(self.folder.name, name)
            done = subprocess.run(["gcc", "-m32", "-static", "-x", "c", "-o", path, "-"],
                                  input=source.encode(), stderr=subprocess.PIPE, check=False)
            if done.returncode != 0:
                self.skipTest("gcc makes no static 32-bit programs here")
            path.with_name(name + ".args").write_text(words, encoding="ascii")
            path.with_name(name + ".code").write_text(code, encoding="ascii")
            path.with_name(name + ".out").write_text(output, encoding="ascii")
        done = subprocess.run([SCRIPT, "--lgx", PROGRAM[-1], "--timeout", "1", "-v", self.kernel,
                               self.folder.name], stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"says +exit 3 +exit 3 +ok")
        self.assertRegex(done.stdout, r"dies +signal 11 +signal 11 +ok")
        self.assertRegex(done.stdout, r"hangs +timeout +exit 0 +ended differently")
        self.assertIn("2 of 3 as expected", done.stdout)


if __name__ == "__main__":
    unittest.main()
