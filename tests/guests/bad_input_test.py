"""Files and sizes that cannot be booted: a message that names file, place and next step, the
right exit code, within a second. Files are made from the built-in guest's image."""
import os
import struct

import program
from program import ProgramTest, run

USAGE, BAD_FILE = 2, 8
SECOND = 1.0


class BadInput(ProgramTest):
    def refused(self, code, *words, says=()):
        result = run(*words)
        text = result.err.strip()
        self.assertEqual(result.code, code, text)
        self.assertEqual(result.out, b"")
        self.assertEqual(text.count("\n"), 0, "one line")
        self.assertLess(result.cpu_seconds, SECOND)
        for word in says:
            self.assertIn(word, text)
        # check says the same as run.
        if words[0] == "run":
            again = run("check", *words[1:])
            self.assertEqual((again.code, again.err.strip()), (code, text.replace("run:", "check:")))
        return text

    def patched(self, at, form, *values):
        kernel = self.guest_bytes()
        struct.pack_into(form, kernel, at, *values)
        return self.write("kernel", kernel)

    def program_header(self, field):
        """Offset of a field of the last loaded segment's header; the entry is in the first."""
        kernel = self.guest_bytes()
        start, size, count = struct.unpack_from("<I", kernel, 28)[0], 32, kernel[44]
        headers = [at for at in range(start, start + size * count, size) if kernel[at] == 1]
        self.assertGreater(len(headers), 1)
        return headers[-1] + field


class Outputs(BadInput):
    def test_a_file_of_the_run_is_not_overwritten(self):
        kernel = self.write("kernel", bytes(self.guest_bytes()))
        disk = self.write("disk", bytes(4096))
        for option in ("--stats", "--report", "--profile", "--json-result", "--dump-on-crash"):
            self.refused(USAGE, "run", kernel, option, kernel,
                         says=[option, "is the kernel", "name another file"])
            self.refused(USAGE, "run", "-b", disk, option, disk, says=[option, "is a disk"])
            self.refused(USAGE, "run", option, kernel, says=[option, "an ELF image"])
        with open(kernel, "rb") as file:
            self.assertEqual(file.read(), bytes(self.guest_bytes()))
        self.assertEqual(sorted(os.listdir(self.folder)), ["disk", "kernel"])


