#!/usr/bin/env python3
"""Watching a run changes nothing: the final hash is that of the run nobody watches.

usage: looking_test.py LGX...

One row of WAYS for each way to look. Files that are promised to repeat are compared byte for byte,
and a Perfetto trace is read by a decoder of its own.
"""

import collections
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

PROGRAM = []
RUN = ["run", "-q", "--rng", "--record", "off"]
TYPED = "touch 40\nswitch 20\nfork 3\ncow 8\nsleep 2\npoweroff\n"
SHORT = ["--until", "insn:60000"]

# name: options; {} is a folder. SHORT runs end after a few instructions.
WAYS = {
    "stats": ["--stats", "{}/stats.json"],
    "report": ["--report", "{}/report.html"],
    "profile": ["--profile", "{}/profile.html"],
    "everything": ["--stats", "{}/s.json", "--report", "{}/r.html", "--trace", "all={}/t.jsonl"],
}
CATEGORIES = ["crossing", "hypercall", "fault", "demand", "shadow", "irq", "timer", "device", "console"]
for category in CATEGORIES:
    WAYS[f"trace of {category}"] = ["--trace", category + "={}/t.jsonl"]
for extension in ("pftrace", "jsonl", "txt"):
    WAYS[f"trace as {extension}"] = ["--trace", "all={}/t." + extension]
SHORT_WAYS = {
    "trace of insn": ["--trace", "insn={}/t.txt"],
    "trace of mem": ["--trace", "mem={}/t.jsonl"],
    "trace of all, insn and mem": ["--trace", "all,insn,mem={}/t.pftrace", "--trace", "mem={}/t.txt"],
}


def run(options, folder, base=RUN, typed_text=TYPED):
    result = pathlib.Path(folder, "result.json")
    words = [option.replace("{}", str(folder)) for option in options]
    typed = pathlib.Path(folder, "typed")
    typed.write_text(typed_text)
    with typed.open() as stdin:
        done = subprocess.run([*PROGRAM, *base, *words, "--json-result", str(result)], text=True,
                              stdin=stdin, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"{words}: exit code {done.returncode}\n{done.stderr}")
    return json.loads(result.read_text())


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """The fields of a message: number to a list of values, bytes for what has a length."""
    found = collections.defaultdict(list)
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value = int.from_bytes(data[at:at + 8], "little")
            at += 8
        elif key & 7 == 2:
            length, at = varint(data, at)
            value = data[at:at + length]
            assert len(value) == length, "a field is cut off"
            at += length
        else:
            raise AssertionError(f"wire type {key & 7}")
        found[key >> 3].append(value)
    return found


