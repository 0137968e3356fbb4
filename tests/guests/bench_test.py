"""lgx bench: what it lists, prints and writes."""
import re
import unittest

import program
from program import ProgramTest, run


class Bench(ProgramTest):
    def test_the_list_names_the_workloads_of_the_guest(self):
        listed = run("bench").out.decode()
        for name in ("demand-paging", "scaling"):
            self.assertRegex(listed, f"(?m)^{name} ")
        ours = re.findall(r"(?m)^  ([a-z-]+)  +.*; ", listed.split("Workloads")[1])
        guest = run("run", "-q", "-a", "do bench nothing-of-that-name").out.decode()
        theirs = re.findall(r"(?m)^  ([a-z-]+)\r?$", guest)
        self.assertEqual(ours, theirs)

    def test_a_matrix_as_table_json_and_page(self):
        words = ("bench", "demand-paging", "--workload", "exec rounds=3,fork pages=4 rounds=3",
                 "--slots", "2,4", "--json", self.path("j"), "--html", self.path("h"),
                 "--svg", self.folder)
        result = run(*words)
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(len(result.out.splitlines()), 1 + 2 * 3 * 2)
        points = self.json("j")["points"]
        self.assertEqual(len(points), 12)
        for point in points:
            self.assertGreater(point["counters"]["mmu.demand.filled"], 0)
            self.assertGreater(point["host.ns"], 0)
        with open(self.path("h"), encoding="utf-8") as page:
            text = page.read()
        self.assertIn("fork pages=4 rounds=3", text)
        self.assertNotRegex(text, r'(?:src|href)="(?!#|data:)')
        with open(self.path("fills-over-slots-exec-rounds-3.svg"), encoding="utf-8") as chart:
            self.assertIn("<svg", chart.read())

    def test_a_kernel_of_ones_own_is_measured_as_a_whole(self):
        result = run("bench", "demand-paging", "--kernel", self.guest(), "--kernel",
                     self.guest(pae=True), "-a", "do bench exec rounds=3", "--pmd", "drop-all",
                     "--json", self.path("j"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(b"guest_pae.elf", result.out)
        two_level, pae = self.json("j")["points"]
        self.assertGreater(pae["counters"]["mmu.demand.filled"],
                           two_level["counters"]["mmu.demand.filled"])

    def test_what_cannot_be_measured_is_said(self):
        result = run("bench", "demand-paging", "--kernel", self.guest(), "-a", "demo",
                     "--begin", "not there")
        self.assertNotEqual(result.code, 0)
        self.assertIn("not there", result.err)
        result = run("bench", "demand-paging", "--kernel", self.path("nothing"))
        self.assertEqual(result.code, 2)
        result = run("bench", "demand-paging", "--workload", "exec rounds=1", "--html",
                     self.path("no/such/folder"))
        self.assertEqual((result.code, result.out), (2, b""), result.err)
        result = run("bench", "demand-paging", "--begin", "USERSPACE")
        self.assertEqual(result.code, 2)
        self.assertIn("--kernel", result.err)


if __name__ == "__main__":
    program.main()
