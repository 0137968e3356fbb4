// A trace in Perfetto's native format: open it at ui.perfetto.dev.
//
// Tracks: Guest user, Guest kernel, Switcher, Host, Shadow pages (a counter), and below
// Devices one for each device and the console. A passage is three slices: the Switcher's
// way in, the Guest's instructions on the track of the ring in which it was entered, the
// Switcher's way out. What the Host does takes no virtual time, so it appears as instants
// at the time of the exit. Arrows lead from a page fault to its fill, and from there to
// the passage that tries again.
#ifndef LGX_REPORT_TRACE_PERFETTO_H_
#define LGX_REPORT_TRACE_PERFETTO_H_

#include <array>
#include <map>
#include <string>
#include <vector>

#include "report/protobuf_writer.h"
#include "report/trace_record.h"

namespace lgx {

class PerfettoTraceWriter final : public TraceConsumer {
 public:
  explicit PerfettoTraceWriter(TextSink sink) : out_(std::move(sink)) {}
  void Begin(const TraceHeader& header) override;
  void Add(const TraceRecord& record) override;
  void Finish() override;

 private:
  enum class Type : u32 { kBegin = 1, kEnd = 2, kInstant = 3, kCounter = 4 };
  enum class Flow : u8 { kNone, kGoesOn, kEnds };
  // What interned_data of the format calls its three lists.
  enum class Names : u32 { kCategory = 1, kEvent = 2, kArgument = 3 };

  struct Event {
    u64 ns;
    Type type;
    u64 track;
    std::string_view name;
    Flow flow = Flow::kNone;
    u64 counter = 0;
  };

  struct Argument {
    u64 iid = 0;
    bool hex = false;
  };
  struct EventName {
    std::string name;
    u64 iid = 0;
  };

  void Packet(const ProtoMessage& packet);
  void DescribeTrack(u64 uuid, u64 parent, std::string_view name, bool counter = false);
  u64 TrackOf(const TraceRecord& record);
  u64 DeviceTrack(std::string_view name);
  u64 Intern(Names list, std::string_view name);
  const Argument& ArgumentOf(const char* key);
  u64 EventNameOf(std::string_view name);
  // `record` gives category and, if `details`, arguments; null for an end and a counter.
  void Write(const Event& event, const TraceRecord* record, bool details = true);
  void WritePacket(u64 ns, std::string_view event);
  char* PutDetails(const TraceRecord& record, char* to);
  void Enter(const TraceRecord& record);
  void Exit(const TraceRecord& record);
  u64 NsOf(u64 instructions) const;

  BufferedSink out_;
  u64 rate_ = 1;
  std::map<u32, std::map<std::string, u64, std::less<>>> interned_;  // by list
  u64 interned_count_ = 0;
  KeyCache<Argument> arguments_;
  std::array<EventName, 64> event_names_{};  // those that were there last
  std::array<u64, kTraceCategories> categories_{};
  ProtoMessage new_names_;  // InternedData of the next packet
  std::string event_;       // what is being built; kept for its memory
  std::map<std::string, u64, std::less<>> devices_;
  bool in_guest_ = false;
  u64 guest_track_ = 0;
  u64 guest_since_ = 0;
  u64 faults_ = 0;        // number of the last fault: its arrows' identity
  bool retries_ = false;  // the next passage tries the last fault's access again
  u64 pool_pages_ = ~u64{0};
};

}  // namespace lgx

#endif  // LGX_REPORT_TRACE_PERFETTO_H_
