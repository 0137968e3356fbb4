"""How a run ends: exit codes, limits, signals, and the files written at the end."""
import os
import signal
import subprocess
import sys
import unittest

import program
from program import PROMPT, ProgramTest, Session, run

# What ground-truth.md asks of --stats.
COUNTERS = """
crossing.count hypercall.count hypercall.async crossing.cause.page_fault mmu.fault.guest
mmu.demand.filled crossing.cause.trap_13 crossing.cause.trap_7 crossing.cause.host_irq
shadow.flush.full shadow.flush.user irq.injected.0 irq.injected.2
cpu.instructions time.virtual_ns host.real_ns
""".split() + [f"hypercall.{name}.{kind}" for kind in ("count", "async") for name in (
    "NEW_PGTABLE FLUSH_TLB LOAD_IDT_ENTRY LOAD_GDT_ENTRY SET_STACK LOAD_TLS SET_CLOCKEVENT "
    "HALT SET_PMD SET_PTE SET_PGD NOTIFY SEND_INTERRUPTS").split()]


class Limits(ProgramTest):
    def result_of(self, *words, stdin=b""):
        result = run("run", "-a", "sh", "--json-result", self.path("r.json"), *words,
                     stdin=stdin)
        return result, self.json("r.json")

    def test_max_instructions_exits_5(self):
        for limit in (100_000, 100_001):
            result, json = self.result_of("--max-instructions", limit)
            self.assertEqual(result.code, 5)
            self.assertIn(json["instructions"], range(limit, limit + 200))
            self.assertIn("limit of instructions", json["reason"])

    def test_max_virtual_time_exits_5(self):
        result, json = self.result_of("--max-virtual-time", "2ms")
        self.assertEqual(result.code, 5)
        self.assertGreaterEqual(json["virtual_ns"], 2_000_000)
        self.assertLess(json["virtual_ns"], 2_100_000)

    def test_a_reached_point_exits_0(self):
        for point, key, value in (("insn:200000", "instructions", 200_000),
                                  ("time:3ms", "virtual_ns", 3_000_000)):
            result, json = self.result_of("--until", point)
            self.assertEqual(result.code, 0, result.err)
            self.assertIn(json[key], range(value, value + 10_000))

    def test_timeout_exits_124_when_the_guest_waits(self):
        with Session("run", "-a", "sh", "--timeout", "1s") as session:
            session.wait_for(PROMPT)
            self.assertEqual(session.process.wait(program.PATIENCE), 124)

    def test_timeout_exits_124_when_the_guest_is_busy(self):
        with Session("run", "-a", "sh", "--timeout", "1s") as session:
            session.wait_for(PROMPT)
            session.type(b"syscalls 2000000000\n")
            self.assertEqual(session.process.wait(program.PATIENCE), 124)

    def test_a_guest_that_can_only_sleep_ends_after_max_idle(self):
        sleep = b"sleep 20000\nhalt\n"
        result, json = self.result_of("--max-idle", "10s", stdin=sleep)
        self.assertEqual(result.code, 5)
        self.assertIn("--max-idle", json["reason"])
        result, json = self.result_of("--max-idle", "30s", stdin=sleep)
        self.assertEqual(result.code, 0)
        self.assertGreater(json["virtual_ns"], 20_000_000_000)

    def test_a_guest_without_input_and_timer_ends_at_once(self):
        result, json = self.result_of()
        self.assertEqual(result.code, 5)
        self.assertIn("sleeps for ever", json["reason"])

    def test_waiting_takes_no_real_time_once_the_input_has_ended(self):
        result, _ = self.result_of(stdin=b"sleep 500000\nhalt\n")
        self.assertEqual(result.code, 0)
        self.assertLess(result.cpu_seconds, 20)


class Signals(ProgramTest):
    def ended_by(self, number, typed=b""):
        with Session("run", "-a", "sh", "--json-result", self.path("r")) as session:
            session.wait_for(PROMPT)
            session.type(typed)
            session.signal(number)
            code = session.process.wait(program.PATIENCE)
        self.assertEqual(self.json("r")["code"], code)
        return code

    def test_SIGTERM_gives_143(self):
        self.assertEqual(self.ended_by(signal.SIGTERM), 143)

    def test_SIGTERM_of_a_busy_guest_gives_143(self):
        self.assertEqual(self.ended_by(signal.SIGTERM, b"syscalls 2000000000\n"), 143)

    def test_SIGINT_on_a_pipe_gives_130(self):
        self.assertEqual(self.ended_by(signal.SIGINT), 130)

    def test_SIGHUP_gives_129(self):
        self.assertEqual(self.ended_by(signal.SIGHUP), 129)

    def test_a_reader_that_goes_away_gives_141_quietly(self):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            result = run("run", "-q", "-a", "demo", stdout=writer)
        finally:
            os.close(writer)
        self.assertEqual((result.code, result.err), (141, ""))

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk_exits_1_and_says_so(self):
        with open("/dev/full", "wb") as full:
            result = run("run", "-a", "demo", stdout=full)
        self.assertEqual(result.code, 1)
        self.assertIn("No space left", result.err)


