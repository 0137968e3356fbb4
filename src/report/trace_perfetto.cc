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
std::string Utf8(std::string_view raw) {
  std::string out;
  for (const char c : raw) {
    const u8 byte = static_cast<u8>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

}  // namespace

u64 PerfettoTraceWriter::NsOf(u64 instructions) const {
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
      return record.name == "host" ? kHost : kSwitcher;
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
  const auto address = reinterpret_cast<std::uintptr_t>(key);
  Argument& entry = arguments_[(address ^ address >> 6) % arguments_.size()];
  if (entry.key != key) entry = {key, Intern(Names::kArgument, key), IsHexArg(key)};
  return entry;
}

void PerfettoTraceWriter::WriteDetails(const TraceRecord& record) {
  const auto add = [this](const Argument& argument, u64 value) {
    event_.PairOfVarints(event::kAnnotations, annotation::kNameIid, argument.iid,
                         argument.hex ? annotation::kPointer : annotation::kUint, value);
  };
  add(ArgumentOf("instruction"), record.insn);
  for (const TraceArg& arg : record.args) add(ArgumentOf(arg.key), arg.value);
  if (record.text.empty()) return;
  ProtoMessage note;
  note.Varint(annotation::kNameIid, ArgumentOf("text").iid);
  note.Bytes(annotation::kString, Utf8(record.text));
  event_.Message(event::kAnnotations, note);
}

void PerfettoTraceWriter::Write(const Event& what, const TraceRecord* record,
                                bool details) {
  event_.Clear();
  event_.Varint(event::kType, static_cast<u32>(what.type));
  event_.Varint(event::kTrack, what.track);
  if (what.type == Type::kCounter) event_.Varint(event::kCounterValue, what.counter);
  if (!what.name.empty()) {
    event_.Varint(event::kNameIid, Intern(Names::kEvent, what.name));
  }
  if (what.flow != Flow::kNone) {
    event_.Fixed64(what.flow == Flow::kEnds ? event::kTerminatingFlows : event::kFlows,
                   faults_);
  }
  if (record != nullptr) {
    u64& category = categories_[static_cast<u32>(record->category)];
    if (category == 0) {
      category = Intern(Names::kCategory, TraceCategoryName(record->category));
    }
    event_.Varint(event::kCategoryIids, category);
    if (details) WriteDetails(*record);
  }
  packet_.Clear();
  packet_.Varint(packet::kTimestamp, what.ns);
  packet_.Varint(packet::kSequence, kOneSequence);
  packet_.Varint(packet::kSequenceFlags, kNeedsState);
  if (!new_names_.empty()) packet_.Message(packet::kInternedData, new_names_);
  new_names_.Clear();
  packet_.Message(packet::kTrackEvent, event_);
  Packet(packet_);
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
