"""lgx debug on the built-in guest: from a pipe, in both formats, on a terminal, full screen."""
import os
import re
import signal
import struct
import termios
import time
import unittest
import unittest.mock

import program
from program import ProgramTest, Session, run
from terminal_test import Terminal

IN = [b"save host registers", b"save host stack", b"switch stack", b"GDT", b"IDT", b"TR",
      b"clear host TSS busy", b"CR3", b"pop general registers", b"pop segments",
      b"skip trap words", b"iret"]
BACK = [b"push registers", b"flat DS", b"find pages", b"read trap number", b"CR3",
        b"clear guest TSS busy", b"GDT", b"IDT", b"stack", b"TR", b"pop host registers"]


def debug(*commands, pae=False, words=()):
    text = "".join(command + "\n" for command in commands)
    return run("debug", "--pae", "on" if pae else "off", *words, stdin=text.encode())


def hash_of(text):
    return re.search(rb"hash ([0-9a-f]{16})", text).group(1)


class FromAPipe(ProgramTest):
    def plain_hash(self, pae):
        result = run("run", "--pae", "on" if pae else "off", stdin=b"")
        self.assertEqual(result.code, 0, result.err)
        return hash_of(result.err.encode())

    def test_the_final_hash_is_that_of_a_plain_run(self):
        for pae in (False, True):
            result = debug("until crossing:300", "stage 30", "step 1000", "next", "regs",
                           "inspect pages --map", "break $eip", "watch $esp", "continue",
                           "delete all", "info idt", "crossing next", "stage 5", "explain",
                           "continue", "hash", pae=pae)
            self.assertEqual((result.code, result.err), (0, ""))
            self.assertIn(b"the run is over: power-off", result.out)
            self.assertEqual(hash_of(result.out), self.plain_hash(pae))

    def test_a_whole_crossing_in_all_its_stages(self):
        for pae in (False, True):
            result = debug("until crossing:1000", "stage 27", pae=pae)
            self.assertEqual((result.code, result.err), (0, ""))
            for number, title in enumerate(IN, 1):
                self.assertIn(b"Host -> Guest  stage %d/12  %s" % (number, title), result.out)
            for number, title in enumerate(BACK, 1):
                self.assertIn(b"Guest -> Host  stage %d/11  %s" % (number, title), result.out)
            self.assertIn(b"the VCPU's own register page is mapped here now", result.out)
            self.assertIn(b"read-only from this moment", result.out)

    def test_the_console_s_text_stands_apart(self):
        result = debug("continue")
        self.assertIn(b"\n| demo: all 13 commands succeeded\n", result.out)
        self.assertEqual(debug("until console:\"clock\"").out.count(b"| demo"), 0)

    def test_errors_are_on_standard_error_and_count(self):
        result = debug("stpe", "step", "quit", "step")
        self.assertEqual(result.code, 2)
        self.assertEqual(result.err,
                         'lgx: debug: unknown command "stpe"; did you mean step?\n')
        self.assertEqual(result.out.count(b"insn "), 2)

    def test_the_same_commands_give_the_same_text(self):
        commands = ("until insn:100000", "trace 20", "explain", "bt", "disas", "info gdt")
        self.assertEqual(debug(*commands).out, debug(*commands).out)

    def test_commands_of_the_command_line_come_first(self):
        result = run("debug", "-e", "step 3", "--execute", "hash", "--echo", stdin=b"regs\n")
        self.assertEqual(result.code, 0, result.err)
        shown = re.findall(rb"\(lgx\) (.*)", result.out)
        self.assertEqual(shown, [b"step 3", b"hash", b"regs"])

    def test_bad_command_lines(self):
        self.assertEqual(run("debug", self.path("none")).code, 2)
        self.assertEqual(run("debug", "--tui").code, 2)
        self.assertEqual(run("debug", "--expect", "x").code, 2)
        self.assertEqual(run("debug", self.write("junk", b"junk")).code, 8)
        for symbols in (b"", b"hello\n", b"\x7fELF", os.urandom(500)):
            result = run("debug", "--symbols", self.write("map", symbols))
            self.assertIn(result.code, (2, 8), symbols)
            self.assertIn("map", result.err)

    def test_any_line_is_answered(self):
        ugly = [b"", b" ", b"\x00\x01\xff", b"x" * 100000, b"step " + b"9" * 40, b"break " * 50,
                b'until console:"', b"x/9999999999999x 0", b"watch ,,,,", b"$", b"info \xe2\x82",
                b"inspect pages 0x" + b"f" * 99, b"disas 0xffffffff 5", b"x/64xb 0xfffffff0",
                b"until insn:99999999999999999999999", b"enable 1 on", b"#", b"\t\r"]
        result = run("debug", stdin=b"\n".join(ugly) + b"\nhash")
        self.assertEqual(result.code, 2)
        self.assertIn(b"hash ", result.out)

    def test_what_is_typed_reaches_the_guest(self):
        result = run("debug", "--", "shell", stdin=(
            b'until console:"lgx$ "\ntype echo hello from outside\ncontinue\n'))
        self.assertIn(b"hello from outside", result.out)


