// A gdb that says anything: bytes to packets to answers, over a target of a few bytes.
// Each input is a list of payloads, separated by the byte 0xfe, which are framed with
// right checksums, so that nearly all of them are understood as packets; an input that
// begins with 0xff is taken as it is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "debug/gdb_session.h"
#include "tests/debug/fake_gdb_target.h"

namespace {

using lgx::u8;

constexpr u8 kNextPacket = 0xfe;
constexpr u8 kRaw = 0xff;

// Everything that comes back must be a frame or an acknowledgement.
void CheckAnswer(std::string_view bytes) {
  lgx::GdbPacketReader reader;
  reader.Push({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
  const std::optional<lgx::GdbItem> item = reader.Next();
  if (!item || item->kind == lgx::GdbItem::Kind::kInterrupt || reader.Next())
    std::abort();
  // Only documents are longer than a packet may be, and they come in parts.
  if (item->kind == lgx::GdbItem::Kind::kDamaged) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lgx::test::FakeGdbTarget target;
  lgx::GdbSession session(target, CheckAnswer);
  if (size != 0 && data[0] == kRaw) {
    session.Take({data + 1, size - 1});
    session.TakeWhileRunning({data + 1, size - 1});
    return 0;
  }
  std::string payload;
  for (std::size_t i = 0; i <= size; ++i) {
    if (i < size && data[i] != kNextPacket) {
      payload += static_cast<char>(data[i]);
      continue;
    }
    const std::string frame = lgx::GdbFrame(payload);
    session.Take({reinterpret_cast<const u8*>(frame.data()), frame.size()});
    payload.clear();
  }
  return 0;
}
