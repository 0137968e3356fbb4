"""Policies of the shadow tables: the same results for the guest, with fewer faults."""
import re
import unittest

import program
from program import ProgramTest, run

POLICIES = (("guest.shadow_slots=1",), ("guest.shadow_slots=64",),
            ("guest.shadow_replacement=lru",), ("guest.set_pmd=drop-one",),
            ("guest.prefill=16",),
            ("guest.shadow_slots=2", "guest.shadow_replacement=lru", "guest.set_pmd=drop-one",
             "guest.prefill=7"))
# Names and arguments of workloads that take milliseconds.
WORKLOADS = ("touch-sequential pages=300", "touch-random pages=300 rounds=3",
             "touch-stride pages=300 stride=7", "fork pages=20 rounds=5", "exec rounds=5",
             "switch pages=5 rounds=10 processes=9", "mmap pages=9 rounds=20")


def numbers_of(text):
    """The guest's own counts of what it did, but for those that depend on time."""
    return re.findall(rb"(?:page faults:|then written by|FAILED|succeeded|failed)[^\n]*", text)


class Policies(ProgramTest):
    def guest_run(self, pae, command, policies):
        words = [word for policy in policies for word in ("--set", policy)]
        result = run("run", "--pae", pae, "-a", command, "--stats", self.path("s"), *words)
        self.assertEqual(result.code, 0, (policies, result.err, result.out))
        return result.out, self.json("s")

    def test_the_demo_counts_the_same_under_every_policy(self):
        for pae in ("off", "on"):
            first, _ = self.guest_run(pae, "demo", ())
            for policies in POLICIES:
                out, _ = self.guest_run(pae, "demo", policies)
                self.assertEqual(numbers_of(out), numbers_of(first), (pae, policies))

    def test_workloads_give_the_same_sums_in_both_formats_and_under_every_policy(self):
        for workload in WORKLOADS:
            sums = set()
            for pae in ("off", "on"):
                for policies in ((),) + POLICIES:
                    out, _ = self.guest_run(pae, "do bench " + workload, policies)
                    end = re.search(rb"bench: end (.*)", out)
                    self.assertIsNotNone(end, out)
                    sums.add(end.group(1))
            self.assertEqual(len(sums), 1, (workload, sums))

    def test_drop_one_saves_the_fills_that_pae_costs(self):
        command = "do bench fork pages=20 rounds=20"
        _, plain = self.guest_run("off", command, ())
        _, pae = self.guest_run("on", command, ())
        _, one = self.guest_run("on", command, ("guest.set_pmd=drop-one",))
        self.assertGreater(pae["shadow.flush.full"], 50)
        self.assertEqual(one["shadow.flush.pmd"], pae["hypercall.SET_PMD.count"])
        self.assertGreater(pae["mmu.demand.filled"], 2 * one["mmu.demand.filled"])
        self.assertLess(one["mmu.demand.filled"], 1.3 * plain["mmu.demand.filled"])

    def test_prefill_saves_faults(self):
        command = "do bench fork pages=64 rounds=20"
        _, none = self.guest_run("off", command, ())
        _, some = self.guest_run("off", command, ("guest.prefill=16",))
        self.assertEqual(none["mmu.demand.prefilled"], 0)
        self.assertGreater(some["mmu.demand.prefilled"], 0)
        self.assertLess(some["mmu.demand.filled"], none["mmu.demand.filled"])

    def test_more_slots_and_lru_save_fills(self):
        command = "do bench switch pages=8 rounds=20 processes=6"
        _, few = self.guest_run("off", command, ())
        _, many = self.guest_run("off", command, ("guest.shadow_slots=16",))
        self.assertLess(many["mmu.demand.filled"], few["mmu.demand.filled"])
        lru = ("guest.shadow_slots=9", "guest.shadow_replacement=lru")
        _, enough = self.guest_run("off", command, lru)
        self.assertLess(enough["shadow.slot.recycled"], few["shadow.slot.recycled"])

    def test_a_policy_repeats_to_the_instruction(self):
        words = ("--set", "guest.shadow_replacement=lru", "--set", "guest.set_pmd=drop-one",
                 "--set", "guest.prefill=16", "--pae", "on", "-a", "do bench exec rounds=5")
        hashes = set()
        for _ in range(2):
            self.assertEqual(run("run", *words, "--json-result", self.path("r")).code, 0)
            hashes.add(self.json("r")["hash"])
        self.assertEqual(len(hashes), 1)

    def test_bad_values_are_refused_by_name(self):
        for value in ("guest.prefill=17", "guest.set_pmd=drop", "guest.shadow_replacement=x",
                      "guest.shadow_slots=65"):
            result = run("run", "--set", value)
            self.assertEqual(result.code, 2)
            self.assertIn(value.split("=")[0], result.err)

    def test_the_guest_explains_its_workloads(self):
        result = run("run", "-a", "do bench nonsense")
        self.assertIn(b"touch-sequential", result.out)
        self.assertEqual(run("run", "-a", "do bench fork pages=0").code, 4)


if __name__ == "__main__":
    program.main()
