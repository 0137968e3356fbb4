"""Runs that are recorded and repeated, states that are saved and restored, by command line."""
import os
import re
import signal
import tempfile
import time

import program
from program import run, unittest

HASH = re.compile(r"hash ([0-9a-f]{16})")


def hash_of(result):
    return HASH.search(result.err).group(1)


class ReplayTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.environ["LGX_STATE_DIR"] = self.path("state")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def demo(self, *words):
        result = run("run", "-a", "demo", *words)
        self.assertEqual(result.code, 0, result.err)
        return result

    def test_the_last_run_is_repeated(self):
        first = run("run", "-a", "sh", stdin=b"uptime\nfork 3\npoweroff\n")
        self.assertEqual(first.code, 0, first.err)
        second = run("replay", "last")
        self.assertEqual(second.code, 0, second.err)
        self.assertEqual(second.out, first.out)
        self.assertEqual(hash_of(second), hash_of(first))
        self.assertIn("as before", second.err)

    def test_twenty_logs_are_kept(self):
        for _ in range(23):
            self.assertEqual(run("run", "-q", "-a", "halt", "--max-instructions", "1000").code, 5)
        self.assertEqual(len(os.listdir(self.path("state/runs"))), 20)

    def test_record_goes_where_it_is_told(self):
        log = self.path("a.lgxlog")
        self.demo("--record", log)
        self.assertEqual(run("replay", log).code, 0)
        self.assertFalse(os.path.exists(self.path("state")))
        self.demo("--record", "off")
        missing = run("replay", "last")
        self.assertEqual(missing.code, 2)
        self.assertIn("no run has been recorded", missing.err)

    def test_until_stops_on_the_way(self):
        self.demo()
        result = run("replay", "last", "--until", "insn:1000000")
        self.assertEqual(result.code, 0, result.err)
        self.assertRegex(result.err, r" 10000\d\d instructions")

    def test_a_killed_run_is_repeated_up_to_its_last_record(self):
        log = self.path("killed.lgxlog")
        process = program.subprocess.Popen(
            program.PROGRAM + ["run", "-q", "-a", "sh", "--record", log],
            stdin=program.subprocess.PIPE, stdout=program.subprocess.DEVNULL,
            stderr=program.subprocess.DEVNULL)
        process.stdin.write(b"fork 2\n")
        process.stdin.flush()
        deadline = time.monotonic() + program.PATIENCE
        while time.monotonic() < deadline:
            if os.path.exists(log) and os.path.getsize(log) > 100:
                break
            time.sleep(0.05)
        time.sleep(0.5)  # something of the run, however much
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdin.close()
        result = run("replay", log)
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("broken off", result.err)

    def test_a_run_that_differs_ends_with_code_6(self):
        log = self.path("a.lgxlog")
        self.demo("--record", log, "-m", "16M")
        with open(log, "rb") as file:
            data = file.read()
        # The same machine by another name would be the same run; another seed is not.
        other = self.path("b.lgxlog")
        self.demo("--record", other, "-m", "16M", "--rng", "--rng-seed", "7")
        result = run("divergence", log, other)
        self.assertEqual(result.code, 6, result.err)
        self.assertIn(b"the same after", result.out)
        self.assertEqual(run("divergence", log, log).code, 0)
        self.assertEqual(run("divergence", log, "--with", "guest.shadow_slots=4").code, 0)
        # Damage is another thing, and has its place.
        middle = bytearray(data)
        middle[len(data) // 2] ^= 1
        with open(log, "wb") as file:
            file.write(middle)
        result = run("replay", log)
        self.assertEqual(result.code, 8, result.err)
        self.assertIn("offset", result.err)
        self.assertIn(log, result.err)

    def test_bisect(self):
        self.demo()
        found = run("bisect", "last", "hypercall.count >= 50")
        self.assertEqual(found.code, 0, found.err)
        self.assertIn(b"holds after instruction", found.out)
        self.assertEqual(run("bisect", "last", "eax = 1").code, 2)
        self.assertEqual(run("bisect", "last", "hypercall.count > 99999999").code, 7)


class SnapshotTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.environ["LGX_STATE_DIR"] = self.path("state")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_a_run_goes_on_from_a_snapshot(self):
        snap = self.path("a.lgxsnap")
        whole = run("run", "-a", "demo", "--snapshot-at", f"insn:2000000={snap}")
        self.assertEqual(whole.code, 0, whole.err)
        rest = run("run", "--from", snap)
        self.assertEqual(rest.code, 0, rest.err)
        self.assertEqual(hash_of(rest), hash_of(whole))
        self.assertTrue(whole.out.endswith(rest.out))
        self.assertEqual(run("snapshot", "verify", snap).code, 0)
        info = run("snapshot", "info", snap)
        self.assertIn(b"at instruction 2000000", info.out)

    def test_a_state_of_a_recorded_run_is_saved_afterwards(self):
        whole = run("run", "-a", "demo")
        one, two = self.path("1.lgxsnap"), self.path("2.lgxsnap")
        for at, snap in ((1000000, one), (1000001, two)):
            result = run("snapshot", "save", "last", snap, "--until", f"insn:{at}")
            self.assertEqual(result.code, 0, result.err)
        rest = run("run", "--from", one)
        self.assertEqual(hash_of(rest), hash_of(whole))
        refused = run("snapshot", "save", "last", one, "--until", "insn:5000")
        self.assertNotEqual(refused.code, 0)
        self.assertIn("--force", refused.err)
        diff = run("snapshot", "diff", one, two)
        self.assertEqual(diff.code, 1)
        self.assertIn(b"instructions: 1000000 | 1000001", diff.out)
        self.assertEqual(run("snapshot", "diff", one, one).code, 0)

    def test_a_disk_that_has_changed_is_refused(self):
        disk, snap = self.path("disk.img"), self.path("a.lgxsnap")
        with open(disk, "wb") as file:
            file.write(bytes(1 << 20))
        result = run("run", "-a", "sh", "-b", disk, "--snapshot-at", f"insn:100000={snap}",
                     stdin=b"poweroff\n")
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(run("run", "--from", snap, stdin=b"poweroff\n").code, 0)
        with open(disk, "r+b") as file:
            file.seek(4096)
            file.write(b"x")
        result = run("run", "--from", snap, stdin=b"poweroff\n")
        self.assertEqual(result.code, 8, result.err)
        self.assertIn("not what it was", result.err)

    def test_bad_files_are_refused(self):
        for text, words in ((b"", "no snapshot"), (b"\x7fELF" + bytes(100), "no snapshot"),
                            (b"lgxsnap\n\x01\0\0\0\0\0\0\0HEAD", "cut short"),
                            (b"lgxsnap\n\x09\0\0\0\0\0\0\0", "newer lgx")):
            bad = self.path("bad")
            with open(bad, "wb") as file:
                file.write(text)
            for command in (("run", "--from", bad), ("snapshot", "info", bad),
                            ("snapshot", "verify", bad)):
                result = run(*command)
                self.assertEqual(result.code, 8, result.err)
                self.assertIn(words, result.err)
                self.assertIn(bad, result.err)


if __name__ == "__main__":
    program.main()
