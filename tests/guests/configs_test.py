"""The example machines of configs/, and how config files and scripts work in the program."""
import glob
import os
import shutil
import socket
import time
import unittest

import program
from networks_test import free_port, has_user_net
from program import PROMPT, ProgramTest, Session, run

CONFIGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs")


def config(name):
    return os.path.join(CONFIGS, name + ".json")


class Examples(ProgramTest):
    def test_minimal(self):
        result = run("run", config("minimal"), stdin=b"")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"demo: all", result.out)

    def test_demo(self):
        result = run("run", config("demo"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"commands succeeded", result.out)

    def test_pae(self):
        result = run("run", config("pae"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"three-level", result.out)

    def test_big_memory(self):
        result = run("run", config("big-memory"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"memory: 786432 KiB", result.out)

    def test_quirk_study(self):
        calls = {}
        for name in ("demo", "quirk-study"):
            result = run("run", config(name), "--stats", self.path(name))
            self.assertEqual(result.code, 0, result.err)
            calls[name] = self.json(name)["hypercall.SEND_INTERRUPTS.count"]
        # How many the reference has depends on where the timer hits, so on the compiler that
        # built the guest.
        self.assertLess(calls["quirk-study"], 100)

    def test_expect_session(self):
        result = run("run", config("expect-session"), "--json-result", self.path("r"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"\n6 times 7 is 42", result.out)
        self.assertEqual(self.json("r")["expect"], {"done": 3, "rules": 3})

    def test_limits(self):
        result = run("run", config("limits"))
        self.assertEqual(result.code, 5, result.err)
        self.assertIn("limit of instructions", result.err)

    def copied(self, name, **images):
        """The example in a folder of its own, with the disks that it wants."""
        for image, size in images.items():
            result = run("disk", "create", self.path(image + ".img"), size)
            self.assertEqual(result.code, 0, result.err)
        shutil.copy(config(name), self.folder)
        return self.path(name + ".json")

    def test_disk(self):
        result = run("run", self.copied("disk", scratch="16M", system="64M"), "--stats",
                     self.path("s"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b'32768 sectors, writable, flushes, id "scratch"', result.out)
        self.assertTrue(os.path.exists(self.path("system.ovl")))
        self.assertIn("block.1.read_requests", self.json("s"))

    def test_network(self):
        if not has_user_net():
            self.skipTest("built without libslirp")
        with open(self.copied("network"), encoding="utf-8") as example:
            text = example.read()
        # The port of the example may be in use here.
        text = text.replace("tcp:2222:", f"tcp:{free_port()}:")
        result = run("run", self.write("network.json", text.encode()))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"5 pings answered", result.out)
        with open(self.path("network.pcap"), "rb") as packets:
            data = packets.read()
        sizes, at = [], 24
        while at < len(data):
            sizes.append(int.from_bytes(data[at + 8:at + 12], "little"))
            at += 16 + sizes[-1]
        self.assertEqual(at, len(data))
        self.assertGreaterEqual(len(sizes), 12)  # ARP and five pings, both ways
        self.assertIn(bytes.fromhex("525400123456"), data)

    def test_two_guests(self):
        result = run("run", config("two-guests"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"\nguest 2: 10 pings answered", result.out)
        self.assertIn(b"three-level", result.out)
        self.assertIn("lgx: 2 guests; hash ", result.err)

    def test_every_example_can_be_checked_and_has_a_test(self):
        self.copied("disk", scratch="16M", system="64M")
        for name in glob.glob(os.path.join(CONFIGS, "*.json")):
            shutil.copy(name, self.folder)
        names = glob.glob(self.path("*.json"))
        self.assertGreater(len(names), 9)
        for name in names:
            word = os.path.basename(name)[:-5].replace("-", "_")
            self.assertTrue(hasattr(self, "test_" + word), name)
            result = run("check", name, "--print")
            self.assertEqual(result.code, 0, result.err)
            self.assertIn(b"can be booted", result.out)


class Files(ProgramTest):
    def test_guests_of_a_file_and_of_the_command_line(self):
        file = self.write("m.json", b'{"guests": [{"memory": 16}, {"memory": 24}]}')
        result = run("run", file, "-a", "do echo", "--and", "--", "do", "echo")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("lgx: 3 guests", result.err)
        out = run("check", file, "-m", "40").out.decode()
        self.assertRegex(out, r"(?s)-- guest 1.*memory: 40 MiB.*-- guest 2.*memory: 24 MiB")

    def test_the_hosts_clock_is_for_one_guest_and_not_recorded(self):
        result = run("run", "--clock", "host", "-a", "demo", "--json-result", self.path("r"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"commands succeeded", result.out)
        result = run("run", "--clock", "host", "--record", self.path("log"))
        self.assertEqual(result.code, 2)
        self.assertIn("cannot be repeated", result.err)
        result = run("run", "--clock", "host", "--and")
        self.assertEqual(result.code, 2)
        self.assertIn("one guest alone", result.err)

    def test_two_guests_cannot_write_one_file(self):
        file = self.write("m.json", b'{"guests": [{}, {}], "outputs": {"stats": "s"}}')
        result = run("run", file)
        self.assertEqual(result.code, 2)
        self.assertIn("guest 2 writes its counters to", result.err)

    def test_the_command_line_beats_the_file_and_print_says_so(self):
        file = self.write("m.json", b'{\n "memory": "32M",\n "seed": 5 }')
        out = run("check", file, "--seed", "6", "--print").out.decode()
        self.assertRegex(out, r"(?m)^memory = 32M +# .*m\.json:2$")
        self.assertRegex(out, r"(?m)^seed = 6 +# --seed$")
        self.assertRegex(out, r"(?m)^on_panic = stop +# default$")

    def test_files_are_relative_to_the_config_file(self):
        os.symlink(self.guest(), self.path("kernel"))
        file = self.write("m.json", b'{"kernel": {"path": "kernel", "cmdline": "demo"}}')
        self.assertEqual(run("run", file).code, 0)

    def test_names_are_looked_up_in_LGX_CONFIG_PATH(self):
        self.write("m.json", b'{"kernel": {"cmdline": "demo"}, "memory": 16}')
        os.environ["LGX_CONFIG_PATH"] = "/nowhere:" + self.folder
        self.addCleanup(os.environ.pop, "LGX_CONFIG_PATH")
        self.assertIn(b"memory: 16 MiB", run("check", "m.json").out)

    def test_defaults_are_in_XDG_CONFIG_HOME(self):
        os.mkdir(self.path("lgx"))
        self.write("lgx/config.json", b'{"memory": 16}')
        before = os.environ.get("XDG_CONFIG_HOME")
        os.environ["XDG_CONFIG_HOME"] = self.folder
        self.addCleanup(os.environ.__setitem__, "XDG_CONFIG_HOME", before)
        self.assertIn(b"memory: 16 MiB", run("check").out)
        self.assertIn(b"memory: 24 MiB", run("check", "-m", "24").out)

    def test_errors_name_the_place_twice_and_exit_2(self):
        for text, says in ((b'{\n "devices": { "blok": [] } }', ":2:15: devices.blok: unknown key"),
                           (b'{"memory": 1}', ":1:12: memory: "),
                           (b'{"memory" 1}', ":1:11: "),
                           (b"", ":1:1: ")):
            result = run("run", self.write("m.json", text))
            self.assertEqual(result.code, 2)
            self.assertIn("m.json" + says, result.err)
            self.assertEqual(result.err.count("\n"), 1)
        self.assertEqual(run("run", self.path("none.json")).code, 2)


class Scripts(ProgramTest):
    RULES = ("--expect", r"lgx\$ ,send=echo hi there\n", "--expect", "^hi there,send=halt\\n")

    def test_a_script_repeats_to_the_instruction(self):
        results = []
        for name in ("a", "b"):
            self.assertEqual(run("run", *self.RULES, "--json-result", self.path("r")).code, 0)
            results.append(self.json("r"))
        self.assertEqual(results[0], results[1])

    def test_an_expectation_that_fails_exits_7_and_names_the_pattern(self):
        result = run("run", *self.RULES, "--expect", "no such text", "--json-result",
                     self.path("r"))
        self.assertEqual(result.code, 7)
        self.assertIn('"no such text" did not come', result.err)
        self.assertEqual(self.json("r")["expect"], {"done": 2, "rules": 3})

    def test_a_rule_can_choose_the_exit_code(self):
        result = run("run", "--expect", r"lgx\$ ,exit=42")
        self.assertEqual(result.code, 42)

    def test_a_bad_pattern_exits_2(self):
        result = run("run", "--expect", "a(")
        self.assertEqual(result.code, 2)
        self.assertIn("expect[0].match", result.err)

    def test_a_panic_counts_more_than_the_script(self):
        result = run("run", "--expect", r"lgx\$ ,send=panic\n", "--expect", "never")
        self.assertEqual(result.code, 4)

    def test_console_bytes_end_the_run_with_5(self):
        result = run("run", "-a", "demo", "--set", "limits.console_bytes=100B")
        self.assertEqual((result.code, len(result.out)), (5, 100))
        self.assertIn("console output", result.err)

    def test_a_random_seed_is_printed_and_repeats(self):
        words = ("run", "-a", "demo", "--json-result", self.path("r"))
        result = run(*words, "--seed", "random")
        first = self.json("r")
        self.assertIn(f"--seed {first['seed']} repeats", result.err)
        run(*words, "--seed", first["seed"])
        self.assertEqual(self.json("r"), first)


class SocketConsole(ProgramTest):
    @unittest.skipUnless(hasattr(socket, "AF_UNIX"), "no Unix sockets here")
    def test_who_connects_has_the_console(self):
        path = self.path("console")
        with Session("run", "-a", "sh", "--console", "socket=" + path) as session:
            end = time.monotonic() + program.PATIENCE
            client = socket.socket(socket.AF_UNIX)
            self.addCleanup(client.close)
            client.settimeout(program.PATIENCE)
            while client.connect_ex(path) != 0:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)
            seen = b""
            while PROMPT not in seen:
                seen += client.recv(4096)
            client.sendall(b"halt\n")
            self.assertEqual(session.process.wait(program.PATIENCE), 0)
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    program.main()
