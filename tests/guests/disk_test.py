"""Disks as people use them: runs, overlays, locks, and the command `lgx disk`."""
import hashlib
import os
import signal

import program
from program import PROMPT, ProgramTest, Session, run

SIZE = 1 << 20


def soak(rounds):
    return b"disk soak %d\nhalt\n" % rounds


class DiskTest(ProgramTest):
    def image(self, name="disk.img", size=SIZE):
        return self.write(name, bytes(range(256)) * (size // 256))

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def hash_of(self, path):
        return hashlib.sha256(self.read(path)).hexdigest()

    def shell(self, disk, script, *words, code=0):
        result = run("run", "-a", "sh", "-b", disk, *words, stdin=script)
        self.assertEqual(result.code, code, result.err)
        return result


class Runs(DiskTest):
    def test_the_guest_reads_what_is_in_the_image(self):
        image = self.image()
        result = self.shell(image + ",ro,id=a-serial", b"disk\ndisk sum 1024\nhalt\n",
                            "--stats", self.path("s.json"))
        self.assertIn(b'2048 sectors, read-only, flushes, id "a-serial"', result.out)
        total = 0
        data = self.read(image)
        for at in range(0, SIZE, 4):
            total = (total * 31 + int.from_bytes(data[at:at + 4], "little")) & 0xffffffff
        self.assertIn(b"sum 0x%08x" % total, result.out)
        stats = self.json("s.json")
        self.assertEqual(stats["block.0.read_bytes"], SIZE)
        self.assertEqual(stats["block.0.read_requests"], 16)

    def test_the_same_image_gives_the_same_run(self):
        seen = set()
        for i in range(2):
            result = self.shell(self.image() + ",id=x", soak(20), "--json-result",
                                self.path("r.json"))
            seen.add((result.out, self.json("r.json")["hash"], self.hash_of(self.path(
                "disk.img"))))
        self.assertEqual(len(seen), 1)

    def test_an_overlay_ends_with_the_same_disk_and_commit_brings_it_into_the_image(self):
        plain = self.image("plain.img")
        self.shell(plain, soak(30))
        base = self.image("base.img")
        before = self.hash_of(base)
        overlay = self.path("o.ovl")
        for _ in range(2):  # the second time it exists
            self.shell(f"{base},overlay={overlay}", soak(30))
        self.assertEqual(self.hash_of(base), before)
        info = run("disk", "info", overlay)
        self.assertIn(b"overlay, format version 1", info.out)
        self.assertNotIn(b"not flushed", info.out)
        result = run("disk", "commit", overlay)
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(self.hash_of(base), self.hash_of(plain))
        self.shell(f"{base},overlay={overlay}", soak(3))

    def test_a_snapshot_leaves_nothing(self):
        image = self.image()
        before = self.hash_of(image)
        self.shell(image + ",snapshot", soak(10))
        self.assertEqual(self.hash_of(image), before)
        self.assertEqual(os.listdir(self.folder), ["disk.img"])

    def test_disks_survive_a_reboot_of_the_guest(self):
        image = self.image()
        with Session("run", "-a", "sh", "-b", image + ",snapshot") as session:
            session.wait_for(PROMPT)
            session.type(b"disk soak 10\n")
            session.wait_for(b"flushed 10\r\n")
            session.type(b"disk sum 1024\nreboot\n")
            session.wait_for(b"command line", 2)
            session.type(b"disk sum 1024\nhalt\n")
            self.assertEqual(session.end(), 0)
        sums = [line for line in session.seen.split(b"\r\n") if line.startswith(b"sum 0x")]
        self.assertEqual(len(sums), 2)
        self.assertEqual(sums[0], sums[1])

    def test_several_disks_in_the_order_of_the_options(self):
        a, b = self.image("a.img"), self.image("b.img", 2 * SIZE)
        result = run("run", "-a", "sh", "-b", b, "-b", a, "--stats", self.path("s.json"),
                     stdin=b"disk\nhalt\n")
        self.assertIn(b'4096 sectors, writable, flushes, id "b.img"', result.out)
        self.assertIn("block.1.read_bytes", self.json("s.json"))

    def test_the_original_command_line_has_disks_too(self):
        result = run("lguest", "--block=" + self.image(), "64", self.guest(), "sh",
                     stdin=b"disk soak 3\nhalt\n")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"flushed 3", result.out)

    def test_SIGTERM_ends_a_run_with_143_and_a_whole_disk(self):
        image = self.image()
        with Session("run", "-a", "sh", "-b", f"{image},overlay={self.path('o')}") as session:
            session.wait_for(PROMPT)
            session.type(b"disk soak 100000\n")
            session.wait_for(b"flushed 5\r\n")
            session.signal(signal.SIGTERM)
            self.assertEqual(session.end(), 128 + 15)
        info = run("disk", "info", self.path("o"))
        self.assertEqual(info.code, 0, info.err)
        self.assertNotIn(b"not flushed", info.out)

    def test_writes_to_a_read_only_disk_fail_in_the_guest_and_it_runs_on(self):
        result = self.shell(self.image() + ",ro", b"disk soak 1\ndisk\nhalt\n")
        self.assertIn(b"FAILED: the disk can be written", result.out)
        self.assertIn(b"read-only", result.out)

    def test_sync_never_asks_the_host_for_nothing(self):
        self.shell(self.image() + ",sync=never", soak(5), "--stats", self.path("s.json"))
        self.assertEqual(self.json("s.json")["block.0.syncs"], 0)
        self.assertEqual(self.json("s.json")["block.0.flush_requests"], 5)


class Refusals(DiskTest):
    def refused(self, *words, code):
        result = run(*words)
        self.assertEqual(result.code, code, result.err)
        self.assertEqual(result.out, b"")
        self.assertEqual(result.err.count("\n"), 1, result.err)
        return result.err

    def test_G03_10_a_second_run_on_a_disk_is_refused_and_the_first_named(self):
        image = self.image()
        with Session("run", "-a", "sh", "-b", image) as session:
            session.wait_for(PROMPT)
            for words in (("run", "-b", image), ("check", "-b", image),
                          ("run", "-b", image + ",ro")):
                err = self.refused(*words, code=1)
                self.assertIn("the disk is in use by", err)
                self.assertIn(str(session.process.pid), err)
            session.type(b"halt\n")
            self.assertEqual(session.end(), 0)

    def test_a_disk_that_does_not_exist(self):
        self.assertIn("nowhere", self.refused("run", "-b", self.path("nowhere"), code=2))

    def test_G02_15_32_disks_are_too_many(self):
        image = self.image()
        words = [word for _ in range(32) for word in ("-b", image + ",ro")]
        self.assertIn("Too many devices", self.refused("run", *words, code=8))

    def test_damaged_overlays_are_refused_by_name_and_offset(self):
        image = self.image()
        overlay = self.path("o.ovl")
        self.shell(f"{image},overlay={overlay}", soak(30))
        good = self.read(overlay)
        for offset in (0, 40, 4096 + 9):
            bad = bytearray(good)
            bad[offset] ^= 0xff
            self.write("o.ovl", bad)
            err = self.refused("run", "-b", f"{image},overlay={overlay}", code=8)
            self.assertIn("o.ovl: offset 0x", err)
            self.assertEqual(self.read(overlay), bad)
        self.write("o.ovl", good[:len(good) - 5000])
        self.assertIn("cut short", self.refused(
            "run", "-b", f"{image},overlay={overlay}", code=8))
        self.write("o.ovl", good)
        self.shell(f"{image},overlay={overlay}", soak(1))

    def test_an_overlay_of_another_image(self):
        image = self.image()
        overlay = self.path("o.ovl")
        self.shell(f"{image},overlay={overlay}", soak(3))
        with open(image, "r+b") as file:
            file.write(b"x")
        self.assertIn("has changed since", self.refused(
            "run", "-b", f"{image},overlay={overlay}", code=8))


class Command(DiskTest):
    def test_create_makes_images_and_overlays_and_overwrites_nothing(self):
        image, overlay = self.path("a.img"), self.path("a.ovl")
        self.assertEqual(run("disk", "create", image, "1M").code, 0)
        self.assertEqual(os.path.getsize(image), SIZE)
        self.assertIn(b"raw image\nsize: 1048576 bytes (1.0 MiB), 2048 sectors",
                      run("disk", "info", image).out)
        again = run("disk", "create", image, "2M")
        self.assertEqual((again.code, os.path.getsize(image)), (2, SIZE))
        self.assertIn("--force", again.err)
        self.assertEqual(run("disk", "create", image, "2M", "--force").code, 0)
        self.assertEqual(os.path.getsize(image), 2 * SIZE)
        self.assertEqual(run("disk", "create", overlay, "--base", image).code, 0)
        self.shell(f"{image},overlay={overlay}", soak(2))

    def test_wrong_command_lines_say_what_is_right(self):
        for words in ((), ("create",), ("create", "x"), ("info",), ("shrink", "x"),
                      ("create", "x", "many"), ("create", "x", "0"),
                      ("info", "x", "y"), ("create", "x", "1M", "2M")):
            result = run("disk", *words)
            self.assertEqual(result.code, 2, words)
            self.assertIn("lgx: disk", result.err)
        self.assertFalse(os.path.exists("x"))

    def test_commit_takes_another_place_of_the_image(self):
        image, overlay = self.image(), self.path("o.ovl")
        self.shell(f"{image},overlay={overlay}", soak(5))
        moved = self.path("moved.img")
        os.rename(image, moved)
        self.assertEqual(run("disk", "commit", overlay).code, 2)
        self.assertEqual(run("disk", "commit", overlay, "--base", moved).code, 0)
        plain = self.image("plain.img")
        self.shell(plain, soak(5))
        self.assertEqual(self.hash_of(moved), self.hash_of(plain))


if __name__ == "__main__":
    program.main()
