#include "report/trace_perfetto.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "switcher/passage.h"

namespace lgx {
namespace {

// Field numbers of the format's schema.
constexpr u32 kTracePacket = 1;
namespace packet {
constexpr u32 kTimestamp = 8;
constexpr u32 kSequence = 10;
constexpr u32 kTrackEvent = 11;
constexpr u32 kInternedData = 12;
constexpr u32 kSequenceFlags = 13;
constexpr u32 kTrackDescriptor = 60;
}  // namespace packet
namespace descriptor {
constexpr u32 kUuid = 1;
constexpr u32 kName = 2;
constexpr u32 kProcess = 3;
constexpr u32 kParent = 5;
constexpr u32 kCounter = 8;
constexpr u32 kChildOrdering = 11;
constexpr u32 kRank = 12;
constexpr u32 kExplicit = 3;
constexpr u32 kPid = 1;          // in a process descriptor
constexpr u32 kProcessName = 6;  // likewise
constexpr u32 kUnit = 3;         // in a counter descriptor
constexpr u32 kUnitCount = 2;
}  // namespace descriptor
namespace event {
constexpr u32 kCategoryIids = 3;
constexpr u32 kAnnotations = 4;
constexpr u32 kType = 9;
constexpr u32 kNameIid = 10;
constexpr u32 kTrack = 11;
constexpr u32 kCounterValue = 30;
constexpr u32 kFlows = 47;
constexpr u32 kTerminatingFlows = 48;
}  // namespace event
namespace annotation {
constexpr u32 kNameIid = 1;
constexpr u32 kUint = 3;
constexpr u32 kString = 6;
constexpr u32 kPointer = 7;
}  // namespace annotation
constexpr u32 kInternedIid = 1;
constexpr u32 kInternedName = 2;

constexpr u32 kOneSequence = 1;
constexpr u32 kStateCleared = 1;
constexpr u32 kNeedsState = 2;

// Tracks.
constexpr u64 kProcess = 1;
constexpr u64 kGuestUser = 2;
constexpr u64 kGuestKernel = 3;
constexpr u64 kSwitcher = 4;
constexpr u64 kHost = 5;
constexpr u64 kShadowPages = 6;
constexpr u64 kDevices = 7;
constexpr u64 kFirstDevice = 100;

constexpr u64 kNsPerSecond = 1'000'000'000;

u64 RingTrack(u64 cs) { return (cs & 3) == 3 ? kGuestUser : kGuestKernel; }

// The format wants UTF-8: each byte becomes the character of its number.
u64 Utf8Size(std::string_view raw) {
  u64 size = raw.size();
  for (const char c : raw) size += static_cast<u8>(c) >> 7;
  return size;
}

char* PutUtf8(std::string_view raw, char* to) {
  for (const char c : raw) {
    const u8 byte = static_cast<u8>(c);
    if (byte < 0x80) {
      *to++ = c;
    } else {
      *to++ = static_cast<char>(0xc0 | byte >> 6);
      *to++ = static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return to;
}

std::string Utf8(std::string_view raw) {
  std::string out(Utf8Size(raw), '\0');
  PutUtf8(raw, out.data());
  return out;
}

}  // namespace

u64 PerfettoTraceWriter::NsOf(u64 instructions) const {
  // A division of 128 bits takes as long as the rest of an event.
  if (instructions < ~u64{0} / kNsPerSecond) return instructions * kNsPerSecond / rate_;
  return static_cast<u64>(static_cast<unsigned __int128>(instructions) * kNsPerSecond /
                          rate_);
}

void PerfettoTraceWriter::Packet(const ProtoMessage& packet) {
  AppendField(kTracePacket, packet.bytes(), &out_.buffer());
  out_.MayFlush();
}

void PerfettoTraceWriter::DescribeTrack(u64 uuid, u64 parent, std::string_view name,
                                        bool counter) {
  ProtoMessage track;
  track.Varint(descriptor::kUuid, uuid);
  track.Bytes(descriptor::kName, Utf8(name));
  if (parent != 0) {
    track.Varint(descriptor::kParent, parent);
    track.Varint(descriptor::kRank, uuid);
  } else {
    ProtoMessage process;
    process.Varint(descriptor::kPid, 1);
    process.Bytes(descriptor::kProcessName, name);
    track.Message(descriptor::kProcess, process);
  }
  if (counter) {
    ProtoMessage unit;
    unit.Varint(descriptor::kUnit, descriptor::kUnitCount);
    track.Message(descriptor::kCounter, unit);
  } else if (parent == 0 || uuid == kDevices) {
    track.Varint(descriptor::kChildOrdering, descriptor::kExplicit);
  }
  ProtoMessage packet;
  packet.Varint(packet::kSequence, kOneSequence);
  packet.Message(packet::kTrackDescriptor, track);
  Packet(packet);
}

void PerfettoTraceWriter::Begin(const TraceHeader& header) {
  rate_ = std::max<u64>(1, header.instructions_per_second);
  ProtoMessage first;
  first.Varint(packet::kSequence, kOneSequence);
  first.Varint(packet::kSequenceFlags, kStateCleared);
  Packet(first);
  DescribeTrack(kProcess, 0, "lgx " + header.program);
  DescribeTrack(kGuestUser, kProcess, "Guest user");
  DescribeTrack(kGuestKernel, kProcess, "Guest kernel");
  DescribeTrack(kSwitcher, kProcess, "Switcher");
  DescribeTrack(kHost, kProcess, "Host");
  DescribeTrack(kShadowPages, kProcess, "Shadow pages", true);
  DescribeTrack(kDevices, kProcess, "Devices");
}

u64 PerfettoTraceWriter::DeviceTrack(std::string_view name) {
  const auto found = devices_.find(name);
  if (found != devices_.end()) return found->second;
  const u64 track = kFirstDevice + devices_.size();
  devices_.emplace(name, track);
  DescribeTrack(track, kDevices, name);
  return track;
}

u64 PerfettoTraceWriter::TrackOf(const TraceRecord& record) {
  switch (record.category) {
    case TraceCategory::kFault:
      return RingTrack(record.Arg("cs"));
    case TraceCategory::kDevice:
      return DeviceTrack(record.text);
    case TraceCategory::kConsole:
      return DeviceTrack("console text");
    case TraceCategory::kInsn:
    case TraceCategory::kMem:
      if (record.Arg("cpl") == 3) return kGuestUser;
      if (record.Arg("cpl") != 0) return kGuestKernel;
      return record.name.starts_with("host") ? kHost : kSwitcher;
    default:
      return kHost;
  }
}

u64 PerfettoTraceWriter::Intern(Names list, std::string_view name) {
  const u32 field = static_cast<u32>(list);
  auto& known = interned_[field];
  const auto found = known.find(name);
  if (found != known.end()) return found->second;
  const u64 iid = ++interned_count_;
  known.emplace(name, iid);
  ProtoMessage entry;
  entry.Varint(kInternedIid, iid);
  entry.Bytes(kInternedName, Utf8(name));
  new_names_.Message(field, entry);
  return iid;
}

const PerfettoTraceWriter::Argument& PerfettoTraceWriter::ArgumentOf(const char* key) {
  return arguments_.Of(key, [this](const char* name) {
    return Argument{Intern(Names::kArgument, name), IsHexArg(name)};
  });
}

u64 PerfettoTraceWriter::EventNameOf(std::string_view name) {
  const auto at = [&](size_t i) { return static_cast<u8>(name[i]); };
  const size_t place =
      at(0) + 3u * at(name.size() - 1) + 5u * at(name.size() / 2) + 7u * name.size();
  EventName& entry = event_names_[place % event_names_.size()];
  if (entry.name != name) entry = {std::string(name), Intern(Names::kEvent, name)};
  return entry.iid;
}

// The annotations of an event, at `to`.
char* PerfettoTraceWriter::PutDetails(const TraceRecord& record, char* to) {
  const auto add = [&to](const Argument& argument, u64 value) {
    to = PutTag(event::kAnnotations, WireType::kLength, to);
    char* const length = to++;  // of two numbers: one byte
    to = PutVarintField(annotation::kNameIid, argument.iid, to);
    to = PutVarintField(argument.hex ? annotation::kPointer : annotation::kUint, value,
                        to);
    *length = static_cast<char>(to - length - 1);
  };
  add(ArgumentOf("instruction"), record.insn);
  for (const TraceArg& arg : record.args) add(ArgumentOf(arg.key), arg.value);
  if (record.text.empty()) return to;
  char head[2 * kMaxVarint];
  char* head_end = PutVarintField(annotation::kNameIid, ArgumentOf("text").iid, head);
  head_end = PutTag(annotation::kString, WireType::kLength, head_end);
  const u64 text = Utf8Size(record.text);
  const u64 before = static_cast<u64>(head_end - head) + VarintSize(text);
  to = PutTag(event::kAnnotations, WireType::kLength, to);
  to = PutVarint(before + text, to);
  to = std::copy(head, head_end, to);
  return PutUtf8(record.text, PutVarint(text, to));
}

void PerfettoTraceWriter::Write(const Event& what, const TraceRecord* record,
                                bool details) {
  // Room for all fields of an event but its annotations, and for each of these.
  constexpr size_t kMost = 128;
  size_t most = kMost;
  if (record != nullptr && details) {
    most += kMost * (2 + record->args.size()) + 2 * record->text.size();
  }
  if (event_.size() < most) event_.resize(most);
  char* const begin = event_.data();
  char* to = PutVarintField(event::kType, static_cast<u32>(what.type), begin);
  to = PutVarintField(event::kTrack, what.track, to);
  if (what.type == Type::kCounter) {
    to = PutVarintField(event::kCounterValue, what.counter, to);
  }
  if (!what.name.empty()) {
    to = PutVarintField(event::kNameIid, EventNameOf(what.name), to);
  }
  if (what.flow != Flow::kNone) {
    to = PutFixed64Field(
        what.flow == Flow::kEnds ? event::kTerminatingFlows : event::kFlows, faults_, to);
  }
  if (record != nullptr) {
    u64& category = categories_[static_cast<u32>(record->category)];
    if (category == 0) {
      category = Intern(Names::kCategory, TraceCategoryName(record->category));
    }
    to = PutVarintField(event::kCategoryIids, category, to);
    if (details) to = PutDetails(*record, to);
  }
  WritePacket(what.ns, std::string_view(begin, static_cast<size_t>(to - begin)));
}

// What surrounds an event.
void PerfettoTraceWriter::WritePacket(u64 ns, std::string_view event) {
  char head[8 * kMaxVarint];
  char* to = PutVarintField(packet::kTimestamp, ns, head);
  to = PutVarintField(packet::kSequence, kOneSequence, to);
  to = PutVarintField(packet::kSequenceFlags, kNeedsState, to);
  std::string& out = out_.buffer();
  if (!new_names_.empty()) {
    ProtoMessage packet;
    packet.Raw({head, static_cast<size_t>(to - head)});
    packet.Message(packet::kInternedData, new_names_);
    packet.Bytes(packet::kTrackEvent, event);
    new_names_.Clear();
    Packet(packet);
    return;
  }
  to = PutTag(packet::kTrackEvent, WireType::kLength, to);
  to = PutVarint(event.size(), to);
  const auto size = static_cast<size_t>(to - head);
  char frame[2 * kMaxVarint];
  char* const frame_end =
      PutVarint(size + event.size(), PutTag(kTracePacket, WireType::kLength, frame));
  out.append(frame, frame_end);
  out.append(head, size);
  out.append(event);
  out_.MayFlush();
}

void PerfettoTraceWriter::Enter(const TraceRecord& record) {
  Write({record.ns, Type::kBegin, kSwitcher, "way in"}, &record, false);
  guest_since_ = record.ns + NsOf(kPassageIn);
  Write({guest_since_, Type::kEnd, kSwitcher, ""}, nullptr);
  guest_track_ = RingTrack(record.Arg("cs"));
  const char* const name = guest_track_ == kGuestUser ? "user" : "kernel";
  Write({guest_since_, Type::kBegin, guest_track_, name,
         std::exchange(retries_, false) ? Flow::kEnds : Flow::kNone},
        &record);
  in_guest_ = true;
}

void PerfettoTraceWriter::Exit(const TraceRecord& record) {
  const u64 out = NsOf(record.Arg("switcher_out"));
  u64 left = record.ns - std::min(record.ns, out);
  if (std::exchange(in_guest_, false)) {
    // If the Switcher itself was interrupted, the Guest had no turn at all.
    left = std::clamp(left, std::min(guest_since_, record.ns), record.ns);
    Write({std::max(left, guest_since_), Type::kEnd, guest_track_, ""}, nullptr);
  }
  Write({left, Type::kBegin, kSwitcher, "way out"}, &record);
  Write({record.ns, Type::kEnd, kSwitcher, ""}, nullptr);
  Write({record.ns, Type::kInstant, kHost, record.text}, &record, false);
}

void PerfettoTraceWriter::Add(const TraceRecord& record) {
  if (record.category == TraceCategory::kCrossing) {
    if (record.phase == TracePhase::kBegin) return Enter(record);
    if (record.phase == TracePhase::kEnd) return Exit(record);
  }
  const Type type = record.phase == TracePhase::kBegin ? Type::kBegin
                    : record.phase == TracePhase::kEnd ? Type::kEnd
                                                       : Type::kInstant;
  Flow flow = Flow::kNone;
  if (record.category == TraceCategory::kFault && record.name == "page_fault") {
    ++faults_;
    retries_ = false;
    flow = Flow::kGoesOn;
  } else if (record.category == TraceCategory::kDemand && record.name == "fill" &&
             faults_ != 0) {
    retries_ = true;
    flow = Flow::kGoesOn;
  }
  Write({record.ns, type, TrackOf(record), type == Type::kEnd ? "" : record.name, flow},
        type == Type::kEnd ? nullptr : &record);
  const bool counts = record.category == TraceCategory::kDemand ||
                      record.category == TraceCategory::kShadow;
  if (counts && std::exchange(pool_pages_, record.Arg("pool_pages")) != pool_pages_) {
    Write({record.ns, Type::kCounter, kShadowPages, "", Flow::kNone, pool_pages_},
          nullptr);
  }
}

void PerfettoTraceWriter::Finish() { out_.Flush(); }

}  // namespace lgx
