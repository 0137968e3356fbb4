#include "report/trace_jsonl.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace lgx {
namespace {

using Json = nlohmann::ordered_json;  // arguments keep their order

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
}

void AppendText(std::string_view text, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (IsPlain(text)) {
    *out += text;
    return;
  }
  for (const char c : text) {
    const u8 byte = static_cast<u8>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (c == '\n') {
      *out += "\\n";
    } else if (byte >= 0x20 && byte < 0x7f) {
      *out += c;
    } else {
      *out += "\\u00";
      *out += kDigits[byte >> 4];
      *out += kDigits[byte & 15];
    }
  }
}

const char* LetterOf(TracePhase phase) {
  return phase == TracePhase::kBegin ? "B" : phase == TracePhase::kEnd ? "E" : "I";
}

// Reads one file; owns what its records point to.
class Reader {
 public:
  Reader(std::string_view path, TraceConsumer& consumer)
      : path_(path), consumer_(consumer) {}

  Status Line(std::string_view line) {
    ++number_;
    if (line.empty()) return absl::OkStatus();
    const Json json = Json::parse(line.begin(), line.end(), nullptr, false);
    if (!json.is_object()) return Bad("is no JSON object");
    return begun_ ? Event(json) : Header(json);
  }

  Status End() {
    if (!begun_) {
      return Errorf(StatusCode::kInvalidArgument,
                    "%s: it is empty; a trace begins with a line that has "
                    "\"lgx_trace\" in it",
                    path_);
    }
    consumer_.Finish();
    return absl::OkStatus();
  }

 private:
  Status Bad(const std::string& what) const {
    return Errorf(StatusCode::kInvalidArgument,
                  "%s:%d: the line %s; is it a file that --trace has written?", path_,
                  number_, what);
  }

  Status Header(const Json& json) {
    const auto version = json.find("lgx_trace");
    if (version == json.end()) return Bad("has no \"lgx_trace\"");
    if (*version != kJsonTraceVersion) {
      return Bad("is of a version of traces that this program does not know");
    }
    TraceHeader header;
    const auto program = json.find("program");
    if (program != json.end() && program->is_string()) {
      header.program = program->get<std::string>();
    }
    const auto speed = json.find("instructions_per_second");
    if (speed == json.end() || !speed->is_number_unsigned() || *speed == 0) {
      return Bad("has no \"instructions_per_second\"");
    }
    header.instructions_per_second = speed->get<u64>();
    consumer_.Begin(header);
    begun_ = true;
    return absl::OkStatus();
  }

  Status Event(const Json& json) {
    TraceRecord record;
    LGX_RETURN_IF_ERROR(Number(json, "insn", &record.insn));
    LGX_RETURN_IF_ERROR(Number(json, "ns", &record.ns));
    if (record.insn < last_insn_ || record.ns < last_ns_) return Bad("goes back in time");
    last_insn_ = record.insn;
    last_ns_ = record.ns;
    LGX_RETURN_IF_ERROR(Category(json, &record.category));
    LGX_RETURN_IF_ERROR(Phase(json, &record.phase));
    LGX_RETURN_IF_ERROR(Text(json, "name", &name_));
    LGX_RETURN_IF_ERROR(Text(json, "text", &text_));
    LGX_RETURN_IF_ERROR(Arguments(json));
    if (name_.empty()) return Bad("has no \"name\"");
    record.name = name_;
    record.text = text_;
    record.args = args_;
    consumer_.Add(record);
    return absl::OkStatus();
  }