class Looking(unittest.TestCase):
    def test_the_hash_is_that_of_the_unwatched_run(self):
        for ways, base in ((WAYS, RUN), (SHORT_WAYS, RUN + SHORT)):
            with tempfile.TemporaryDirectory() as folder:
                plain = run([], folder, base)
                for name, options in ways.items():
                    with self.subTest(name):
                        watched = run(options, folder, base)
                        for key in ("hash", "instructions", "virtual_ns", "code"):
                            self.assertEqual(watched[key], plain[key], key)

    def test_a_debugger_changes_nothing(self):
        commands = ["until crossing:100", "stage 27", "step 500", "next", "explain", "bt", "disas",
                    "inspect pages --map", "inspect pages --diff", "info idt", "break $eip",
                    "watch gpa:0x1000", "watch $esp,r,w", "continue", "continue", "delete all",
                    "back 1000", "rcontinue", "until console:demo", "continue", "hash"]
        with tempfile.TemporaryDirectory() as folder:
            for pae in ("off", "on"):
                options = ["-a", "demo", "--pae", pae, "--rng"]
                plain = run([], folder, ["run", *options, "--record", folder + "/log"], "")
                typed = "".join(command + "\n" for command in commands)
                for words in (["debug", *options], ["debug", folder + "/log"]):
                    done = subprocess.run([*PROGRAM, *words], text=True, input=typed,
                                          capture_output=True)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), words)
                    self.assertIn("\nhash " + plain["hash"] + "\n", done.stdout)

    def test_gdb_changes_nothing_and_all_that_looks_together_neither(self):
        packets = [b"qSupported:swbreak+;hwbreak+", b"?", b"g", b"m100000,40", b"Z2,100000,4",
                   b"vCont;s", b"vCont;s", b"z2,100000,4", b"qRcmd," + b"inspect pages --map".hex().encode(),
                   *[b"s"] * 50, *[b"bs"] * 20, b"bc", *[b"s"] * 9, b"bs",
                   *[b"qRcmd," + word.hex().encode() for word in (b"trace 9", b"explain")],
                   b"g", b"D"]
        with tempfile.TemporaryDirectory() as folder:
            base = ["run", "-a", "demo", "--rng", "--record", "off"]
            plain = run(["--trace", "all={}/plain.jsonl"], folder, base, "")
            looking = ["--stats", "{}/s.json", "--report", "{}/r.html", "--profile", "{}/p.html"]
            for options in ([], looking, [*looking, "--trace", "all={}/t.jsonl"]):
                result = pathlib.Path(folder, "gdb.json")
                words = [word.replace("{}", folder) for word in options]
                process = subprocess.Popen(
                    [*PROGRAM, *base, *words, "--gdb", folder + "/sock", "--wait",
                     "--json-result", result],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                self.assertIn(b"target remote", process.stderr.readline())
                with socket.socket(socket.AF_UNIX) as gdb:
                    gdb.connect(folder + "/sock")
                    for packet in packets:
                        gdb.sendall(b"$%s#%02x" % (packet, sum(packet) & 0xFF))
                        answer = b""
                        # A monitor command answers in pieces and ends with OK.
                        while not (answer.endswith(b"$OK#9a") if packet[:5] == b"qRcmd" else
                                   re.search(rb"#[0-9a-f]{2}$", answer)):
                            more = gdb.recv(65536)
                            self.assertTrue(more, packet)
                            answer += more
                        if packet != b"D":
                            gdb.sendall(b"+")
                self.assertEqual(process.wait(), 0, process.stderr.read())
                process.stderr.close()
                watched = json.loads(result.read_text())
                for key in ("hash", "instructions", "virtual_ns", "code"):
                    self.assertEqual(watched[key], plain[key], key)
            # What was gone through twice is in the file once.
            self.assertEqual(pathlib.Path(folder, "t.jsonl").read_bytes(),
                             pathlib.Path(folder, "plain.jsonl").read_bytes())

    def test_traces_repeat_to_the_byte_and_convert(self):
        with tempfile.TemporaryDirectory() as folder:
            wanted = [option for extension in ("jsonl", "pftrace", "txt")
                      for option in ("--trace", "all={}/%s." + extension)]
            for name in ("a", "b"):
                run([option.replace("%s", name) for option in wanted], folder)
            source = pathlib.Path(folder, "a.jsonl")
            for extension in ("jsonl", "pftrace", "txt"):
                first = pathlib.Path(folder, "a." + extension).read_bytes()
                self.assertEqual(first, pathlib.Path(folder, "b." + extension).read_bytes())
                made = pathlib.Path(folder, "made." + extension)
                subprocess.run([*PROGRAM, "trace", source, "-o", made], check=True)
                self.assertEqual(first, made.read_bytes(), extension)
            names = collections.Counter()
            for line in source.read_text().splitlines()[1:]:
                event = json.loads(line)
                names[event["cat"], event["name"]] += 1
            for wanted in (("crossing", "enter"), ("crossing", "exit"), ("hypercall", "SET_PTE"),
                           ("fault", "page_fault"), ("demand", "fill"), ("shadow", "switch"),
                           ("irq", "inject"), ("timer", "set"), ("console", "output")):
                self.assertGreater(names[wanted], 0, wanted)
            self.assertEqual(names["crossing", "enter"], names["crossing", "exit"])

    def test_a_replay_is_watched_like_the_run(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "run.lgxlog")
            run(["--record", str(log), "--trace", "all={}/a.jsonl"], folder, RUN[:-2])
            subprocess.run([*PROGRAM, "replay", "-q", log, "--trace", f"all={folder}/b.jsonl",
                            "--report", f"{folder}/r.html", "--profile", f"{folder}/p.html"],
                           check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            self.assertEqual(pathlib.Path(folder, "a.jsonl").read_bytes(),
                             pathlib.Path(folder, "b.jsonl").read_bytes())

    def test_a_perfetto_trace_is_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            run(["--trace", "all={}/t.pftrace"], folder)
            file = fields(pathlib.Path(folder, "t.pftrace").read_bytes())
        self.assertEqual(list(file), [1])
        tracks, depth, flows, ended = {}, collections.Counter(), collections.Counter(), set()
        names = {}
        for packet in map(fields, file[1]):
            for track in map(fields, packet[60]):
                tracks[track[1][0]] = track[2][0].decode()
            for interned in map(fields, packet[12]):
                for entry in map(fields, interned[2]):
                    names[entry[1][0]] = entry[2][0].decode()
            for event in map(fields, packet[11]):
                track, kind = event[11][0], event[9][0]
                self.assertIn(track, tracks)
                for name in event[10]:
                    self.assertIn(name, names)
                depth[track] += {1: 1, 2: -1}.get(kind, 0)
                self.assertIn(depth[track], (0, 1), tracks[track])
                flows.update(event[47])
                ended.update(event[48])
        self.assertEqual(set(depth.values()), {0}, "a slice without an end")
        for name in ("Guest user", "Guest kernel", "Switcher", "Host", "Shadow pages", "Devices"):
            self.assertIn(name, tracks.values())
        self.assertGreater(len(ended), 10)
        for flow in ended:  # a fault, its fill, the next try
            self.assertEqual(flows[flow], 2)

    def test_every_instruction_is_told_once(self):
        with tempfile.TemporaryDirectory() as folder:
            run(["--trace", "insn={}/t.jsonl"], folder, RUN + ["--until", "insn:5000"])
            lines = pathlib.Path(folder, "t.jsonl").read_text().splitlines()[1:]
        counts = [json.loads(line)["insn"] for line in lines]
        self.assertEqual(counts, list(range(1, len(counts) + 1)))
        self.assertGreaterEqual(len(counts), 5000)

    def test_accesses_to_memory_have_their_bytes_and_repeat_in_every_format(self):
        with tempfile.TemporaryDirectory() as folder:
            base = RUN + SHORT
            for name in ("a", "b"):
                run([word for extension in ("jsonl", "pftrace", "txt")
                     for word in ("--trace", f"mem={{}}/{name}.{extension}")], folder, base)
            for extension in ("jsonl", "pftrace", "txt"):
                first = pathlib.Path(folder, "a." + extension).read_bytes()
                self.assertEqual(first, pathlib.Path(folder, "b." + extension).read_bytes())
                made = pathlib.Path(folder, "made." + extension)
                subprocess.run([*PROGRAM, "trace", pathlib.Path(folder, "a.jsonl"), "-o", made],
                               check=True)
                self.assertEqual(first, made.read_bytes(), extension)
            names = collections.Counter()
            for line in pathlib.Path(folder, "a.jsonl").read_text().splitlines()[1:]:
                event = json.loads(line)
                names[event["name"]] += 1
                self.assertEqual(event["cat"], "mem")
                self.assertEqual("value" in event["args"], event["args"]["bytes"] <= 8)
                self.assertLess(event["args"].get("gpa", 0), 64 << 20)
            for place in ("kernel", "switcher", "host"):
                for what in ("read", "write"):
                    self.assertGreater(names[f"{place} {what}"], 100)

    def test_a_report_is_made_from_files_as_well(self):
        with tempfile.TemporaryDirectory() as folder:
            run(["--stats", "{}/s.json", "--trace", "all={}/t.jsonl", "--report", "{}/r.html"], folder)
            page = pathlib.Path(folder, "made.html")
            parts = [pathlib.Path(folder, name) for name in ("s.json", "t.jsonl", "result.json")]
            subprocess.run([*PROGRAM, "report", *parts, "-o", page], check=True)
            for text in (page.read_text(), pathlib.Path(folder, "r.html").read_text()):
                for anchor in ("summary", "timeline", "crossings", "faults", "shadow", "hypercalls",
                               "devices", "console", "counters"):
                    self.assertIn(f'<section id="{anchor}">', text)
                for outside in ("http:", "https:", "@import", "src="):
                    self.assertNotIn(outside, text)

    def test_a_profile_names_functions_and_stages(self):
        with tempfile.TemporaryDirectory() as folder:
            run(["--profile", "{}/p.html"], folder)
            page = pathlib.Path(folder, "p.html").read_text()
        for name in ("Guest kernel", "Guest user", "Switcher", "restore_guest", "demand fill",
                     "hypercall SET_PTE"):
            self.assertIn(name, page)

    def test_what_is_wrong_is_named(self):
        cases = {
            ("run", "--trace", "crossings=t.txt"): "no category",
            ("run", "--trace", "crossing=t.bin"): ".pftrace",
            ("run", "--trace", "crossing"): "CATEGORIES=FILE",
            ("run", "--trace", "crossing=/nowhere/t.txt"): "/nowhere/t.txt",
            ("trace", "/nowhere/t.jsonl", "-o", "x.txt"): "/nowhere/t.jsonl",
            ("trace", __file__, "-o", "/nowhere/x.txt"): "/nowhere/x.txt",
            ("report", __file__, "-o", "x.html"): "neither counters",
            ("report", "x.json"): "--output",
        }
        for words, says in cases.items():
            done = subprocess.run([*PROGRAM, *words], text=True, stdin=subprocess.DEVNULL,
                                  capture_output=True)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(says, done.stderr, words)


if __name__ == "__main__":
    PROGRAM = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
