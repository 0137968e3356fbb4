"""Commands that print: stats, completion, man, schema, version."""
import json
import shutil
import subprocess
import unittest

import program
from program import ProgramTest, run


class Stats(ProgramTest):
    def stats_of(self, name, *words):
        self.assertEqual(run("run", "-a", "demo", "--stats", self.path(name), *words).code, 0)
        return self.path(name)

    def test_counters_stand_side_by_side(self):
        one = self.stats_of("one")
        two = self.stats_of("two", "-m", "96M")
        with open(one, encoding="utf-8") as file:
            counters = json.load(file)
        result = run("stats", one, two)
        self.assertEqual(result.code, 0, result.err)
        lines = {line.split()[0]: line.split()[1:] for line in result.out.decode().splitlines()}
        self.assertEqual(lines["cpu.instructions"][0], str(counters["cpu.instructions"]))
        self.assertEqual(len(lines["cpu.instructions"]), 2)
        plain = {name for name, value in counters.items() if isinstance(value, int)}
        self.assertEqual(plain - {"version"}, set(lines) & set(counters))
        for name in set(counters) - plain:  # a histogram: a line for each bucket
            for limit in counters[name]["le"]:
                self.assertIn(f"{name}{{le={limit}}}", lines)
        result = run("stats", one, two, "--diff")
        self.assertEqual(result.code, 1)
        self.assertIn(b"cpu.instructions", result.out)
        self.assertNotIn(b"host.real_ns", result.out)

    def test_two_equal_runs_do_not_differ(self):
        result = run("stats", "--diff", self.stats_of("one"), self.stats_of("two"))
        self.assertEqual((result.code, result.out), (0, b""))

    def test_histograms_are_shown_by_bucket(self):
        file = self.write("h", b'{"version": 1, "x.size": {"le": [0, 1], "count": [3, 4]}}')
        self.assertRegex(run("stats", file).out, rb"x\.size\{le=1\} +4")

    def test_what_is_no_stats_file_is_refused(self):
        for text in (b"", b"[]", b"{}", b'{"version": 2}', b'{"version": 1, "a": "b"}',
                     b'{"version": 1, "a": -1}', b'{"version": 1, "a": {"le": [1]}}',
                     b'{"version": 1, "a": {"le": [1], "count": ["x"]}}', b"\xff\xfe"):
            result = run("stats", self.write("bad", text))
            self.assertEqual(result.code, 8, text)
            self.assertIn("bad", result.err)
        self.assertEqual(run("stats", self.path("none")).code, 2)
        self.assertEqual(run("stats").code, 2)
        self.assertEqual(run("stats", "--diff", self.path("one")).code, 2)


class Printed(ProgramTest):
    def test_completion_names_every_command_and_option(self):
        for shell in ("bash", "zsh", "fish"):
            result = run("completion", shell)
            self.assertEqual(result.code, 0)
            for word in (b"exec-vectors", b"max-instructions", b"tunnet", b"dump-on-halt",
                         b"sandbox"):
                self.assertIn(word, result.out)
            self.assertNotIn(b"no-such-option", result.out)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n", self.write(shell, result.out)], check=False,
                                      capture_output=True)
                self.assertEqual((done.returncode, done.stderr), (0, b""), shell)
        self.assertEqual(run("completion", "tcsh").code, 2)
        self.assertEqual(run("completion").code, 2)

    @unittest.skipUnless(shutil.which("bash"), "no bash here")
    def test_bash_completes(self):
        script = run("completion", "bash").out.decode() + """
compopt() { :; }
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lgx; echo "${COMPREPLY[*]}"; }
try lgx exec
try lgx run --max-v
try lgx help sch
"""
        done = subprocess.run(["bash"], input=script.encode(), capture_output=True, check=False)
        self.assertEqual(done.stdout.split(), [b"exec-vectors", b"--max-virtual-time=", b"schema"],
                         done.stderr)

    def test_man_is_the_manual_page_of_the_source(self):
        path = program.source("docs", "lgx.1")
        with open(path, "rb") as page:
            self.assertTrue(run("man").out == page.read(), "run: lgx man > docs/lgx.1")

    def test_schema_is_json(self):
        self.assertIn("properties", json.loads(run("schema").out))

    def test_version_as_json(self):
        version = json.loads(run("version", "--json").out)
        self.assertEqual(version["state_hash"], 1)

    def test_LGX_LOG_is_the_default_of_log(self):
        bad = run("run", "-a", "demo", program=["env", "LGX_LOG=loud"] + program.PROGRAM)
        self.assertEqual(bad.code, 2)
        self.assertIn("LGX_LOG", bad.err)


class OriginalLauncher(ProgramTest):
    def test_G03_1_options_that_took_privileges_away_are_accepted(self):
        result = run("lguest", "--username=nobody", "--chroot", "/nowhere", "64", self.guest(),
                     "demo")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("--username has no effect", result.err)
        self.assertIn("--chroot has no effect", result.err)

    def test_the_originals_last_words_come_with_verbose(self):
        words = ("lguest", "64", self.guest(), "demo")
        self.assertIn("lguest: CRASH: Power down", run(*words, "--verbose").err)
        self.assertNotIn("CRASH", run(*words).err)


if __name__ == "__main__":
    program.main()
