"""The program on a terminal: raw while the guest runs, as it was before on every way out."""
import os
import signal
import termios
import time

import program
from program import PROMPT, ProgramTest, Session

LFLAG = 3


class Terminal:
    """A pseudo-terminal: the program has one end, the test types at the other."""

    def __init__(self):
        self.our_end, self.program_end = os.openpty()

    def settings(self):
        return termios.tcgetattr(self.program_end)

    def close(self):
        os.close(self.our_end)
        os.close(self.program_end)


class TerminalTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.terminal = Terminal()
        self.addCleanup(self.terminal.close)
        self.before = self.terminal.settings()

    def session(self, *words):
        return Session(*words, terminal=self.terminal)

    def shell(self, session):
        session.wait_for(PROMPT)
        raw = self.terminal.settings()
        for flag in (termios.ISIG, termios.ICANON, termios.ECHO):
            self.assertFalse(raw[LFLAG] & flag)
        self.assertEqual(raw[1], self.before[1], "output processing stays as it is")

    def wait(self, session):
        """The exit code, while what the program still prints is read."""
        end = time.monotonic() + program.PATIENCE
        while session.process.poll() is None and time.monotonic() < end:
            os.set_blocking(self.terminal.our_end, False)
            try:
                session.seen += os.read(self.terminal.our_end, 65536)
            except BlockingIOError:
                time.sleep(0.01)
        self.assertEqual(self.terminal.settings(), self.before)
        session.err = session.process.stderr.read().decode()
        return session.process.returncode

    def test_G03_4_power_off(self):
        with self.session("run") as session:
            self.shell(session)
            session.type(b"halt\r")
            self.assertEqual(self.wait(session), 0)

    def test_G03_4_crash(self):
        with self.session("run") as session:
            self.shell(session)
            session.type(b"panic\r")
            self.assertEqual(self.wait(session), 4)

    def test_G03_4_killed_guest(self):
        broken = self.guest_bytes()
        broken[program.offset_of_symbol(broken, "lguest_init")] = 0xf4  # hlt
        with self.session("run", self.write("broken", broken)) as session:
            self.assertEqual(self.wait(session), 3)

    def test_G03_4_bad_kernel(self):
        with self.session("run", self.write("broken", b"nothing")) as session:
            self.assertEqual(self.wait(session), 8)

    def test_G03_4_SIGTERM(self):
        with self.session("run") as session:
            self.shell(session)
            session.signal(signal.SIGTERM)
            self.assertEqual(self.wait(session), 143)

    def test_G03_4_quit_keys(self):
        with self.session("run") as session:
            self.shell(session)
            session.type(b"\x01x")
            self.assertEqual(self.wait(session), 0)

    def test_G03_5_three_ctrl_c_end_the_original_launcher(self):
        with self.session("lguest", "64", self.guest()) as session:
            self.shell(session)
            for _ in range(3):
                session.type(b"\x03")
                time.sleep(0.1)
            self.assertEqual(self.wait(session), 130)

    def test_ctrl_c_goes_to_the_guest(self):
        with self.session("run") as session:
            self.shell(session)
            session.type(b"\x03\x03\x03\x03")
            session.type(b"\recho still here\r")
            session.wait_for(b"lgx$ still here")
            session.type(b"halt\r")
            self.assertEqual(self.wait(session), 0)

    def test_typing_is_answered_by_the_shell(self):
        with self.session("run") as session:
            self.shell(session)
            for number in range(5):
                session.type(b"echo answer %d\r" % number)
                session.wait_for(b"\nanswer %d" % number)
            session.type(b"touch 50\r")
            session.wait_for(b"page faults: 50")
            session.type(b"halt\r")
            self.assertEqual(self.wait(session), 0)

    def test_banner_and_summary_frame_the_guest(self):
        with self.session("run") as session:
            self.shell(session)
            session.type(b"halt\r")
            self.wait(session)
        self.assertIn("guest powered down", session.err)


if __name__ == "__main__":
    program.main()
