"""The check of links and citations finds what it is there to find."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check_references

SPECIFICATION = """# Host side, part 7
## 4. `demand_page`
### 4.1 Converting
"""


class CheckReferences(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.put("docs/spec/host-07-page-tables.md", SPECIFICATION)
        self.put("docs/spec/user-interface.md", "## 5. Exit codes\n")
        self.put("docs/spec/guest-03-launcher.md", "# Part A — the reference\n### A1.1 Traps\n")

    def tearDown(self):
        self.folder.cleanup()

    def put(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def run_check(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = check_references.main(self.root)
        return code, output.getvalue()

    def assert_accepted(self, path, text):
        self.put(path, text)
        code, output = self.run_check()
        self.assertEqual(code, 0, output)

    def assert_refused(self, path, text, words):
        self.put(path, text)
        code, output = self.run_check()
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)

    def test_right_citations_in_every_form_are_accepted(self):
        self.assert_accepted("src/a.cc", "// (host-07 section 4; user-interface section 5)\n"
                             "// host-07 sections 4 and 4.1, guest-03 A1.1, host-07.\n"
                             "// The rest is in guest-03 section A.\n")

    def test_a_document_that_is_not_there_is_refused(self):
        self.assert_refused("src/a.cc", "// (host-09 section 1)", "docs/spec has no host-09")

    def test_a_section_that_is_not_there_is_refused(self):
        self.assert_refused("tests/a.cc", "// host-07 section 6", "no section 6")
        self.assert_refused("tests/a.cc", "// host-07 sections 4, 4.1 and 8", "no section 8")

    def test_a_citation_over_a_line_break_is_read(self):
        self.assert_refused("src/a.h", "// as host-07 section\n// 9 says", "no section 9")

    def test_documents_cite_each_other_too(self):
        self.assert_refused("docs/spec/x.md", "see host-07 §4.7", "no section 4.7")

    def test_links_lead_to_files(self):
        self.assert_accepted("docs/a.md", "[x](spec/user-interface.md#5) [y](https://x.y/)\n")
        self.assert_refused("README.md", "\n[x](docs/b.md)\n", "README.md:2: the link docs/b.md")


if __name__ == "__main__":
    unittest.main()
