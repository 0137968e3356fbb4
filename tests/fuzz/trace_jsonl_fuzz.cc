// Traces as JSON lines: an answer or an error that names the line; and what was read can
// be written in every format, and read again as the same.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/types.h"
#include "report/run_report.h"
#include "report/trace_jsonl.h"
#include "tests/fuzz/require.h"

namespace lgx {
namespace {

using test::Require;

Status Convert(std::string_view lines, TraceFormat format, std::string* out) {
  const auto writer =
      MakeTraceWriter(format, [&](std::string_view part) { *out += part; });
  return ReadJsonTrace(lines, "f.jsonl", *writer);
}

void Fuzz(std::string_view lines) {
  std::string first;
  const Status status = Convert(lines, TraceFormat::kJsonLines, &first);
  if (!status.ok()) {
    Require(MessageOf(status).starts_with("f.jsonl:"));
    return;
  }
  std::string second;
  Require(Convert(first, TraceFormat::kJsonLines, &second).ok());
  Require(first == second);
  std::string other;
  Require(Convert(first, TraceFormat::kText, &other).ok());
  Require(Convert(first, TraceFormat::kPerfetto, &other).ok());
  RunSummary summary;
  Require(ReadJsonTrace(first, "f.jsonl", summary).ok());
  ReportInput input;
  input.events = &summary;
  Require(!RenderRunReport(input).empty());
}

// Half of the inputs are lines of a trace with some bytes changed: noise alone would fail
// at the first character.
std::string Made(std::string_view bytes) {
  std::string lines =
      "{\"lgx_trace\":1,\"instructions_per_second\":1000}\n"
      "{\"insn\":5,\"ns\":5,\"cat\":\"crossing\",\"ph\":\"B\",\"name\":\"enter\","
      "\"args\":{\"cs\":97}}\n"
      "{\"insn\":60,\"ns\":60,\"cat\":\"crossing\",\"ph\":\"E\",\"name\":\"exit\","
      "\"args\":{\"switcher_out\":33},\"text\":\"page_fault\"}\n"
      "{\"insn\":60,\"ns\":60,\"cat\":\"fault\",\"ph\":\"I\",\"name\":\"page_fault\","
      "\"args\":{\"lin\":3221225472}}\n"
      "{\"insn\":60,\"ns\":70,\"cat\":\"shadow\",\"ph\":\"I\",\"name\":\"switch\","
      "\"args\":{\"slot\":1,\"gpgdir\":4096}}\n"
      "{\"insn\":61,\"ns\":99,\"cat\":\"console\",\"ph\":\"I\",\"name\":\"output\","
      "\"text\":\"a\\u00ff\"}\n";
  for (size_t i = 0; i + 2 < bytes.size() && i < 24; i += 3) {
    const size_t at = static_cast<u8>(bytes[i]) * 256u + static_cast<u8>(bytes[i + 1]);
    lines[at % lines.size()] = bytes[i + 2];
  }
  return lines;
}

}  // namespace
}  // namespace lgx

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  lgx::Fuzz(bytes);
  lgx::Fuzz(lgx::Made(bytes));
  return 0;
}
