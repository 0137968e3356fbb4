"""Kernels that nobody here wrote. LGX_KERNELS names their folder:

  vmlinux-VERSION-MODE, bzImage-VERSION-MODE   MODE is pae or nopae
  initrd-boot.img    its init prints USERSPACE and powers off
  initrd-work.img    its init runs the workload of tests/guests/workload and powers off;
                     end=restart on the kernel command line restarts instead
  initrd-sh.img      a shell on the console, with cat and poweroff

Which kernels and which of the three images are there decides what is tested.
"""
import functools
import os
import re
import sys

import program
from program import ProgramTest, Session, run

FOLDER = os.environ.get("LGX_KERNELS", "")
LONG = 600  # seconds for one run on a busy machine

# No kernel that is well says any of these.
ALARMS = re.compile(
    rb"Oops|BUG|Call Trace|soft lockup|hung task|nobody cared|unexpected|Unhandled|"
    rb"general protection|Kernel panic|WARNING: |WARNING at|stack-protector|segfault")
WORKLOAD = (b"cpu getppid touch forkcow pingpong forkexec file sleep10ms total").split()


def images(kind=None):
    names = sorted(os.listdir(FOLDER)) if FOLDER else []
    pattern = re.compile(r"(vmlinux|bzImage)-(\d[\d.]*)-(pae|nopae)$")
    found = [match for match in map(pattern.match, names) if match]
    return [m.group(0) for m in found if kind in (None, m.group(1))]


def is_pae(image):
    return image.endswith("-pae")


def version(image):
    return tuple(int(part) for part in image.split("-")[1].split("."))


class KernelTest(ProgramTest):
    def path_of(self, name):
        path = os.path.join(FOLDER, name)
        if not os.path.exists(path):
            self.skipTest(f"LGX_KERNELS has no {name}")
        return path

    def boot(self, image, initrd, *words, stdin=b"", code=0):
        words = ["run", self.path_of(image), "--json-result", self.path("r.json"),
                 "--stats", self.path("s.json"), *words]
        if initrd:
            words += ["-i", self.path_of(initrd)]
        result = run(*words, stdin=stdin, timeout=LONG)
        self.assertEqual(result.code, code, f"{image}: {result.err[-800:]}")
        return result, self.json("r.json"), self.json("s.json")


def each(kind=None, only=lambda image: True):
    """Makes a test of one image one of all such images in the folder."""
    def decorate(test):
        @functools.wraps(test)
        def run_all(self):
            chosen = [image for image in images(kind) if only(image)]
            if not chosen:
                self.skipTest("LGX_KERNELS has no such kernel")
            for image in chosen:
                with self.subTest(image):
                    test(self, image)
        return run_all
    return decorate


class Workload(KernelTest):
    def check(self, out):
        for line in out.splitlines():
            self.assertIsNone(ALARMS.search(line), line)
        self.assertIn(b"USERSPACE", out)
        self.assertIn(b"DONE", out)
        for name in WORKLOAD:
            self.assertIn(b"WORK " + name, out)

    @each()
    def test_every_image_runs_the_workload_twice_to_the_same_state(self, image):
        first, a, stats = self.boot(image, "initrd-work.img")
        self.check(first.out)
        self.assertIn("guest powered down", first.err)
        self.assertGreater(stats["mmu.demand.filled"], 5000)
        self.assertGreater(stats["hypercall.SET_PTE.count"], 20_000)
        second, b, again = self.boot(image, "initrd-work.img")
        self.assertEqual(a, b)
        self.assertEqual(first.out, second.out)
        for name, value in stats.items():
            if not name.startswith("host."):
                self.assertEqual(value, again[name], name)

    @each("vmlinux")
    def test_G02_7_a_flood_of_console_lines_is_no_trouble(self, image):
        # Each run of the shell's loop prints lines as fast as it can.
        script = b"i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done\npoweroff\n"
        result, _, _ = self.boot(image, "initrd-sh.img", stdin=script)
        self.assertIn(b"line 2999", result.out)
        self.assertIsNone(ALARMS.search(result.out))

    @each("vmlinux", lambda image: version(image) >= (3, 1))
    def test_Q1_mended_SEND_INTERRUPTS_becomes_rare(self, image):
        _, _, reference = self.boot(image, "initrd-work.img")
        result, _, mended = self.boot(image, "initrd-work.img",
                                      "--set", "guest.quirks.Q1=mended")
        self.check(result.out)
        self.assertGreater(reference["hypercall.SEND_INTERRUPTS.count"], 10_000)
        self.assertLess(mended["hypercall.SEND_INTERRUPTS.count"], 1_000)

    @each("vmlinux", lambda image: version(image)[:2] == (3, 11))
    def test_the_counters_have_the_shape_of_real_lguest(self, image):
        """Ratios of ground-truth.md that do not depend on the kernel's configuration."""
        _, _, boot = self.boot(image, "initrd-boot.img")
        _, _, both = self.boot(image, "initrd-work.img")
        work = {name: both[name] - value for name, value in boot.items()
                if isinstance(value, int)}  # others are histograms
        for name, real in (("mmu.fault.guest", 15_318),
                           ("hypercall.NEW_PGTABLE.count", 4_357),
                           ("hypercall.SET_PTE.count", 57_005),
                           ("hypercall.SET_PTE.async", 28_532),
                           ("hypercall.SET_STACK.count", 4_514),
                           ("hypercall.LOAD_TLS.count", 4_514),
                           ("hypercall.FLUSH_TLB.count", 380),
                           ("mmu.demand.filled", 148_901 if is_pae(image) else 10_736),
                           ("hypercall.count", 166_509),
                           ("hypercall.async", 41_866)):
            self.assertGreater(work[name], real / 2, name)
            self.assertLess(work[name], real * 2, name)