  Status Number(const Json& json, const char* key, u64* value) const {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned()) {
      return Bad(std::string("has no number \"") + key + "\"");
    }
    *value = found->get<u64>();
    return absl::OkStatus();
  }

  Status Category(const Json& json, TraceCategory* category) const {
    const auto found = json.find("cat");
    if (found == json.end() || !found->is_string()) return Bad("has no \"cat\"");
    const auto known = TraceCategoryFromName(found->get<std::string>());
    if (!known) return Bad("is of an unknown category");
    *category = *known;
    return absl::OkStatus();
  }

  Status Phase(const Json& json, TracePhase* phase) const {
    const auto found = json.find("ph");
    if (found == json.end()) return Bad("has no \"ph\"");
    for (const TracePhase each :
         {TracePhase::kInstant, TracePhase::kBegin, TracePhase::kEnd}) {
      if (*found != LetterOf(each)) continue;
      *phase = each;
      return absl::OkStatus();
    }
    return Bad("has a \"ph\" that is none of B, E and I");
  }

  // From code points to bytes; missing is empty.
  Status Text(const Json& json, const char* key, std::string* bytes) const {
    bytes->clear();
    const auto found = json.find(key);
    if (found == json.end()) return absl::OkStatus();
    if (!found->is_string())
      return Bad(std::string("has a \"") + key + "\" that is no text");
    const std::string& utf8 = found->get_ref<const std::string&>();
    for (size_t i = 0; i < utf8.size(); i++) {
      const u8 first = static_cast<u8>(utf8[i]);
      if (first < 0x80) {
        *bytes += utf8[i];
      } else if (first <= 0xc3 && i + 1 < utf8.size()) {
        const u8 second = static_cast<u8>(utf8[++i]);
        *bytes += static_cast<char>((first & 3) << 6 | (second & 0x3f));
      } else {
        return Bad(std::string("has a character above U+00FF in \"") + key + "\"");
      }
    }
    return absl::OkStatus();
  }

  Status Arguments(const Json& json) {
    args_.clear();
    const auto found = json.find("args");
    if (found == json.end()) return absl::OkStatus();
    if (!found->is_object()) return Bad("has \"args\" that are no object");
    for (const auto& [key, value] : found->items()) {
      if (!value.is_number_unsigned()) return Bad("has an argument that is no number");
      args_.push_back({keys_.insert(key).first->c_str(), value.get<u64>()});
    }
    return absl::OkStatus();
  }

  const std::string path_;
  TraceConsumer& consumer_;
  u32 number_ = 0;
  bool begun_ = false;
  u64 last_insn_ = 0;
  u64 last_ns_ = 0;
  std::string name_;
  std::string text_;
  std::vector<TraceArg> args_;
  std::set<std::string> keys_;
};

}  // namespace

void JsonTraceWriter::Begin(const TraceHeader& header) {
  std::string& out = out_.buffer();
  out += "{\"lgx_trace\":";
  AppendDecimal(kJsonTraceVersion, &out);
  out += ",\"program\":\"";
  AppendText(header.program, &out);
  out += "\",\"instructions_per_second\":";
  AppendDecimal(header.instructions_per_second, &out);
  out += "}\n";
}

void JsonTraceWriter::Add(const TraceRecord& record) {
  std::string& out = out_.buffer();
  out += "{\"insn\":";
  AppendDecimal(record.insn, &out);
  out += ",\"ns\":";
  AppendDecimal(record.ns, &out);
  out += ",\"cat\":\"";
  out += TraceCategoryName(record.category);
  out += "\",\"ph\":\"";
  out += LetterOf(record.phase);
  out += "\",\"name\":\"";
  AppendText(record.name, &out);
  out += '"';
  char before = '{';
  for (const TraceArg& arg : record.args) {
    out += before == '{' ? ",\"args\":{" : ",";
    before = ',';
    out += keys_.Of(arg.key, [](const char* name) {
      std::string key = "\"";
      AppendText(name, &key);
      return key + "\":";
    });
    AppendDecimal(arg.value, &out);
  }
  if (before == ',') out += '}';
  if (!record.text.empty()) {
    out += ",\"text\":\"";
    AppendText(record.text, &out);
    out += '"';
  }
  out += "}\n";
  out_.MayFlush();
}

Status ReadJsonTrace(std::string_view lines, std::string_view path,
                     TraceConsumer& consumer) {
  Reader reader(path, consumer);
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    LGX_RETURN_IF_ERROR(reader.Line(lines.substr(0, end)));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return reader.End();
}

}  // namespace lgx
