#!/usr/bin/env python3
"""The pages of --report and --profile in a headless Chromium: click, filter, take a picture.

usage: report_browser_test.py LGX...    (exit code 77: there is no Chromium)

LGX_SCREENSHOTS names a folder where the pictures stay.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import browser

PROGRAM = []
HOSTILE = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.pictures = pathlib.Path(os.environ.get("LGX_SCREENSHOTS", cls.folder.name))
        typed = cls.path / "typed"
        typed.write_text(f"echo {HOSTILE}\ntouch 200\nswitch 30\nfork 3\npoweroff\n")
        cls.page = cls.path / "report.html"
        with typed.open() as stdin:
            subprocess.run([*PROGRAM, "run", "-q", "--record", "off", "--report", cls.page], stdin=stdin,
                           stdout=subprocess.DEVNULL, check=True)
        cls.browser = browser.Browser(browser.find())
        cls.browser.open(cls.page)

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.folder.cleanup()

    def test_nothing_is_fetched(self):
        self.assertEqual([url for url in self.browser.requests() if not url.startswith(("file:", "data:", "about:"))], [])

    def test_what_the_guest_says_stays_text(self):
        self.assertNotEqual(self.browser.ask("document.title"), "broken")
        self.assertEqual(self.browser.ask("document.querySelectorAll('img').length"), 0)
        self.assertIn(HOSTILE, self.browser.ask("document.getElementById('console-text').textContent"))

    def test_a_click_sorts_a_table(self):
        ask = self.browser.ask
        column = "[...document.querySelectorAll('#calls tbody tr')].map(r => Number(r.cells[1].dataset.n))"
        ask("document.querySelectorAll('#calls th')[1].click()")
        falling = ask(column)
        self.assertEqual(falling, sorted(falling, reverse=True))
        ask("document.querySelectorAll('#calls th')[1].click()")
        self.assertEqual(ask(column), sorted(falling))
        ask("document.querySelectorAll('#calls th')[0].click()")
        names = ask("[...document.querySelectorAll('#calls tbody tr')].map(r => r.cells[0].textContent)")
        self.assertEqual(names, sorted(names))

    def test_typing_filters_rows(self):
        ask = self.browser.ask
        ask("""{ const i = document.querySelector('input[data-rows=every-counter]'); i.value = 'slot';
                 i.dispatchEvent(new Event('input')); }""")
        seen = ask("[...document.querySelectorAll('#every-counter tbody tr')].filter(r => !r.hidden).map(r => r.cells[0].textContent)")
        self.assertTrue(seen)
        self.assertTrue(all("slot" in name for name in seen), seen)
        ask("""{ const i = document.querySelector('input[data-rows=every-counter]'); i.value = '';
                 i.dispatchEvent(new Event('input')); }""")

    def test_words_are_found_in_the_console(self):
        ask = self.browser.ask
        ask("""{ const i = document.querySelector('input[data-text]'); i.value = 'touch';
                 i.dispatchEvent(new Event('input')); }""")
        self.assertGreater(ask("document.querySelectorAll('#console-text mark').length"), 0)
        self.assertIn(HOSTILE, ask("document.getElementById('console-text').textContent"))

    def test_no_two_elements_have_one_name(self):
        names = self.browser.ask("[...document.querySelectorAll('[id]')].map(e => e.id)")
        self.assertEqual(len(names), len(set(names)), names)

    def test_pictures_in_light_and_dark(self):
        taken = []
        for dark in (False, True):
            self.browser.dark(dark)
            taken.append(self.browser.screenshot(self.pictures / f"report-{'dark' if dark else 'light'}.png"))
        self.browser.dark(False)
        for picture in taken:
            self.assertTrue(picture.startswith(b"\x89PNG"))
        self.assertNotEqual(taken[0], taken[1])

    def test_it_is_readable_without_scripts(self):
        self.browser.events.clear()
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.browser.open(self.page)
        hidden = "getComputedStyle(document.querySelector('.tool')).display"
        self.assertEqual(self.browser.ask(hidden), "none")
        self.assertGreater(self.browser.ask("document.querySelectorAll('svg').length"), 4)
        self.assertIn("poweroff", self.browser.ask("document.getElementById('console-text').textContent"))
        self.browser.call("Emulation.setScriptExecutionDisabled", value=False)
        self.browser.events.clear()
        self.browser.open(self.page)


class Profile(unittest.TestCase):
    def test_a_click_enlarges_a_frame_and_names_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            typed = path / "typed"
            typed.write_text("touch 400\nswitch 50\nfork 5\npoweroff\n")
            with typed.open() as stdin:
                subprocess.run([*PROGRAM, "run", "-q", "--record", "off", "--profile", path / "p.html"],
                               stdin=stdin, stdout=subprocess.DEVNULL, check=True)
            with browser.Browser(browser.find()) as page:
                page.open(path / "p.html")
                width = """[...document.querySelectorAll('#flame-instructions g')]
                    .find(g => g.dataset.name == 'Guest kernel').querySelector('rect')"""
                before = float(page.ask(width + ".getAttribute('width')"))
                self.assertLess(before, 999)
                page.ask(width + ".dispatchEvent(new MouseEvent('click', {bubbles: true}))")
                self.assertAlmostEqual(float(page.ask(width + ".getAttribute('width')")), 1000, places=3)
                page.ask("document.querySelector('button[data-flame=flame-instructions]').click()")
                self.assertAlmostEqual(float(page.ask(width + ".getAttribute('width')")), before, places=1)
                page.ask("""{ const i = document.querySelector('input[data-flame=flame-instructions]');
                              i.value = 'KERNEL'; i.dispatchEvent(new Event('input')); }""")
                self.assertGreater(page.ask("document.querySelectorAll('#flame-instructions g.hit').length"), 0)
                folder_for_pictures = os.environ.get("LGX_SCREENSHOTS", folder)
                page.screenshot(pathlib.Path(folder_for_pictures, "profile.png"))
                self.assertEqual(page.complaints(), [])


if __name__ == "__main__":
    PROGRAM = sys.argv[1:]
    if browser.find() is None:
        print("skipped: there is no Chromium here")
        sys.exit(browser.SKIPPED)
    unittest.main(argv=sys.argv[:1])
