"""The built-in guest: all of its commands, and its shell on pipes."""
import os

import program
from program import PROMPT, ProgramTest, Session, run


class Demo(ProgramTest):
    def demo(self, *words):
        result = run("run", "-a", "demo", "--json-result", self.path("r.json"), *words)
        return result, self.json("r.json")

    def test_powers_off_with_0_in_both_page_table_formats(self):
        for pae, levels in (("off", b"two-level"), ("on", b"three-level")):
            result, _ = self.demo("--pae", pae)
            self.assertEqual(result.code, 0, result.err)
            self.assertIn(levels, result.out)
            self.assertIn(b"commands succeeded", result.out)
            self.assertIn("guest powered down", result.err)

    def test_without_terminal_and_words_it_is_what_runs(self):
        with open(os.devnull, "rb") as nothing:
            result = run("run", stdin=nothing)
        self.assertEqual(result.code, 0)
        self.assertIn(b"demo: all", result.out)

    def test_two_runs_end_in_the_same_state(self):
        first, a = self.demo()
        second, b = self.demo()
        self.assertEqual(a, b)
        self.assertEqual(first.out, second.out)

    def test_every_instruction_decoded_anew_ends_in_the_same_state(self):
        words = ("--max-instructions", "3M")
        _, cached = self.demo(*words)
        _, uncached = self.demo(*words, "--set", "cpu.block_cache=false")
        self.assertEqual(cached, uncached)
        self.assertEqual(cached["code"], 5)
        # The limit takes the way of an interrupt, through the Switcher.
        self.assertIn(cached["instructions"], range(3_000_000, 3_000_200))

    def test_another_command_line_ends_in_another_state(self):
        words = ("--max-instructions", "1M")
        self.assertNotEqual(self.demo(*words)[1]["hash"],
                            self.demo("-a", "x", *words)[1]["hash"])

    def test_the_entropy_device_does_not_disturb(self):
        result, _ = self.demo("--rng")
        self.assertEqual(result.code, 0)


class Shell(ProgramTest):
    def test_G03_6_commands_come_through_a_pipe_and_its_end_is_no_error(self):
        result = run("run", "-q", "-a", "sh", stdin=b"echo one two\nhalt\n")
        self.assertEqual(result.code, 0)
        self.assertEqual(result.err, "")
        self.assertIn(b"lgx$ one two\r\n", result.out)

    def test_nothing_of_ours_is_mixed_into_the_output(self):
        words = ("-a", "demo")
        with open(self.path("out"), "wb") as out:
            run("run", "-v", *words, stdout=out)
        with open(self.path("out"), "rb") as out:
            to_file = out.read()
        self.assertEqual(to_file, run("run", "-q", *words).out)
        run("run", *words, "--console", "file=" + self.path("console"))
        with open(self.path("console"), "rb") as console:
            self.assertEqual(to_file, console.read())

    def test_console_none_says_nothing(self):
        result = run("run", "-a", "demo", "--console", "none")
        self.assertEqual((result.code, result.out), (0, b""))

    def test_reboot_starts_afresh(self):
        with Session("run", "-a", "sh") as session:
            for boot in range(1, 4):
                session.wait_for(PROMPT, boot)
                session.type(b"reboot\n" if boot < 3 else b"halt\n")
            self.assertEqual(session.end(), 0)
        self.assertEqual(session.seen.count(b"lgx built-in guest"), 3)

    def test_no_reboot_ends_the_run(self):
        result = run("run", "-a", "sh", "--no-reboot", stdin=b"reboot\n")
        self.assertEqual(result.code, 0)
        self.assertEqual(result.out.count(b"lgx built-in guest"), 1)
        self.assertIn("restart", result.err)

    def test_G03_7_restarts_take_no_descriptors_and_no_memory(self):
        with Session("run", "-a", "sh") as session:
            sizes = []
            for boot in range(1, 5):
                session.wait_for(PROMPT, boot)
                status = f"/proc/{session.process.pid}"
                if not os.path.exists(status):
                    self.skipTest("no /proc here")
                descriptors = len(os.listdir(status + "/fd"))
                with open(status + "/maps", encoding="utf-8") as maps:
                    # AddressSanitizer keeps freed memory for a while.
                    sanitized = "libasan" in maps.read()
                with open(status + "/statm", encoding="ascii") as statm:
                    sizes.append((descriptors, int(statm.read().split()[1])))
                session.type(b"reboot\n" if boot < 4 else b"halt\n")
            self.assertEqual(session.end(), 0)
        self.assertEqual(sizes[1][0], sizes[-1][0])
        if not sanitized:
            self.assertLess(sizes[-1][1], sizes[1][1] * 1.2)

    def test_panic_exits_4_with_the_text(self):
        result = run("run", "-a", "sh", stdin=b"panic\n")
        self.assertEqual(result.code, 4)
        self.assertIn("guest crashed: sh[1] asked for it", result.err)
        self.assertIn("SHUTDOWN", result.err)
        self.assertIn("Hypercall+0x", result.err)

    def test_a_guest_that_breaks_the_rules_exits_3_with_lguests_reason(self):
        broken = self.guest_bytes()
        broken[program.offset_of_symbol(broken, "lguest_init")] = 0xf4  # hlt
        result = run("run", self.write("broken", broken), "--json-result", self.path("r"))
        self.assertEqual(result.code, 3)
        self.assertIn("unhandled trap 13 at 0xc01", result.err)
        self.assertIn("lguest_init", result.err)
        self.assertIn("LGUEST_INIT", result.err)
        self.assertIn("eflags 000", result.err)
        self.assertEqual(self.json("r")["code"], 3)
        self.assertIn("unhandled trap 13", self.json("r")["reason"])

    def test_T01_9_a_pae_guest_without_pae_is_killed_with_a_reason(self):
        result = run("run", self.guest(pae=True), "--pae", "off")
        self.assertEqual(result.code, 3, result.err)
        self.assertIn("guest killed: ", result.err)

    def test_the_format_is_found_by_looking_at_the_kernel(self):
        for pae in (False, True):
            result = run("run", self.guest(pae), "-a", "demo")
            self.assertEqual(result.code, 0, result.err)


if __name__ == "__main__":
    program.main()
