"""kill -9 at random moments while the built-in guest writes to its disk: whatever the guest
has reported as flushed is there afterwards, in a raw image and behind an overlay.

LGX_KILLS says how often to kill (20); LGX_KILL_SEED chooses the moments.
"""
import os
import random
import signal
import struct
import subprocess
import time

import program
from program import PROGRAM, PATIENCE, ProgramTest, run

KILLS = int(os.environ.get("LGX_KILLS", "20"))
SEED = int(os.environ.get("LGX_KILL_SEED", "1"))

# As in guests/user/programs/disk.c.
BLOCK, SECTOR = 4096, 512
MAX_RUNS, MAX_RUN = 8, 4
MAGIC = 0x4478676C
BLOCKS = 512


class Soak:
    """What `disk soak` writes: the blocks of each round."""

    def __init__(self):
        self.state = 1
        self.rounds = [[]]

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % limit

    def blocks_of(self, number):
        while len(self.rounds) <= number:
            blocks = []
            for _ in range(1 + self.below(MAX_RUNS)):
                first = self.below(BLOCKS)
                blocks += range(first, first + min(1 + self.below(MAX_RUN), BLOCKS - first))
            self.rounds.append(blocks)
        return self.rounds[number]


SOAK = Soak()


def sector_of(number, block, sector):
    if number == 0:
        return bytes(SECTOR)
    return struct.pack("<4I", MAGIC, number, block, sector) * (SECTOR // 16)


def wrong_sectors(disk, flushed):
    """What is missing from `disk` after round `flushed` was reported. The round after it may
    be there, or not, or in part."""
    last = [0] * BLOCKS
    for number in range(1, flushed + 1):
        for block in SOAK.blocks_of(number):
            last[block] = number
    begun = set(SOAK.blocks_of(flushed + 1))
    wrong = []
    for block in range(BLOCKS):
        for sector in range(BLOCK // SECTOR):
            at = block * BLOCK + sector * SECTOR
            found = disk[at:at + SECTOR]
            allowed = [last[block]] + ([flushed + 1] if block in begun else [])
            if not any(found == sector_of(number, block, sector) for number in allowed):
                wrong.append((block, sector, found[:16].hex(), allowed))
    return wrong


class Kill(ProgramTest):
    def run_and_kill(self, disk, rounds, delay):
        """Kills some time after so many rounds were reported; how many were in the end."""
        process = subprocess.Popen(
            PROGRAM + ["run", "-q", "-a", "sh", "-b", disk], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            process.stdin.write(b"disk soak 1000000\n")
            process.stdin.flush()
            seen = b""
            while seen.count(b"flushed ") < rounds:
                more = os.read(process.stdout.fileno(), 65536)
                self.assertTrue(more, seen)
                seen += more
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.wait()
        self.assertEqual(process.returncode, -signal.SIGKILL, err)
        # Only whole lines: the last one may be cut.
        lines = (seen + out).replace(b"lgx$ ", b"").split(b"\r\n")[:-1]
        flushed = [int(line.split()[1]) for line in lines if line.startswith(b"flushed ")]
        self.assertEqual(flushed, list(range(1, len(flushed) + 1)))
        return len(flushed)

    def check(self, kind, moments):
        rounds = 0
        for i in range(KILLS):
            with self.subTest(f"{kind}, kill {i}"):
                image = self.write("disk.img", bytes(BLOCKS * BLOCK))
                overlay = self.path("disk.ovl")
                if os.path.exists(overlay):
                    os.unlink(overlay)
                disk = image if kind == "raw" else f"{image},overlay={overlay}"
                # Every fourth at any moment from the start on, the others while it writes.
                wait_for = 0 if i % 4 == 0 else moments.randrange(1, 15)
                longest = 0.4 if i % 4 == 0 else 0.05
                flushed = self.run_and_kill(disk, wait_for, moments.uniform(0, longest))
                rounds += flushed
                if kind == "overlay" and os.path.exists(overlay):
                    result = run("disk", "commit", overlay)
                    # Killed before its first byte: an empty file, and nothing was written.
                    if os.path.getsize(overlay):
                        self.assertEqual(result.code, 0, result.err)
                with open(image, "rb") as file:
                    self.assertEqual(wrong_sectors(file.read(), flushed), [])
        print(f"{kind}: {KILLS} kills, {rounds} rounds flushed before them")
        self.assertGreater(rounds, 0)

    def test_raw_image(self):
        self.check("raw", random.Random(SEED))

    def test_overlay(self):
        self.check("overlay", random.Random(SEED + 1))

    def test_a_whole_run_ends_as_foreseen(self):
        image = self.write("disk.img", bytes(BLOCKS * BLOCK))
        run("run", "-q", "-a", "sh", "-b", image, stdin=b"disk soak 50\nhalt\n")
        with open(image, "rb") as file:
            disk = file.read()
        self.assertEqual(wrong_sectors(disk, 50), [])
        self.assertNotEqual(wrong_sectors(disk, 40), [])
        self.assertNotEqual(wrong_sectors(disk, 60), [])


if __name__ == "__main__":
    program.main()
