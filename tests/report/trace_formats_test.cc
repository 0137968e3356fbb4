#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "report/trace_jsonl.h"
#include "report/trace_perfetto.h"
#include "report/trace_record.h"
#include "report/trace_text.h"

namespace lgx {
namespace {

constexpr u64 kStart = 1000;  // instructions

// A fault, its fill and the next passage, as a machine of 100 M instructions per second
// would tell it; and text with bytes that no format likes.
void Tell(TraceConsumer& to) {
  to.Begin({"1.2.3", 100'000'000});
  const auto add = [&](u64 insn, TraceCategory category, TracePhase phase,
                       std::string_view name, std::vector<TraceArg> args,
                       std::string_view text = "") {
    to.Add({insn, insn * 10, category, phase, name, args, text});
  };
  using C = TraceCategory;
  using P = TracePhase;
  add(kStart, C::kCrossing, P::kBegin, "enter", {{"eip", 0xc0100000}, {"cs", 0x61}});
  add(kStart + 100, C::kCrossing, P::kEnd, "exit", {{"trap", 14}, {"switcher_out", 33}},
      "page_fault");
  add(kStart + 100, C::kFault, P::kInstant, "page_fault",
      {{"lin", 0xc0123000}, {"cs", 0x61}});
  add(kStart + 100, C::kDemand, P::kInstant, "fill",
      {{"lin", 0xc0123000}, {"pool_pages", 7}});
  add(kStart + 100, C::kCrossing, P::kBegin, "enter", {{"cs", 0x7b}});
  add(kStart + 300, C::kCrossing, P::kEnd, "exit", {{"switcher_out", 34}}, "hypercall");
  add(kStart + 300, C::kConsole, P::kInstant, "output", {{"bytes", 5}},
      std::string_view("a\n\"\xff\0", 5));
  to.Finish();
}

std::string Written(TraceFormat format) {
  std::string bytes;
  const auto writer =
      MakeTraceWriter(format, [&](std::string_view part) { bytes += part; });
  Tell(*writer);
  return bytes;
}

TEST(TraceFormats, TheExtensionSaysWhich) {
  EXPECT_EQ(*TraceFormatOf("a/b.pftrace"), TraceFormat::kPerfetto);
  EXPECT_EQ(*TraceFormatOf("x.jsonl"), TraceFormat::kJsonLines);
  EXPECT_EQ(*TraceFormatOf("x.txt"), TraceFormat::kText);
  EXPECT_FALSE(TraceFormatOf("x.json").ok());
  EXPECT_FALSE(TraceFormatOf("").ok());
}

TEST(TraceText, OneLineForEachEvent) {
  const std::string text = Written(TraceFormat::kText);
  EXPECT_NE(
      text.find(
          "1000    0.000010000 crossing  > enter          eip=0xc0100000 cs=0x61\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("  output         bytes=5 \"a\\n\\\"\\xff\\x00\"\n"),
            std::string::npos)
      << text;
}

TEST(TraceJson, WhatIsWrittenIsRead) {
  const std::string lines = Written(TraceFormat::kJsonLines);
  EXPECT_TRUE(lines.starts_with(
      "{\"lgx_trace\":1,\"program\":\"1.2.3\",\"instructions_per_second\":100000000}\n"
      "{\"insn\":1000,\"ns\":10000,\"cat\":\"crossing\",\"ph\":\"B\",\"name\":\"enter\","
      "\"args\":{\"eip\":3222274048,\"cs\":97}}\n"));
  for (const TraceFormat format :
       {TraceFormat::kJsonLines, TraceFormat::kText, TraceFormat::kPerfetto}) {
    std::string again;
    const auto writer =
        MakeTraceWriter(format, [&](std::string_view part) { again += part; });
    ASSERT_TRUE(ReadJsonTrace(lines, "t.jsonl", *writer).ok());
    EXPECT_EQ(again, Written(format)) << static_cast<int>(format);
  }
}

TEST(TraceJson, BadLinesAreNamed) {
  const std::string head = "{\"lgx_trace\":1,\"instructions_per_second\":1}\n";
  const std::string good =
      "{\"insn\":5,\"ns\":5,\"cat\":\"irq\",\"ph\":\"I\",\"name\":\"raise\"}\n";
  struct Case {
    std::string lines;
    const char* says;
  };
  const Case cases[] = {
      {"", "it is empty"},
      {"[]\n", "t:1: the line is no JSON object"},
      {"{}\n", "has no \"lgx_trace\""},
      {"{\"lgx_trace\":2}\n", "version"},
      {"{\"lgx_trace\":1}\n", "instructions_per_second"},
      {"{\"lgx_trace\":1,\"instructions_per_second\":0}\n", "instructions_per_second"},
      {head + "{\"insn\":1\n", "t:2: the line is no JSON object"},
      {head + "{\"insn\":-1}\n", "has no number \"insn\""},
      {head + good + "{\"insn\":4,\"ns\":9}\n", "t:3: the line goes back in time"},
      {head + "{\"insn\":1,\"ns\":1,\"cat\":\"x\"}\n", "unknown category"},
      {head + "{\"insn\":1,\"ns\":1,\"cat\":\"irq\",\"ph\":\"X\"}\n", "\"ph\""},
      {head + "{\"insn\":1,\"ns\":1,\"cat\":\"irq\",\"ph\":\"I\"}\n", "no \"name\""},
      {head + "{\"insn\":1,\"ns\":1,\"cat\":\"irq\",\"ph\":\"I\",\"name\":7}\n",
       "no text"},
      {head + "{\"insn\":1,\"ns\":1,\"cat\":\"irq\",\"ph\":\"I\",\"name\":\"\xe2\x82\xac"
              "\"}\n",
       "above U+00FF"},
      {head + "{\"insn\":1,\"ns\":1,\"cat\":\"irq\",\"ph\":\"I\",\"name\":\"a\","
              "\"args\":[]}\n",
       "no object"},
      {head + "{\"insn\":1,\"ns\":1,\"cat\":\"irq\",\"ph\":\"I\",\"name\":\"a\","
              "\"args\":{\"b\":1.5}}\n",
       "no number"},
  };
  for (const Case& each : cases) {
    TextTraceWriter nowhere([](std::string_view) {});
    const Status status = ReadJsonTrace(each.lines, "t", nowhere);
    EXPECT_FALSE(status.ok()) << each.lines;
    EXPECT_NE(std::string(status.message()).find(each.says), std::string::npos)
        << each.lines << ": " << status.message();
  }
}

// ---- a reader of the wire format that shares nothing with the writer

struct Field {
  u64 number = 0;          // varint or fixed64
  std::string_view bytes;  // length-delimited
};
using Fields = std::multimap<u32, Field>;

bool ReadVarint(std::string_view* in, u64* value) {
  *value = 0;
  for (u32 shift = 0; shift < 64 && !in->empty(); shift += 7) {
    const u8 byte = static_cast<u8>(in->front());
    in->remove_prefix(1);
    *value |= u64{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

Fields Parse(std::string_view in) {
  Fields fields;
  while (!in.empty()) {
    u64 key = 0;
    Field field;
    if (!ReadVarint(&in, &key)) ADD_FAILURE() << "a key is cut off";
    switch (key & 7) {
      case 0:
        EXPECT_TRUE(ReadVarint(&in, &field.number));
        break;
      case 1:
        for (u32 i = 0; i < 8; i++) {
          field.number |= u64{static_cast<u8>(in.at(i))} << (8 * i);
        }
        in.remove_prefix(8);
        break;
      case 2: {
        u64 length = 0;
        EXPECT_TRUE(ReadVarint(&in, &length));
        if (length > in.size()) {
          ADD_FAILURE() << "a field is cut off";
          return fields;
        }
        field.bytes = in.substr(0, length);
        in.remove_prefix(length);
        break;
      }
      default:
        ADD_FAILURE() << "wire type " << (key & 7);
        return fields;
    }
    fields.emplace(static_cast<u32>(key >> 3), field);
  }
  return fields;
}

u64 NumberOf(const Fields& fields, u32 number) {
  const auto found = fields.find(number);
  return found == fields.end() ? 0 : found->second.number;
}

std::string_view BytesOf(const Fields& fields, u32 number) {
  const auto found = fields.find(number);
  return found == fields.end() ? "" : found->second.bytes;
}

// "type track name ns flows", one for each track event.
std::vector<std::string> EventsOf(std::string_view trace) {
  std::map<u64, std::string> tracks;
  std::map<u64, std::string> names;
  std::vector<std::string> events;
  const Fields file = Parse(trace);
  for (const auto& [number, packet_field] : file) {
    EXPECT_EQ(number, 1u);
    const Fields packet = Parse(packet_field.bytes);
    EXPECT_EQ(NumberOf(packet, 10), 1u) << "the sequence";
    if (packet.count(60) != 0) {
      const Fields track = Parse(BytesOf(packet, 60));
      tracks[NumberOf(track, 1)] = BytesOf(track, 2);
    }
    const Fields interned = Parse(BytesOf(packet, 12));
    for (auto [at, end] = interned.equal_range(2); at != end; ++at) {
      const Fields name = Parse(at->second.bytes);
      names[NumberOf(name, 1)] = BytesOf(name, 2);
    }
    if (packet.count(11) == 0) continue;
    EXPECT_EQ(NumberOf(packet, 13), 2u) << "needs the incremental state";
    const Fields event = Parse(BytesOf(packet, 11));
    std::string line = std::to_string(NumberOf(event, 9)) + " ";
    line += tracks.at(NumberOf(event, 11)) + " ";
    if (event.count(10) != 0) line += names.at(NumberOf(event, 10)) + " ";
    line += std::to_string(NumberOf(packet, 8));
    if (event.count(47) != 0) line += " flow " + std::to_string(NumberOf(event, 47));
    if (event.count(48) != 0) line += " end " + std::to_string(NumberOf(event, 48));
    if (event.count(30) != 0) line += " = " + std::to_string(NumberOf(event, 30));
    events.push_back(line);
  }
  return events;
}

TEST(TracePerfetto, PassagesAreSlicesAndFaultsHaveArrows) {
  // 30 instructions of the way in, 33 of the way out; 10 ns each.
  const std::vector<std::string> expected = {
      "1 Switcher way in 10000",       "2 Switcher 10300",
      "1 Guest kernel kernel 10300",   "2 Guest kernel 10670",
      "1 Switcher way out 10670",      "2 Switcher 11000",
      "3 Host page_fault 11000",       "3 Guest kernel page_fault 11000 flow 1",
      "3 Host fill 11000 flow 1",      "4 Shadow pages 11000 = 7",
      "1 Switcher way in 11000",       "2 Switcher 11300",
      "1 Guest user user 11300 end 1", "2 Guest user 12660",
      "1 Switcher way out 12660",      "2 Switcher 13000",
      "3 Host hypercall 13000",        "3 console text output 13000",
  };
  EXPECT_EQ(EventsOf(Written(TraceFormat::kPerfetto)), expected);
}

TEST(TracePerfetto, AnInterruptedWayInLeavesNoTimeForTheGuest) {
  std::string bytes;
  PerfettoTraceWriter writer([&](std::string_view part) { bytes += part; });
  writer.Begin({"", 100'000'000});
  writer.Add({0, 0, TraceCategory::kCrossing, TracePhase::kBegin, "enter", {}, ""});
  const TraceArg out[] = {{"switcher_out", 34}};
  writer.Add({20, 200, TraceCategory::kCrossing, TracePhase::kEnd, "exit", out, "x"});
  writer.Finish();
  EXPECT_EQ(EventsOf(bytes),
            (std::vector<std::string>{"1 Switcher way in 0", "2 Switcher 300",
                                      "1 Guest kernel kernel 300", "2 Guest kernel 300",
                                      "1 Switcher way out 200", "2 Switcher 200",
                                      "3 Host x 200"}));
}

}  // namespace
}  // namespace lgx
