"""A root file system on a virtio disk, under kernels that nobody here wrote.

The user land of initrd-sh.img (real_kernels_test.py says what LGX_KERNELS holds) is put onto
an ext2 image with e2fsprogs. The guest boots from it, changes files, restarts, changes more
and powers off; then the image is looked at from outside.
"""
import gzip
import os
import shutil
import stat
import subprocess
import sys

import program
from program import ProgramTest, run
from real_kernels_test import ALARMS, FOLDER, LONG, images, version

OPERATIONS = 1000
TOOLS = ("mke2fs", "debugfs", "e2fsck")

# Six kinds of operations, in the shell's words; `model` has them in Python's.
SCRIPT = f"""#!/bin/sh
PATH=/bin
export PATH
if [ -f /work/restarted ]; then i={OPERATIONS // 2}; end={OPERATIONS}; else i=0; end={OPERATIONS // 2}; fi
echo FROM $i TO $end
while [ $i -lt $end ]; do
  d=/work/d$((i % 7))
  case $((i % 6)) in
    0) echo "line of $i" > $d.0 ;;
    1) echo "more $i" >> /work/log ;;
    2) cat /work/log /bin/sh > $d.2 ;;
    3) mkdir /work/dir$i; echo "in $i" > /work/dir$i/file ;;
    4) mv /work/dir$((i - 1))/file /work/moved$i ;;
    5) nuke /work/dir$((i - 2)) ;;
  esac || echo FAILED $i
  i=$((i + 1))
done
sync
if [ $end -eq {OPERATIONS} ]; then
  echo ALL DONE
  mount -o remount,ro /dev/root /
  poweroff
fi
echo yes > /work/restarted
echo HALF DONE
mount -o remount,ro /dev/root /
reboot
"""


def model(shell):
    """The files of /work when the script is through, by name."""
    files = {"restarted": b"yes\n"}
    for i in range(OPERATIONS):
        d = f"d{i % 7}"
        if i % 6 == 0:
            files[f"{d}.0"] = b"line of %d\n" % i
        elif i % 6 == 1:
            files["log"] = files.get("log", b"") + b"more %d\n" % i
        elif i % 6 == 2:
            files[f"{d}.2"] = files["log"] + shell
        elif i % 6 == 3:
            files[f"dir{i}/file"] = b"in %d\n" % i
        elif i % 6 == 4:
            files[f"moved{i}"] = files.pop(f"dir{i - 1}/file")
    return files


def unpack(archive, folder):
    """Files and folders of a cpio archive (newc); gives its device nodes."""
    nodes = []
    at = 0
    while True:
        field = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = field[1], field[6], field[11]
        name = archive[at + 110:at + 110 + name_size - 1].decode()
        start = (at + 110 + name_size + 3) // 4 * 4
        data = archive[start:start + size]
        at = (start + size + 3) // 4 * 4
        if name == "TRAILER!!!":
            return nodes
        path = os.path.join(folder, name.lstrip("/"))
        if stat.S_ISDIR(mode):
            os.makedirs(path, exist_ok=True)
        elif stat.S_ISLNK(mode):
            os.symlink(data.decode(), path)
        elif stat.S_ISREG(mode):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
            os.chmod(path, mode & 0o777)
        else:
            kind = "c" if stat.S_ISCHR(mode) else "b"
            nodes.append(f"mknod {name} {kind} {field[9]} {field[10]}")


def tool(test, *words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LONG)
    test.assertEqual(done.returncode, 0, done.stdout)
    return done.stdout


def find_tools(test):
    """Skips a test that has no e2fsprogs."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for name in TOOLS:
        if not shutil.which(name):
            test.skipTest(f"{name} is not installed (Debian: e2fsprogs)")


def make_ext2(test, root, nodes):
    """An image of the folder `root` with device nodes ("mknod dev/null c 1 3")."""
    image = test.path("root.img")
    tool(test, "mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", "-d", root, image, "24M")
    for node in nodes:
        words = node.split()
        folder, name = os.path.split(words[1])
        test.write("commands", f"cd /{folder}\nmknod {name} {' '.join(words[2:])}\n".encode())
        tool(test, "debugfs", "-w", "-f", test.path("commands"), image)
    return image


def look(test, image, wanted):
    """e2fsck finds nothing, and the files of /work are as foreseen, by name and content."""
    tool(test, "e2fsck", "-f", "-n", image)
    found = test.path("found")
    shutil.rmtree(found, ignore_errors=True)
    os.makedirs(found)
    tool(test, "debugfs", "-R", f"rdump /work {found}", image)
    files = {}
    for folder, _, names in os.walk(os.path.join(found, "work")):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, os.path.join(found, "work"))] = file.read()
    test.assertEqual(sorted(files), sorted(wanted))
    for name, data in wanted.items():
        test.assertEqual(files[name], data, name)


def images_that_restart():
    """The shell's script restarts, which lguest learned with 2.6.25."""
    return [image for image in images("vmlinux") if version(image) >= (2, 6, 25)]


