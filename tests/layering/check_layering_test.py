"""The layering check finds what it is there to find."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check_layering

LAYERS = """base:  |
mmu: base |
cpu: mmu base |
switcher: cpu mmu base |
devices: base mmu | mmu/guest_view.h
debug: cpu mmu base |
tools: debug devices cpu mmu base |
"""


class CheckLayering(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        (self.root / "layers.txt").write_text(LAYERS)
        for header in ("base/types", "mmu/guest_view", "mmu/tlb", "cpu/state"):
            self.put(header + ".h")

    def tearDown(self):
        self.folder.cleanup()

    def put(self, path, *lines):
        file = self.root / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        guard = ""
        if path.endswith(".h"):
            guard = f"#ifndef {check_layering.expected_guard(pathlib.Path(path))}\n"
        file.write_text(guard + "\n".join(lines) + "\n")

    def run_check(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = check_layering.main(self.root, self.root / "layers.txt")
        return code, output.getvalue()

    def assert_accepted(self, path, *lines):
        self.put(path, *lines)
        code, output = self.run_check()
        self.assertEqual(code, 0, output)

    def assert_refused(self, path, *lines):
        self.put(path, *lines)
        code, output = self.run_check()
        self.assertEqual(code, 1, output)
        self.assertIn(f"src/{path}:{len(lines)}:", output)

    def test_a_type_has_one_definition(self):
        self.put("cpu/a.h", "namespace lgx {", "struct Range {", "};", "}  // namespace lgx")
        self.put("cpu/b.cc", "namespace lgx {", "struct Range;", "namespace {", "struct Range {",
                 "};", "}  // namespace", "}  // namespace lgx")
        self.put("cpu/c.h", "namespace lgx::tail {", "struct Range {", "};",
                 "}  // namespace lgx::tail")
        self.assert_accepted("cpu/d.h", "namespace lgx {", "class Other final : public Range {")
        self.assert_refused("debug/e.cc", "namespace lgx {", "using Range =")
        self.put("debug/e.cc")
        self.assert_refused("debug/f.cc", "namespace lgx {", "class Range final {")

    def test_downwards_and_sideways_is_allowed(self):
        self.assert_accepted("cpu/a.cc", '#include "cpu/state.h"', '#include "mmu/tlb.h"',
                             '#include "base/types.h"', '#include "absl/status/status.h"')

    def test_upwards_is_refused(self):
        self.assert_refused("mmu/a.cc", "", '#include "cpu/state.h"')

    def test_a_narrowed_module_sees_only_the_named_headers(self):
        self.assert_accepted("devices/a.cc", '#include "mmu/guest_view.h"')
        self.assert_refused("devices/b.cc", '#include "mmu/tlb.h"')

    def test_a_header_that_does_not_exist_is_refused(self):
        self.assert_refused("cpu/a.cc", '#include "mmu/gone.h"')

    def test_zydis_only_where_it_decodes_encodes_and_prints(self):
        self.assert_accepted("cpu/decode.cc", "#include <Zydis/Zydis.h>")
        self.assert_accepted("switcher/text.cc", '#include "Zydis/Zydis.h"')
        self.assert_accepted("debug/format.cc", "#include <Zydis/Zydis.h>")
        self.assert_refused("cpu/dispatch.cc", "#include <Zydis/Zydis.h>")

    def test_clocks_threads_and_signals_belong_to_tools_and_backends(self):
        self.assert_accepted("tools/a.cc", "#include <chrono>", "#include <thread>")
        self.assert_accepted("devices/backend_tty.cc", "#include <signal.h>")
        self.assert_refused("debug/a.cc", "auto t = std::chrono::steady_clock::now();")

    def test_the_core_takes_nothing_from_the_host(self):
        self.assert_accepted("debug/a.cc", 'const char* home = std::getenv("HOME");')
        self.assert_refused("cpu/a.cc", 'const char* home = std::getenv("HOME");')

    def test_system_headers_stay_in_the_files_of_one_system(self):
        self.assert_accepted("base/file_posix.cc", "#include <unistd.h>")
        self.assert_refused("mmu/memory.cc", "#include <sys/mman.h>")

    def test_json_stays_outside_the_core(self):
        self.assert_refused("cpu/a.cc", "#include <nlohmann/json.hpp>")

    def test_the_built_in_guest_is_handed_in_by_the_tools(self):
        self.assert_accepted("tools/a.cc", '#include "guests/builtin_guest.h"')
        self.assert_refused("cpu/a.cc", '#include "guests/builtin_guest.h"')

    def test_comments_may_speak_of_anything(self):
        self.assert_accepted("cpu/a.cc", "// never std::chrono, never <thread>")

    def test_a_wrong_include_guard_is_refused(self):
        file = self.root / "src/cpu/b.h"
        file.write_text("#ifndef CPU_B_H\n")
        self.assertEqual(self.run_check()[0], 1)

    def test_a_folder_nobody_declared_is_refused(self):
        self.put("misc/a.cc")
        self.assertEqual(self.run_check()[0], 1)


if __name__ == "__main__":
    unittest.main()