class EachCommand(ProgramTest):
    """One line for each command that help lists, and what its answer must have."""

    LINES = {
        "step": ("step 10", rb"insn \d+  time"),
        "next": ("next", rb"=> 0x"),
        "continue": ("continue", rb"breakpoint 1\n"),
        "until": ("until crossing:100", rb"crossing 100"),
        "crossing": ("crossing next", rb"crossing \d+ begins"),
        "stage": ("stage", rb"the Host calls the Switcher"),
        "back": ("back 7", rb"insn \d+  time"),
        "rcontinue": ("rcontinue", rb"breakpoint 1\n"),
        "break": ("break HandleSyscall", rb"1   break  lin:0x[0-9a-f]{8} <HandleSyscall>"),
        "watch": ("watch gpa:0x1000,w,8", rb"write  gpa:0x00001000, 8 bytes"),
        "enable": ("enable 2 off", rb", off"),
        "delete": ("delete 2", rb"^"),
        "regs": ("regs", rb"eax [0-9a-f]{8}"),
        "x": ("x/8xw $esp", rb"lin:0x[0-9a-f]{8} ( [0-9a-f]{8}){4}"),
        "disas": ("disas HandleSyscall 3", rb"HandleSyscall:\n"),
        "bt": ("bt", rb"#0  0x"),
        "sym": ("sym HandleSyscall", rb"0x[0-9a-f]{8} HandleSyscall"),
        "inspect": ("inspect pages $eip", rb"shadow slot"),
        "info": ("info gdt", rb"LGUEST_CS"),
        "explain": ("explain", rb"insn \d+, crossing \d+"),
        "trace": ("trace 5", rb"crossing  exit"),
        "hash": ("hash", rb"hash [0-9a-f]{16}"),
        "type": ("type hello", rb"^"),
        "help": ("help stage", rb"Twelve stages"),
        "quit": ("quit", rb"^"),
    }

    def test_each_command_answers_from_a_pipe(self):
        listed = re.findall(rb"^  ([a-z]+)[ (]", debug("help").out, re.M)
        self.assertEqual(sorted(word.decode() for word in listed), sorted(self.LINES))
        order = ["break", "watch", "until", "stage", "crossing", "enable", "delete", "regs",
                 "x", "disas", "bt", "sym", "inspect", "info", "explain", "trace", "continue",
                 "step", "next", "back", "rcontinue", "hash", "type", "help", "quit"]
        self.assertEqual(sorted(order), sorted(self.LINES))
        for pae in (False, True):
            result = debug(*[self.LINES[name][0] for name in order], pae=pae, words=["--echo"])
            self.assertEqual((result.code, result.err), (0, ""))
            answers = result.out.split(b"(lgx) ")[1:]
            self.assertEqual(len(answers), len(order))
            for name, answer in zip(order, answers):
                line, text = answer.split(b"\n", 1)
                self.assertEqual(line.decode(), self.LINES[name][0])
                self.assertRegex(text, self.LINES[name][1], name)

    def test_a_log_and_a_snapshot_can_be_debugged(self):
        log, state = self.path("run.lgxlog"), self.path("a.lgxsnap")
        plain = run("run", "-a", "demo", "--record", log)
        self.assertEqual(plain.code, 0, plain.err)
        saved = run("snapshot", "save", log, state, "--until", "insn:800000")
        self.assertEqual(saved.code, 0, saved.err)
        for file in (log, state):
            result = run("debug", file, stdin=b"until insn:900000\nback 50000\nregs\ncontinue\nhash\n")
            self.assertEqual((result.code, result.err), (0, ""))
            self.assertEqual(hash_of(result.out), hash_of(plain.err.encode()))
        typed = run("debug", log, stdin=b"type x\n")
        self.assertEqual(typed.code, 2)
        self.assertEqual(run("debug", log, "-m", "32M").code, 2)
        self.assertEqual(run("debug", self.write("bad.lgxlog", b"lgxlog\r\njunk")).code, 8)
        for what, says in {"guest": b"eax", "tlb": b"mmu.tlb", "gdt": b"LGUEST_CS",
                           "idt": b"Switcher", "tss": b"stack", "virtqueue": b"announced",
                           "pages": b"guest-physical"}.items():
            shown = run("inspect", what, state)
            self.assertEqual((shown.code, shown.err), (0, ""))
            self.assertIn(says, shown.out, what)
        shown = run("inspect", "pages", "0xc0100000", log, "--until", "crossing:100")
        self.assertIn(b"linear 0xc0100000", shown.out)
        self.assertIn(b"crossing  exit", run("inspect", "events", log, "--until", "insn:700000").out)
        for words in (["inspect"], ["inspect", "pagse", state], ["inspect", "pages"],
                      ["inspect", "gdt", "1", state], ["inspect", "gdt", state, "--diff"],
                      ["inspect", "gdt", log, "--until", "crossing:99999999"]):
            self.assertEqual(run(*words).code, 2, words)