class Boot(KernelTest):
    @each()
    def test_G01_7_both_formats_of_a_kernel_begin_with_LGUEST_INIT(self, image):
        # A linker of today spoils later decompressors for 1 MiB (docs/evidence.md).
        low = version(image) < (3, 0) or image.startswith("vmlinux")
        for alignment in ("0x100000", "0x1000000") if low else ("0x1000000",):
            result, _, stats = self.boot(image, "initrd-boot.img",
                                         "--set", "kernel.alignment=" + alignment)
            self.assertIn(b"USERSPACE", result.out)
            # Any other call before it would have killed the guest.
            self.assertEqual(stats["hypercall.LGUEST_INIT.count"], 1)

    @each("bzImage", lambda image: version(image) == (2, 6, 31))
    def test_G01_7_alignment_0_kills_the_decompressor_of_2_6_31(self, image):
        # Where it dies depends on the image's size (guest-01 section 2.2).
        result, _, stats = self.boot(image, "initrd-boot.img", "--set",
                                     "kernel.alignment=0", code=3)
        self.assertRegex(result.err, "unhandled trap 1[34] at 0x")
        self.assertIn("guest decompressor failed", result.err)
        self.assertEqual(stats["hypercall.count"], 0)

    @each("vmlinux")
    def test_T07_22_small_usual_and_large_memory(self, image):
        # A kernel without highmem finds no devices behind more than 896 MiB.
        for memory in ("16M", "64M", "900M" if is_pae(image) else "880M"):
            result, _, _ = self.boot(image, "initrd-boot.img", "-m", memory)
            self.assertIn(b"USERSPACE", result.out)

    @each("vmlinux", lambda image: not is_pae(image))
    def test_T07_22_memory_that_hides_the_devices_is_refused(self, image):
        result = run("run", self.path_of(image), "-m", "900M")
        if result.code == 2:
            self.assertIn("896 MiB", result.err)

    @each("vmlinux", lambda image: version(image) >= (2, 6, 31))
    def test_T01_9_the_wrong_page_table_format_is_a_death_with_a_reason(self, image):
        wrong = "off" if is_pae(image) else "on"
        result = run("run", self.path_of(image), "--pae", wrong, "--max-instructions", "500M",
                     timeout=LONG)
        self.assertEqual(result.code, 3, result.err[-300:])
        self.assertIn("guest killed: ", result.err)

    @each("vmlinux", lambda image: version(image) < (2, 6, 31))
    def test_page_tables_that_a_kernel_cannot_have_are_refused(self, image):
        result = run("run", self.path_of(image), "--pae", "on")
        self.assertEqual(result.code, 2)
        self.assertIn("no PAE page tables", result.err)

    @each("vmlinux")
    def test_G04_3_the_generation_is_recognised(self, image):
        letter = next(letter for first, letter in (
            ((4,), "G"), ((3, 1), "F"), ((2, 6, 34), "E"), ((2, 6, 31), "R"),
            ((2, 6, 30), "D"), ((2, 6, 25), "C"), ((2, 6, 24), "B"))
            if version(image) >= first)
        self.assertIn(f"generation: {letter} (", run("check", self.path_of(image)).out.decode())

    @each("vmlinux", lambda image: version(image) < (4, 0))  # which have a PCI bus
    def test_G01_11_probing_for_hardware_finds_nothing_and_is_quick(self, image):
        result, json, stats = self.boot(image, "initrd-boot.img")
        for unwanted in (b"ide0", b"PCI: Using", b"pci 0000:"):
            self.assertNotIn(unwanted, result.out)
        self.assertLess(json["virtual_ns"], 5_000_000_000)
        self.assertLess(stats["crossing.cause.trap_13"], 2_000)

    @each("vmlinux")
    def test_decoded_blocks_and_single_instructions_agree(self, image):
        words = ("--max-instructions", "8M")
        _, cached, _ = self.boot(image, "initrd-boot.img", *words, code=5)
        _, uncached, _ = self.boot(image, "initrd-boot.img", *words, "--set",
                                   "cpu.block_cache=false", code=5)
        self.assertEqual(cached, uncached)

    @each("vmlinux")
    def test_milestones_come_in_their_order(self, image):
        out = self.boot(image, "initrd-boot.img")[0].out
        reserved = b"0xffe00000" if is_pae(image) else b"0xffc00000"
        self.assertIn(reserved, out)
        texts = [b"Linux version " + image.split("-")[1].encode(),
                 b"Booting paravirtualized kernel on lguest", b"USERSPACE"]
        if version(image) >= (4, 0):
            texts.insert(2, b"PCI: Probing PCI hardware")
        elif version(image) >= (2, 6, 25):
            texts.insert(2, b"Mapping virtqueue 0")
        places = [out.find(text) for text in texts]
        self.assertNotIn(-1, places)
        self.assertEqual(places, sorted(places))


