"""scripts/journey reads stops as they are meant, and refuses those that are not right."""

import importlib.machinery
import importlib.util
import pathlib
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "journey"


def load_script():
    loader = importlib.machinery.SourceFileLoader("journey", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("journey", loader))
    loader.exec_module(module)
    return module


journey = load_script()


def read(*lines):
    problems = []
    stops = journey.read_stops("src/a.cc", "\n".join(lines), problems)
    return stops, problems


class ReadStops(unittest.TestCase):

    def one(self, *lines):
        stops, problems = read(*lines)
        self.assertEqual(problems, [])
        self.assertEqual(len(stops), 1)
        return stops[0]

    def refused(self, words, *lines):
        _, problems = read(*lines)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def test_a_stop_has_name_title_remark_text_and_place(self):
        stop = self.one("", "//: paging.040 The first touch    (compare lguest H:330)",
                        "// One.", "//", "// Two.", "//:", "template <class F>",
                        "bool DemandPage(ShadowParts& parts,")
        self.assertEqual((stop.name, stop.title), ("paging.040", "The first touch"))
        self.assertEqual(stop.remark, "compare lguest H:330")
        self.assertEqual(stop.text, ["One.", "", "Two."])
        self.assertEqual((stop.place, stop.symbol), ("src/a.cc:2", "DemandPage"))

    def test_classes_constants_and_members_are_found_behind_a_stop(self):
        for line, symbol in (("class Tlb final : private WalkObserver {", "Tlb"),
                             ("inline constexpr u32 kPtePresent = 0x001;", "kPtePresent"),
                             ("StatusOr<Gpa> Setup(GuestView& view)", "Setup"),
                             ("void Tlb::WillStore(Mpa at)", "Tlb::WillStore"),
                             ("SwitcherMap::SwitcherMap(PhysMemory& m)",
                              "SwitcherMap::SwitcherMap")):
            self.assertEqual(self.one("//: memory.010 T", "// x", "//:", line).symbol, symbol)

    def test_a_stop_inside_a_function_speaks_of_that_function(self):
        stop = self.one("void Before() {", "}", "bool Around(int a) {", "  int b = Call(a);",
                        "  //: time.010 T", "  // x", "  //:", "  Later(b);", "}")
        self.assertEqual(stop.symbol, "Around")

    def test_what_is_not_a_stop_is_refused(self):
        self.refused("chapter.NNN", "//: the first touch", "// x", "//:", "int F();")
        self.refused("none of the chapters", "//: pages.010 T", "// x", "//:", "int F();")
        self.refused("has no text", "//: paging.010 T", "//", "//:", "int F();")
        self.refused("not closed", "//: paging.010 T", "// x", "int F();")
        self.refused("not closed", "//: paging.010 T", "// x")
        self.refused("nothing with a name", "//: paging.010 T", "// x", "//:", "}")


class CheckNumbers(unittest.TestCase):

    def check(self, *numbers):
        problems = []
        stops = [journey.Stop(f"src/{i}.cc", 1, "paging", n, "T", None)
                 for i, n in enumerate(numbers)]
        others = [journey.Stop("src/x.cc", 1, c, 10, "T", None)
                  for c in journey.CHAPTERS if c != "paging"]
        journey.check_numbers(stops + others, problems)
        return problems

    def test_tens_without_a_gap_are_right_in_any_order_of_files(self):
        self.assertEqual(self.check(30, 10, 20), [])

    def test_a_number_twice_a_gap_and_an_empty_chapter_are_refused(self):
        self.assertIn("also at", self.check(10, 20, 10)[0])
        self.assertIn("should be paging.020", self.check(10, 30)[0])
        self.assertIn("should be paging.020", self.check(10, 25)[0])
        self.assertIn("no stop", self.check()[0])


if __name__ == "__main__":
    unittest.main()