class OnATerminal(ProgramTest):
    def setUp(self):
        super().setUp()
        self.terminal = Terminal()
        self.addCleanup(self.terminal.close)
        self.before = self.terminal.settings()
        # libedit 3.1 never frees the names of functions that were added to it.
        options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        patch = unittest.mock.patch.dict(os.environ, {"ASAN_OPTIONS": options})
        patch.start()
        self.addCleanup(patch.stop)

    def session(self, *words):
        return Session("debug", *words, terminal=self.terminal)

    def end(self, session):
        deadline = time.monotonic() + program.PATIENCE
        os.set_blocking(self.terminal.our_end, False)
        ended = False
        while time.monotonic() < deadline:
            try:
                session.seen += os.read(self.terminal.our_end, 65536)
                continue
            except BlockingIOError:
                pass
            if ended:  # and what it wrote last was read
                break
            ended = session.process.poll() is not None
            time.sleep(0.01)
        os.set_blocking(self.terminal.our_end, True)
        self.assertEqual(self.terminal.settings(), self.before)
        return session.process.returncode

    def test_the_prompt_answers(self):
        with self.session() as session:
            session.wait_for(b"(lgx) ")
            session.type(b"hash\n")
            session.wait_for(b"hash ")
            session.type(b"quit\n")
            self.assertEqual(self.end(session), 0)

    def size(self, rows, columns):
        import fcntl
        fcntl.ioctl(self.terminal.program_end, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def test_the_full_screen_draws_obeys_and_leaves(self):
        self.size(40, 120)
        with self.session("--tui") as session:
            session.wait_for(b"q quit")
            session.type(b"s")
            session.wait_for(b"(lgx) step")
            session.type(b":until crossing:50\r")
            session.wait_for(b"crossing 50")
            session.type(b"g")
            session.wait_for(b"the Host calls the Switcher")
            session.type(b"px")
            session.wait_for(b"crossing 51")
            session.type(b"q")
            self.assertEqual(self.end(session), 0)
            self.assertIn(b"\x1b[?1049h", session.seen)
            self.assertTrue(session.seen.rstrip(b"\n").endswith(b"\x1b[?25h\x1b[?1049l"),
                            session.seen[-80:])

    def test_the_screen_comes_back_on_every_way_out(self):
        for end in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGABRT,
                    signal.SIGSEGV):
            with self.session("--tui") as session:
                session.wait_for(b"q quit")
                session.signal(end)
                self.end(session)
                session.seen += self._rest()
                self.assertIn(b"\x1b[?1049l", session.seen, end)

    def _rest(self):
        os.set_blocking(self.terminal.our_end, False)
        try:
            return os.read(self.terminal.our_end, 65536)
        except BlockingIOError:
            return b""
        finally:
            os.set_blocking(self.terminal.our_end, True)

    def test_ctrl_c_stops_a_running_machine(self):
        with self.session("--tui", "--", "do", "syscalls", "1000000000") as session:
            session.wait_for(b"q quit")
            session.type(b":until console:\"lgx$ syscalls\"\r")
            session.wait_for(b"insn ", 2)
            session.type(b"c")
            time.sleep(0.3)
            session.type(b"\x03")
            session.wait_for(b"interrupted")
            session.type(b"q")
            self.assertEqual(self.end(session), 0)


if __name__ == "__main__":
    program.main()
