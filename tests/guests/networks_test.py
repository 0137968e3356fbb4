"""Network cards: what they lead to, and several guests in one process."""
import hashlib
import http.server
import os
import random
import socket
import threading
import urllib.request

import program
from program import ProgramTest, Session, run

FOLDER = os.environ.get("LGX_KERNELS", "")
USER = ("-n", "user")
LAB = ("-n", "virtual=lab")


def has_user_net():
    result = run("run", "-q", *USER, "--", "do", "net")
    return "libslirp" not in result.err


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class BuiltinGuest(ProgramTest):
    def test_a_card_is_found_and_has_its_address(self):
        result = run("run", "-n", "none,mac=52:54:00:12:34:56", "--", "do", "net")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"52:54:00:12:34:56", result.out)

    def test_without_a_card_the_program_says_so(self):
        result = run("run", "-q", "--", "do", "net")
        self.assertEqual(result.code, 4)
        self.assertIn(b"no network card", result.out)

    def test_nobody_answers_on_a_cable_that_leads_nowhere(self):
        result = run("run", "-q", "-n", "none", "--", "do", "net", "ping", "10.0.2.2")
        self.assertEqual(result.code, 4)
        self.assertIn(b"nobody has that address", result.out)

    def test_a_descriptor_carries_frames_both_ways(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, theirs:
            os.set_inheritable(theirs.fileno(), True)
            words = ["run", "-q", "-n", f"fd={theirs.fileno()}", "--", "do", "net", "ping",
                     "10.0.2.2"]
            # Closed descriptors are the default of the helper, so this starts it itself.
            process = program.subprocess.Popen(
                program.PROGRAM + words, pass_fds=[theirs.fileno()],
                stdin=program.subprocess.DEVNULL, stdout=program.subprocess.PIPE,
                stderr=program.subprocess.PIPE)
            ours.settimeout(program.PATIENCE)
            request = ours.recv(2000)
            self.assertEqual(request[12:14], b"\x08\x06")
            mac = b"\x02\x00\x00\x00\x00\x99"
            ours.send(request[6:12] + mac + request[12:21] + b"\x02" + mac +
                      bytes([10, 0, 2, 2]) + request[22:32])
            echo = ours.recv(2000)
            process.kill()
            process.communicate()
            self.assertEqual(echo[:6], mac)
            self.assertEqual(echo[23], 1)

    def test_a_descriptor_that_is_not_open_is_refused(self):
        result = run("run", "-n", "fd=4321")
        self.assertEqual(result.code, 2)
        self.assertIn("fd=4321", result.err)

    def test_the_user_network_answers(self):
        if not has_user_net():
            self.skipTest("built without libslirp")
        result = run("run", *USER, "--stats", self.path("s"), "--", "do", "net", "ping",
                     "10.0.2.2", "20")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"20 pings answered", result.out)
        stats = self.json("s")
        self.assertEqual(stats["net.0.tx_frames"], 21)
        self.assertEqual(stats["net.0.rx_frames"], 21)
        self.assertEqual(stats["net.0.rx_dropped"], 0)

    def test_a_port_in_use_is_refused_by_name(self):
        if not has_user_net():
            self.skipTest("built without libslirp")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            result = run("run", "-n", f"user,fwd=tcp:{port}:22")
        self.assertEqual(result.code, 1)
        self.assertIn(f"port {port}", result.err)