class Kernels(BadInput):
    def test_G03_9_missing(self):
        self.refused(USAGE, "run", self.path("none"), says=["none", "check the path"])

    def test_a_folder(self):
        self.refused(BAD_FILE, "run", self.folder, says=["name a file"])

    def test_empty(self):
        self.refused(BAD_FILE, "run", self.write("kernel", b""), says=["empty", "vmlinux"])

    def test_G03_9_cut_short_anywhere(self):
        whole = bytes(self.guest_bytes())
        for length in (1, 4, 20, 51, 60, 100, len(whole) // 4):
            self.refused(BAD_FILE, "run", self.write("kernel", whole[:length]),
                         says=["kernel: ", "0"])

    def test_a_bzimage_cut_short(self):
        image = bytearray(0x3000)
        image[0x1f1] = 4
        struct.pack_into("<H", image, 0x1fe, 0xaa55)
        image[0x202:0x206] = b"HdrS"
        struct.pack_into("<H", image, 0x206, 0x020a)
        image[0x211] = 1
        struct.pack_into("<I", image, 0x1f4, 0x10000)
        self.refused(BAD_FILE, "run", self.write("bz", image), says=["0x1f4", "cut short"])

    def test_G03_9_neither_elf_nor_bzimage(self):
        self.refused(BAD_FILE, "run", self.write("text", b"hello\n" * 1000),
                     says=["offset 0", "0x202", "Give a vmlinux or a bzImage"])

    def test_64_bit(self):
        self.refused(BAD_FILE, "run", self.patched(4, "<B", 2),
                     says=["offset 0x04", "64-bit", "ARCH=i386"])

    def test_another_machine(self):
        self.refused(BAD_FILE, "run", self.patched(18, "<H", 40), says=["0x12", "40"])

    def test_big_endian(self):
        self.refused(BAD_FILE, "run", self.patched(5, "<B", 2), says=["0x05"])

    def test_not_an_executable(self):
        self.refused(BAD_FILE, "run", self.patched(16, "<H", 1), says=["0x10"])

    def test_without_lguest_support(self):
        code = b"\xf4" * 64
        elf = struct.pack("<4sBBB9xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 2, 3, 1, 0x100000, 52,
                          0, 0, 52, 32, 1, 0, 0, 0)
        elf += struct.pack("<8I", 1, 84, 0xc0100000, 0x100000, len(code), len(code), 7, 4096)
        self.refused(BAD_FILE, "run", self.write("kernel", elf + code),
                     says=["lguest", "LGUEST_GUEST"])

    def test_a_generation_that_cannot_be_booted_yet(self):
        self.refused(BAD_FILE, "run", self.guest(), "--abi", "A",
                     says=["generation A", "This version boots"])

    def test_headers_that_point_outside_the_file(self):
        self.refused(BAD_FILE, "run", self.patched(28, "<I", 0x7fffffff),
                     says=["0x7fffffff", "past the end"])
        self.refused(BAD_FILE, "run", self.patched(44, "<H", 60000), says=["0x2c", "60000"])
        at = self.program_header(4)
        for offset in (0x7ffffff0, 0xfffffff0):
            self.refused(BAD_FILE, "run", self.patched(at, "<I", offset),
                         says=[f"0x{offset:x}", "past the end"])

    def test_segments_where_the_boot_tables_are(self):
        # The end of memory: tables lie directly below it.
        at = self.program_header(12)
        self.refused(USAGE, "run", self.patched(at, "<I", 0x04000000 - 0x3000), "-m", "64M",
                     says=["kernel: ", "page tables", "-m "])

    def test_segments_beyond_memory(self):
        at = self.program_header(20)
        self.refused(USAGE, "run", self.patched(at, "<I", 0x10000000), "-m", "64M",
                     says=["kernel: ", "-m "])

    def test_segments_over_the_boot_parameters(self):
        at = self.program_header(12)
        self.refused(BAD_FILE, "run", self.patched(at, "<I", 0x1000), says=["0x00001000", "below 0x2000"])


class Sizes(BadInput):
    def test_G03_9_initrd_missing(self):
        self.refused(USAGE, "run", self.guest(), "-i", self.path("none"), says=["none"])

    def test_initrd_larger_than_memory(self):
        large = self.path("initrd")
        with open(large, "wb") as file:
            file.truncate(80 << 20)
        self.refused(USAGE, "run", self.guest(), "-i", large, "-m", "64M",
                     says=["initrd", "does not fit", "64 MiB", "-m "])

    def test_initrd_that_leaves_no_room_for_the_kernel(self):
        large = self.path("initrd")
        with open(large, "wb") as file:
            file.truncate((64 << 20) - 0x20000)
        self.refused(USAGE, "run", self.guest(), "-i", large, "-m", "64M", says=["-m "])

    def test_G03_3_memory_sizes(self):
        for size in ("0", "1M", "1", "4G", "7M", "-5", "foo", "64X", "99999", "", "8M1"):
            self.refused(USAGE, "run", self.guest(), "-m", size, says=[size or '""'])

    def test_G03_3_memory_sizes_of_the_original_command_line(self):
        for size in ("0", "1", "4096", "foo", "64X", "99999"):
            self.refused(USAGE, "lguest", size, self.guest(), says=[size])

    def test_the_built_in_guest_too(self):
        self.refused(USAGE, "run", "-m", "1M", says=["1 MiB", "8 MiB"])

    def test_a_command_line_that_is_too_long(self):
        self.refused(USAGE, "run", "-a", "x" * 2048, says=["2047"])


if __name__ == "__main__":
    program.main()
