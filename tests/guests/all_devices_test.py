"""Every device under every kernel of LGX_KERNELS (real_kernels_test.py says what that is).

The guest's first program is all_devices/init.c, built here by a compiler for 32-bit programs
(CC_I386, else gcc -m32). Each kernel boots twice from an initial RAM disk and twice from an ext2
root on a virtio disk, and everything it does is looked at from outside: what it fetched, what it
served, its random numbers, the disk's bytes and the file system.

With LGX_TABLE=FILE a row for each kernel is written there, for docs/evidence.md.
"""
import http.server
import os
import random
import re
import shutil
import stat
import subprocess
import threading
import urllib.request

import disk_kernels_test
import program
from networks_test import Files, free_port, has_user_net
from program import ProgramTest, Session
from real_kernels_test import ALARMS, FOLDER, LONG, images, version
from run_in_guest_test import guest

CC = os.environ.get("CC_I386", "gcc -m32").split()
TABLE = os.environ.get("LGX_TABLE", "")
COLUMNS = ("RAM disk", "root on ext2", "fetch and serve", "rng", "restart", "power-off")
BLOB_AT = 4096
FIRST_RESTART = (2, 6, 25)  # lguest had no restart before
FIRST_RNG = (2, 6, 26)  # nor a driver


class AllDevices(ProgramTest):
    @classmethod
    def setUpClass(cls):
        if not FOLDER or not images():
            raise program.unittest.SkipTest("LGX_KERNELS names no folder with kernels")
        if not has_user_net():
            raise program.unittest.SkipTest("built without libslirp")
        folder = program.tempfile.TemporaryDirectory(prefix="lgx-init-")
        cls.addClassCleanup(folder.cleanup)
        target = os.path.join(folder.name, "init")
        source = program.source("tests", "guests", "all_devices", "init.c")
        try:
            built = subprocess.run([*CC, *guest.CFLAGS, "-w", "-o", target, source],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except FileNotFoundError:
            raise program.unittest.SkipTest(f"no compiler {CC[0]}") from None
        if built.returncode != 0:
            raise program.unittest.SkipTest("no compiler for 32-bit programs (gcc-multilib)")
        with open(target, "rb") as file:
            cls.init = file.read()
        cls.content = random.Random(4).randbytes(700_001)
        handler = type("Handler", (Files,), {"content": cls.content})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        cls.port = server.server_address[1]
        cls.expected = len(cls.content), guest.checksum(cls.content)
        cls.rows = {}

    @classmethod
    def tearDownClass(cls):
        if TABLE and cls.rows:
            with open(TABLE, "w", encoding="utf-8") as file:
                for image, cells in sorted(cls.rows.items()):
                    row = [image] + [cells.get(column, "-") for column in COLUMNS]
                    file.write(f"| {' | '.join(row)} |\n")

    # ---- running

    def run_guest(self, image, *words, serves):
        """Runs to the end, which must be a power-off; says what came from the console. A
        guest that serves is asked once, and must answer with the content."""
        forwarded = free_port()
        stats = self.path("stats")
        with Session("run", os.path.join(FOLDER, image), "--rng", "--stats", stats, "-n",
                     f"user,fwd=tcp:{forwarded}:80", *words) as session:
            if serves:
                session.wait_for(b"SERVING")
                with urllib.request.urlopen(f"http://127.0.0.1:{forwarded}/blob",
                                            timeout=LONG) as reply:
                    self.assertEqual(reply.read(), self.content)
            code = session.end()
            text = session.seen
        tail = f"{image}: {session.err}\n{text[-3000:].decode('utf-8', 'replace')}"
        self.assertEqual(code, 0, tail)
        self.assertNotIn(b"FAILED", text, tail)
        for line in text.splitlines():
            self.assertIsNone(ALARMS.search(line), line)
        self.assertEqual(self.json("stats")["block.0.errors"], 0)
        return text

    def two_boots(self, image, *words, serves_first):
        """Both boots of init.c, in one run if the kernel can restart. Says what each said."""
        if version(image) < FIRST_RESTART:
            return [self.run_guest(image, *words, serves=serves_first),
                    self.run_guest(image, *words, serves=not serves_first)]
        text = self.run_guest(image, *words, "end=restart", serves=True)
        boots = text.split(b"DONE\r\n")
        self.assertEqual(len(boots), 3, text[-2000:])
        return boots[:2]

    def sum_in(self, text, what):
        found = re.findall(rb"SUM %s (\d+) (\d+)" % what, text)
        self.assertEqual(len(found), 1, text[-2000:])
        return tuple(int(number) for number in found[0])

    def check_rng(self, image, text):
        numbers = re.findall(rb"RNG ([0-9a-f]+|none)\b", text)
        self.assertEqual(len(numbers), 1)
        if version(image) < FIRST_RNG:
            self.assertEqual(numbers, [b"none"])
            return "no driver"
        self.assertEqual(len(set(bytes.fromhex(numbers[0].decode()))) > 32, True, numbers)
        return "64 bytes"

    def note(self, image, cells):
        row = self.rows.setdefault(image, {})
        row.update(cells)

    # ---- from an initial RAM disk

    def initrd(self):
        archive = guest.Cpio()
        for folder in ("dev", "proc", "tmp"):
            archive.add(folder, stat.S_IFDIR | 0o755)
        archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
        archive.add("init", stat.S_IFREG | 0o755, self.init)
        return self.write("initrd.img", archive.bytes())

    def test_from_an_initial_ram_disk(self):
        initrd = self.initrd()
        for image in images():
            with self.subTest(image):
                disk = self.write("raw.img", bytes(1 << 20))
                first, second = self.two_boots(image, "-i", initrd, "-b", disk, "--",
                                               "part=ram", f"port={self.port}",
                                               serves_first=True)
                self.assertEqual(self.sum_in(first, b"fetched"), self.expected)
                self.assertEqual(self.sum_in(second, b"found"), self.expected)
                with open(disk, "rb") as file:
                    data = file.read()
                size = len(self.content)
                self.assertTrue(data.startswith(b"written %d\n" % size))
                self.assertEqual(data[BLOB_AT:BLOB_AT + size], self.content)
                self.note(image, {"RAM disk": "yes", "rng": self.check_rng(image, first)})

    # ---- from a root file system on the disk

    def make_root(self):
        root = self.path("root")
        shutil.rmtree(root, ignore_errors=True)
        for folder in ("dev", "proc", "work"):
            os.makedirs(os.path.join(root, folder))
        with open(os.path.join(root, "init"), "wb") as file:
            file.write(self.init)
        os.chmod(os.path.join(root, "init"), 0o755)
        return disk_kernels_test.make_ext2(self, root, ["mknod dev/console c 5 1"])

    def test_from_a_root_file_system_on_the_disk(self):
        disk_kernels_test.find_tools(self)
        for image in images("vmlinux"):
            with self.subTest(image):
                disk = self.make_root()
                first, second = self.two_boots(
                    image, "-b", disk, "--", "root=/dev/vda", "rw", "rootfstype=ext2",
                    "init=/init", "part=root", f"ops={disk_kernels_test.OPERATIONS}",
                    f"port={self.port}", serves_first=False)
                self.assertIn(b"STEP operations ok", first)
                self.assertIn(b"STEP operations ok", second)
                self.assertEqual(self.sum_in(second, b"fetched"), self.expected)
                self.check_rng(image, second)
                wanted = disk_kernels_test.model(self.init)
                wanted["blob"] = self.content
                disk_kernels_test.look(self, disk, wanted)
                self.note(image, {
                    "root on ext2": f"{disk_kernels_test.OPERATIONS} operations, "
                                    f"{len(wanted)} files as foreseen",
                    "fetch and serve": f"{len(self.content)} bytes each way",
                    "restart": "yes" if version(image) >= FIRST_RESTART else "no such call",
                    "power-off": "code 0"})


if __name__ == "__main__":
    program.main()