class RootOnDisk(ProgramTest):
    def setUp(self):
        super().setUp()
        self.initrd = os.path.join(FOLDER, "initrd-sh.img")
        if not FOLDER or not os.path.exists(self.initrd):
            self.skipTest("LGX_KERNELS names no folder with initrd-sh.img")
        find_tools(self)

    def make_root(self):
        root = self.path("root")
        os.makedirs(os.path.join(root, "work"))
        with gzip.open(self.initrd) as file:
            nodes = unpack(file.read(), root)
        with open(os.path.join(root, "bin", "ops"), "w", encoding="ascii") as file:
            file.write(SCRIPT)
        os.chmod(os.path.join(root, "bin", "ops"), 0o755)
        self.assertTrue(nodes, "the archive has no device nodes")
        image = make_ext2(self, root, nodes)
        with open(os.path.join(root, "bin", "sh"), "rb") as file:
            self.shell = file.read()
        return image

    def boot(self, image, disk, *words):
        result = run("run", os.path.join(FOLDER, image), "-b", disk, "--stats",
                     self.path("s.json"), "--json-result", self.path("r.json"), *words, "--",
                     "root=/dev/vda", "rw", "rootfstype=ext2", "init=/bin/ops", timeout=LONG)
        self.assertEqual(result.code, 0, f"{image}: {result.err[-800:]}\n{result.out[-2000:]}")
        for line in result.out.splitlines():
            self.assertIsNone(ALARMS.search(line), line)
        self.assertNotIn(b"FAILED", result.out)
        self.assertIn(b"HALF DONE", result.out)
        self.assertIn(b"ALL DONE", result.out)
        self.assertEqual(self.json("s.json")["block.0.errors"], 0)
        self.assertGreater(self.json("s.json")["block.0.write_bytes"], 100_000)
        return result, self.json("r.json")["hash"]

    def test_1000_operations_with_a_restart_are_all_in_the_image(self):
        chosen = images_that_restart()
        if not chosen:
            self.skipTest("LGX_KERNELS has no vmlinux")
        for image in chosen:
            with self.subTest(image):
                shutil.rmtree(self.path("root"), ignore_errors=True)
                disk = self.make_root()
                shutil.copy(disk, self.path("again.img"))
                first, a = self.boot(image, disk + ",id=root")
                look(self, disk, model(self.shell))
                # The same once more, behind an overlay: the same run.
                again = self.path("again.img")
                overlay = self.path("again.ovl")
                if os.path.exists(overlay):
                    os.unlink(overlay)
                second, b = self.boot(image, f"{again},id=root,overlay={overlay}")
                self.assertEqual(a, b)
                self.assertEqual(first.out, second.out)
                self.assertEqual(run("disk", "commit", overlay).code, 0)
                look(self, again, model(self.shell))

    def test_G02_9_the_serial_number_is_the_id(self):
        for image in images_that_restart():
            if version(image) < (2, 6, 36):
                continue
            with self.subTest(image):
                disk = self.write("disk.img", bytes(1 << 20))
                result = run("run", os.path.join(FOLDER, image), "-i", self.initrd, "-b",
                             disk + ",id=a serial", stdin=b"mount -t sysfs sysfs /sys\n"
                             b"cat /sys/block/vda/serial\npoweroff\n", timeout=LONG)
                self.assertIn(b"a serial", result.out.split(b"vda/serial")[-1])
                self.assertEqual(result.code, 0)

    def test_G02_10_one_sync_of_the_guest_is_one_of_the_host(self):
        initrd = os.path.join(FOLDER, "initrd-busybox.img")
        if not os.path.exists(initrd):
            self.skipTest("LGX_KERNELS has no initrd-busybox.img")
        for image in images_that_restart():
            if version(image) < (3, 2):
                continue
            for conversion, syncs in (("notrunc", 0), ("fsync", 1)):
                with self.subTest(image, conversion=conversion):
                    disk = self.write("disk.img", bytes(1 << 20))
                    result = run("run", os.path.join(FOLDER, image), "-i", initrd, "-b",
                                 disk, "--stats", self.path("s.json"), timeout=LONG,
                                 stdin=b"dd if=/dev/zero of=/dev/vda count=8 "
                                 b"conv=%s\npoweroff -f\n" % conversion.encode())
                    self.assertEqual(result.code, 0, result.err)
                    stats = self.json("s.json")
                    self.assertEqual(stats["block.0.flush_requests"], syncs)
                    self.assertEqual(stats["block.0.syncs"], syncs)
                    self.assertEqual(stats["block.0.write_bytes"], 4096)


if __name__ == "__main__":
    if not FOLDER:
        print("LGX_KERNELS names no folder with kernels; skipped", file=sys.stderr)
        sys.exit(77)
    program.main()
