#include "report/trace_record.h"

#include <array>
#include <charconv>

#include "report/trace_jsonl.h"
#include "report/trace_perfetto.h"
#include "report/trace_text.h"

namespace lgx {

u64 TraceRecord::Arg(std::string_view key) const {
  for (const TraceArg& arg : args) {
    if (key == arg.key) return arg.value;
  }
  return 0;
}

bool IsHexArg(std::string_view key) {
  static constexpr std::array<std::string_view, 33> kHex = {
      "eip",    "next_eip", "cs",         "lin",    "gpa",  "mpa",  "spte",
      "gpgdir", "cr0",      "cr2",        "cr3",    "arg1", "arg2", "arg3",
      "arg4",   "handler",  "eax",        "ecx",    "edx",  "ebx",  "esp",
      "ebp",    "esi",      "edi",        "eflags", "es",   "ss",   "ds",
      "fs",     "gs",       "error_code", "value",  "port"};
  for (const std::string_view each : kHex) {
    if (each == key) return true;
  }
  return false;
}

StatusOr<TraceFormat> TraceFormatOf(std::string_view path) {
  if (path.ends_with(".txt")) return TraceFormat::kText;
  if (path.ends_with(".jsonl")) return TraceFormat::kJsonLines;
  if (path.ends_with(".pftrace")) return TraceFormat::kPerfetto;
  return Errorf(
      StatusCode::kInvalidArgument,
      "'%s': the name of a trace says its format: .pftrace for Perfetto, .jsonl "
      "for JSON lines, .txt for text",
      std::string(path));
}

std::unique_ptr<TraceConsumer> MakeTraceWriter(TraceFormat format, TextSink sink) {
  switch (format) {
    case TraceFormat::kText:
      return std::make_unique<TextTraceWriter>(std::move(sink));
    case TraceFormat::kJsonLines:
      return std::make_unique<JsonTraceWriter>(std::move(sink));
    case TraceFormat::kPerfetto:
      break;
  }
  return std::make_unique<PerfettoTraceWriter>(std::move(sink));
}

void AppendDecimal(u64 value, std::string* out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out->append(digits, end.ptr);
}

void AppendHex(u64 value, u32 digits, std::string* out) {
  char text[16];
  const auto end = std::to_chars(text, text + sizeof text, value, 16);
  const auto length = static_cast<size_t>(end.ptr - text);
  *out += "0x";
  if (length < digits) out->append(digits - length, '0');
  out->append(text, length);
}

}  // namespace lgx
