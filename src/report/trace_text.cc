#include "report/trace_text.h"

namespace lgx {
namespace {

void AppendPadded(std::string_view text, size_t width, std::string* out) {
  *out += text;
  if (text.size() < width) out->append(width - text.size(), ' ');
}

// Right-aligned.
void AppendColumn(u64 value, size_t width, std::string* out) {
  const size_t before = out->size();
  AppendDecimal(value, out);
  const size_t digits = out->size() - before;
  if (digits < width) out->insert(before, width - digits, ' ');
}

void AppendSeconds(u64 ns, std::string* out) {
  constexpr u64 kNsPerSecond = 1'000'000'000;
  AppendColumn(ns / kNsPerSecond, 5, out);
  *out += '.';
  char digits[9];
  u64 rest = ns % kNsPerSecond;
  for (size_t i = sizeof digits; i-- > 0; rest /= 10) {
    digits[i] = static_cast<char>('0' + rest % 10);
  }
  out->append(digits, sizeof digits);
}

// Printable ASCII stays; the rest is written as in C.
void AppendEscaped(std::string_view text, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  *out += '"';
  for (const char c : text) {
    const u8 byte = static_cast<u8>(c);
    if (c == '\n') {
      *out += "\\n";
    } else if (c == '\r') {
      *out += "\\r";
    } else if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      *out += c;
    } else {
      *out += "\\x";
      *out += kDigits[byte >> 4];
      *out += kDigits[byte & 15];
    }
  }
  *out += '"';
}

}  // namespace

void TextTraceWriter::Begin(const TraceHeader& header) {
  std::string& out = out_.buffer();
  out += "# trace of lgx " + header.program + "; ";
  AppendDecimal(header.instructions_per_second, &out);
  out += " instructions per virtual second\n# instructions  seconds        event\n";
}

void TextTraceWriter::Add(const TraceRecord& record) {
  std::string& out = out_.buffer();
  AppendColumn(record.insn, 14, &out);
  AppendSeconds(record.ns, &out);
  out += ' ';
  AppendPadded(TraceCategoryName(record.category), 10, &out);
  switch (record.phase) {
    case TracePhase::kBegin:
      out += "> ";
      break;
    case TracePhase::kEnd:
      out += "< ";
      break;
    case TracePhase::kInstant:
      out += "  ";
      break;
  }
  AppendPadded(record.name, 14, &out);
  for (const TraceArg& arg : record.args) {
    const Key& key = keys_.Of(arg.key, [](const char* name) {
      return Key{" " + std::string(name) + "=", IsHexArg(name)};
    });
    out += key.text;
    if (key.hex) {
      AppendHex(arg.value, 0, &out);
    } else {
      AppendDecimal(arg.value, &out);
    }
  }
  if (!record.text.empty()) {
    out += ' ';
    AppendEscaped(record.text, &out);
  }
  out += '\n';
  out_.MayFlush();
}

}  // namespace lgx