class Outputs(ProgramTest):
    def test_stats_has_the_documented_names_and_only_integers(self):
        result = run("run", "-a", "demo", "--stats", self.path("stats"))
        self.assertEqual(result.code, 0)
        stats = self.json("stats")
        for name in COUNTERS:
            self.assertIsInstance(stats.get(name), int, name)
        self.assertEqual(list(stats), sorted(stats))
        # The demo's own arithmetic: it exits for what it says, and not for system calls.
        self.assertGreater(stats["mmu.demand.filled"], 1000)
        self.assertGreater(stats["hypercall.NEW_PGTABLE.count"], 4000)
        self.assertLess(stats["crossing.count"], 50_000)
        self.assertEqual(stats["hypercall.LGUEST_INIT.count"], 1)

    def test_json_result_has_its_keys(self):
        run("run", "-a", "demo", "--json-result", self.path("r"))
        result = self.json("r")
        for key, kind in (("code", int), ("reason", str), ("instructions", int),
                          ("virtual_ns", int), ("hash", str)):
            self.assertIsInstance(result[key], kind, key)
        self.assertRegex(result["hash"], "^[0-9a-f]{16}$")
        self.assertEqual(result["code"], 0)

    def test_an_output_that_cannot_be_written_exits_1_or_2(self):
        result = run("run", "-a", "demo", "--stats", "/nowhere/at/all")
        self.assertIn(result.code, (1, 2))
        self.assertIn("/nowhere/at/all", result.err)

    def test_the_summary_says_it_in_one_line(self):
        line = run("run", "-a", "demo").err.splitlines()[-1]
        self.assertRegex(line, r"^lgx: guest powered down; \d+\.\d+ s virtual, \d+\.\d+ s real, "
                               r"\d+ instructions, hash [0-9a-f]{16}, exit code 0$")


class CommandLines(ProgramTest):
    def test_G03_1_the_original_launchers_command_line_boots(self):
        result = run("lguest", "64", self.guest(), "demo")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"memory: 65536 KiB", result.out)
        self.assertIn(b"commands succeeded", result.out)

    def test_G03_1_options_may_come_late_and_by_prefix(self):
        result = run("lguest", "32m", self.guest(), "--rn", "--ver", "demo")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"memory: 32768 KiB", result.out)

    def test_a_program_called_lguest_is_the_launcher(self):
        os.symlink(program.PROGRAM[-1], self.path("lguest"))
        result = run("64", self.guest(), "demo",
                     program=program.PROGRAM[:-1] + [self.path("lguest")])
        self.assertEqual(result.code, 0, result.err)

    def test_G03_8_a_wrong_command_line_exits_2(self):
        for words in (("run", "--nonsense"), ("frob",), ("lguest",), ("run", "a", "b"),
                      ("run", "--pae", "maybe"), ("run", "--until", "tomorrow")):
            result = run(*words)
            self.assertEqual(result.code, 2, words)
            self.assertNotEqual(result.err, "")

    def test_check_says_what_would_run(self):
        result = run("check", self.guest(pae=True), "-m", "128M")
        self.assertEqual(result.code, 0, result.err)
        for line in (b"page tables: PAE", b"memory: 128 MiB", b"can be booted"):
            self.assertIn(line, result.out)

    def test_version_names_compiler_and_binding(self):
        self.assertRegex(run("version").out, rb"^lgx \d+\.\d+\.\d+ \(")
        self.assertIn(b'"version"', run("version", "--json").out)

    def test_memory_that_moves_the_devices_is_warned_of(self):
        result = run("run", "-a", "demo mem=32M")
        self.assertIn("mem=32M", result.err)


class NoPrivileges(ProgramTest):
    def test_G03_11_an_ordinary_user_needs_nothing(self):
        words = program.PROGRAM + ["run", "-q", "-a", "demo"]
        if os.getuid() == 0:
            give_up = ("import os, sys; os.setgid(65534); os.setuid(65534); "
                       "os.execvp(sys.argv[1], sys.argv[1:])")
            words = [sys.executable, "-c", give_up] + words
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=program.PATIENCE, check=False)
        if b"Permission denied" in done.stderr and b"execvp" in done.stderr:
            self.skipTest("the build folder is closed to others")
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    program.main()