class SeveralGuests(ProgramTest):
    def pings(self, *words):
        result = run("run", *LAB, "--json-result", self.path("r"), *words, "--", "do", "net",
                     "ping", "10.0.2.16", "10", "--and", *LAB, "--", "do", "net", "answer",
                     "10")
        return result, self.json("r")

    def test_G03_13_two_guests_ping_each_other(self):
        result, ending = self.pings()
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"10.0.2.16 is at 02:6c:67:78:01:00", result.out)
        self.assertIn(b"\r\nguest 2: 10 pings answered\r\n", result.out)
        self.assertEqual([guest["code"] for guest in ending["guests"]], [0, 0])
        self.assertIn("lgx: 2 guests; hash " + ending["hash"], result.err)

    def test_such_a_run_repeats(self):
        first, a = self.pings()
        second, b = self.pings()
        self.assertEqual(a, b)
        self.assertEqual(first.out, second.out)

    def test_guests_of_other_groups_hear_nothing(self):
        result = run("run", "-q", *LAB, "--", "do", "net", "ping", "10.0.2.16", "--and", "-n",
                     "virtual=other", "--max-virtual-time", "5s", "--", "do", "net", "answer",
                     "1")
        self.assertEqual(result.code, 4)
        self.assertIn(b"nobody has that address", result.out)

    def test_three_guests_share_a_hub_and_both_formats_of_page_tables_mix(self):
        result = run("run", *LAB, "--pae", "on", "--", "do", "net", "ping", "10.0.2.17", "4",
                     "--and", *LAB, "--", "do", "net", "ping", "10.0.2.17", "4",
                     "--and", *LAB, "--console", "file=" + self.path("third"),
                     "--", "do", "net", "answer", "8")
        self.assertEqual(result.code, 0, result.err)
        self.assertNotIn(b"guest 3: ", result.out)
        with open(self.path("third"), "rb") as third:
            self.assertIn(b"8 pings answered", third.read())

    def test_the_exit_code_is_of_the_first_that_did_not_end_well(self):
        result = run("run", "--", "do", "echo", "--and", "--", "do", "panic", "--and",
                     "--max-instructions", "1000")
        self.assertEqual(result.code, 4)
        self.assertIn("guest 2: guest crashed", result.err)
        self.assertIn("guest 3: the limit of instructions is reached", result.err)

    def test_the_first_can_be_typed_at(self):
        with Session("run", "-a", "sh", "--and", "--max-virtual-time", "100s", "-a",
                     "sh") as session:
            session.wait_for(program.PROMPT)
            session.type(b"echo one two\n")
            session.wait_for(b"\r\none two\r\n")
            session.type(b"halt\n")
            self.assertEqual(session.end(), 5)
        self.assertIn("guest 1: guest powered down", session.err)

    def test_only_the_first_can_have_the_terminal(self):
        result = run("run", "--and", "--console", "stdio")
        self.assertEqual(result.code, 2)
        self.assertIn("only the first guest", result.err)


class Files(http.server.BaseHTTPRequestHandler):
    content = b""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_):
        pass


class RealKernels(ProgramTest):
    """Fetches a file from the host and serves one back, as `initrd-busybox.img` can."""

    def setUp(self):
        super().setUp()
        self.initrd = os.path.join(FOLDER, "initrd-busybox.img")
        if not FOLDER or not os.path.exists(self.initrd):
            self.skipTest("LGX_KERNELS has no initrd-busybox.img")
        if not has_user_net():
            self.skipTest("built without libslirp")
        self.images = sorted(
            name for name in os.listdir(FOLDER)
            if name.startswith("vmlinux-3.") and name.count("-") == 2)

    def serve(self, content):
        handler = type("Handler", (Files,), {"content": content})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def test_G02_11_a_file_comes_in_and_goes_out_unchanged(self):
        content = random.Random(1).randbytes(1_000_000)
        digest = hashlib.sha256(content).hexdigest().encode()
        port = self.serve(content)
        for image in self.images:
            with self.subTest(image=image):
                self.fetch_and_serve(image, port, content, digest)

    def fetch_and_serve(self, image, port, content, digest):
        forwarded = free_port()
        with Session("run", os.path.join(FOLDER, image), "-i", self.initrd, "-n",
                     f"user,fwd=tcp:{forwarded}:80") as session:
            session.wait_for(b"USERSPACE")
            session.type(
                b"ifconfig eth0 10.0.2.15 up; route add default gw 10.0.2.2\n"
                b"cd /tmp; wget -q http://10.0.2.2:%d/blob && sha256sum blob\n" % port)
            session.wait_for(digest + b"  blob")
            session.type(b"httpd -p 80 -h /tmp && echo SER''VING\n")
            session.wait_for(b"SERVING")
            with urllib.request.urlopen(f"http://127.0.0.1:{forwarded}/blob",
                                        timeout=program.PATIENCE) as reply:
                self.assertEqual(reply.read(), content)
            session.type(b"poweroff -f\n")
            self.assertEqual(session.end(), 0, session.err)


if __name__ == "__main__":
    program.main()