class Endings(KernelTest):
    @each("vmlinux")
    def test_G01_12_panic_ends_with_its_text_and_code_4(self, image):
        result, json, _ = self.boot(image, None, code=4)
        self.assertRegex(json["reason"], "VFS: (Unable to mount|Cannot open) root")
        self.assertIn("lguest_panic", result.err, "symbols of the kernel")

    @each("vmlinux", lambda image: version(image) >= (2, 6, 25))  # no restart before
    def test_G01_12_reboot_starts_the_same_command_line_again(self, image):
        words = ("run", self.path_of(image), "-i", self.path_of("initrd-work.img"),
                 "-a", "scale=1 end=restart")
        with Session(*words) as session:
            session.wait_for(b"Linux version", 2)
            session.wait_for(b"end=restart", 2)
        result, json, _ = self.boot(image, "initrd-work.img", "-a", "end=restart",
                                    "--no-reboot")
        self.assertIn("restart", json["reason"])
        self.assertEqual(result.out.count(b"Linux version"), 1)

    @each("vmlinux")
    def test_G01_12_poweroff_of_a_shell_ends_with_code_0(self, image):
        result, _, _ = self.boot(image, "initrd-sh.img",
                                 stdin=b"echo a$((40+2))b\npoweroff\n")
        self.assertIn(b"a42b", result.out)

    @each("vmlinux")
    def test_G01_10_proc_cpuinfo_shows_what_is_executed(self, image):
        script = b"mount -t proc none /proc; cat /proc/cpuinfo; poweroff\n"
        out = self.boot(image, "initrd-sh.img", stdin=script)[0].out
        self.assertRegex(out, rb"cpu family\s*: 5")
        self.assertRegex(out, rb"fdiv_bug\s*: no")
        flags = re.search(rb"flags\s*: ([^\r\n]*)", out).group(1).split()
        # What a guest shows of its processor grew over the years.
        shown = [b"fpu", b"cx8", b"pge", b"cmov", b"fxsr"]
        hidden = [b"sep", b"pse", b"apic", b"mtrr", b"pat"]
        (shown if version(image) >= (2, 6, 25) else hidden).append(b"tsc")
        (shown if version(image) >= (2, 6, 31) else hidden).append(b"pae")
        if version(image) >= (2, 6, 31):
            hidden.append(b"nx")
        for flag in shown:
            self.assertIn(flag, flags)
        for flag in hidden:
            self.assertNotIn(flag, flags)

    @each("vmlinux")
    def test_typing_is_answered_as_it_comes(self, image):
        words = ("run", self.path_of(image), "-i", self.path_of("initrd-sh.img"))
        with Session(*words) as session:
            session.wait_for(b"USERSPACE")
            for number in range(3):
                session.type(b"echo sum $((%d + 1000))\n" % number)
                session.wait_for(b"sum %d\r\n" % (number + 1000))
            session.type(b"poweroff\n")
            self.assertEqual(session.end(), 0)


if __name__ == "__main__":
    if not images():
        print("skipped: LGX_KERNELS names no folder with vmlinux-VERSION-MODE or "
              "bzImage-VERSION-MODE")
        sys.exit(77)
    program.main()
