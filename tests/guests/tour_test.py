"""lgx tour: the stops of the journey at the running built-in guest."""
import re

import program
from program import ProgramTest, run

IN = [b"save host registers", b"save host stack", b"switch stack", b"GDT", b"IDT", b"TR",
      b"clear host TSS busy", b"CR3", b"pop general registers", b"pop segments",
      b"skip trap words", b"iret"]
BACK = [b"push registers", b"flat DS", b"find pages", b"read trap number", b"CR3",
        b"clear guest TSS busy", b"GDT", b"IDT", b"stack", b"TR", b"pop host registers"]


class Tour(ProgramTest):
    def test_the_list_has_every_stop(self):
        listed = run("tour", "--list")
        self.assertEqual((listed.code, listed.err), (0, ""))
        stops = re.findall(rb"^  ([a-z]+\.\d{3}) ", listed.out, re.M)
        self.assertGreater(len(stops), 50)
        self.assertEqual(run("tour").out, listed.out)

    def test_stops_show_text_place_and_machine(self):
        for stop in ("machine.010", "paging.060", "privilege.020", "hypercalls.040",
                     "devices.020", "time.020", "time.050", "crossing.090"):
            result = run("tour", stop)
            self.assertEqual((result.code, result.err), (0, ""), stop)
            self.assertIn(b"source: src/", result.out)
            self.assertRegex(result.out, rb"\ninstruction \d+, ", stop)

    def test_the_first_touch_shows_both_tables(self):
        for pae in ("off", "on"):
            result = run("tour", "paging.040", "--pae", pae)
            self.assertIn(b"compare: lguest H:330", result.out)
            self.assertIn(b"shadow slot", result.out)
            self.assertIn(b"page fault (#PF, vector 14)", result.out)
            self.assertIn(b"not yet filled", result.out)
        by_tag = run("tour", "--from", "lguest:H:330", "--pae", "on")
        self.assertEqual(by_tag.out, result.out)

    def test_a_whole_crossing_in_all_its_stages(self):
        for pae in ("off", "on"):
            result = run("tour", "crossing.010", "--pae", pae)
            for number, title in enumerate(IN, 1):
                self.assertIn(b"Host -> Guest  stage %d/12  %s" % (number, title), result.out)
            for number, title in enumerate(BACK, 1):
                self.assertIn(b"Guest -> Host  stage %d/11  %s" % (number, title), result.out)

    def test_lives_lead_through_several_stops(self):
        result = run("tour", "boot")
        self.assertEqual((result.code, result.err), (0, ""))
        self.assertEqual(result.out.count(b"source: src/"), 7)

    def test_slides_for_a_course(self):
        page = self.path("slides.html")
        result = run("tour", "page-fault", "--export", page)
        self.assertEqual((result.code, result.out, result.err), (0, b"", ""))
        with open(page, encoding="utf-8") as file:
            text = file.read()
        shown = run("tour", "page-fault").out.decode()
        stops = re.findall(r"^source: ", shown, re.M)
        self.assertEqual(text.count("<section"), len(stops))
        self.assertIn("not yet filled: the next read faults once, invisibly", text)
        self.assertNotRegex(text, r'(?:src|href)="(?!#|data:)')
        self.assertEqual(run("tour", "page-fault", "--export", self.path("no/x.html")).code, 2)
        self.assertEqual(run("tour", "nothing", "--export", page).code, 2)

    def test_unknown_stops_are_answered(self):
        result = run("tour", "pagign.040")
        self.assertEqual(result.code, 2)
        self.assertIn("tour: there is no stop", result.err)
        for word in ("", "x" * 5000, "paging.", "../../etc", "\u20ac"):
            self.assertEqual(run("tour", "nothing" + word).code, 2)
        self.assertEqual(run("tour", "--from", "lguest:X:1").code, 2)
        self.assertEqual(run("tour", "paging.040", "more").code, 2)


if __name__ == "__main__":
    program.main()
