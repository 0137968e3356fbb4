#include "replay/snapshot.h"

#include <cstring>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace lgx {
namespace {

constexpr PageBytes kZeros = {};

bool IsZero(const u8* page) { return std::memcmp(page, kZeros.data(), kPageSize) == 0; }

}  // namespace

Snapshot TakeSnapshot(const Machine& machine, const Snapshot* before) {
  Snapshot snapshot;
  snapshot.instructions = machine.instructions();
  snapshot.virtual_ns = machine.virtual_ns();
  ByteWriter state;
  machine.SaveState(&state);
  snapshot.state = state.Take();
  const PhysMemory& memory = machine.memory();
  snapshot.pages.resize(memory.frames());
  for (u32 frame = 0; frame < memory.frames(); ++frame) {
    const u8* const bytes = memory.ReadPointer(Mfn(frame));
    if (before != nullptr && frame < before->pages.size()) {
      const auto& old = before->pages[frame];
      const u8* const was = old == nullptr ? kZeros.data() : old->data();
      if (std::memcmp(was, bytes, kPageSize) == 0) {
        snapshot.pages[frame] = old;
        continue;
      }
    }
    if (IsZero(bytes)) continue;
    auto page = std::make_shared<PageBytes>();
    std::memcpy(page->data(), bytes, kPageSize);
    snapshot.pages[frame] = std::move(page);
  }
  return snapshot;
}

Status RestoreSnapshot(const Snapshot& snapshot, Machine* machine, bool is_new) {
  PhysMemory& memory = machine->memory();
  if (snapshot.pages.size() != memory.frames()) {
    return Errorf(
        kDataLoss,
        "the snapshot has %d pages of memory, and the machine that it describes "
        "has %d",
        snapshot.pages.size(), memory.frames());
  }
  for (u32 frame = 0; frame < memory.frames(); ++frame) {
    const auto& page = snapshot.pages[frame];
    if (page == nullptr && is_new && machine->IsEmptyWhenNew(Mfn(frame))) continue;
    // Everything that was made from memory is dropped by LoadState().
    u8* const bytes = memory.WritePointer(Mfn(frame));
    if (page != nullptr) {
      std::memcpy(bytes, page->data(), kPageSize);
    } else if (!IsZero(bytes)) {
      std::memset(bytes, 0, kPageSize);
    }
  }
  ByteReader in(snapshot.state, "the state of the machine");
  machine->LoadState(&in);
  in.ExpectEnd("the state of the machine");
  return in.status();
}

u64 OwnBytes(const Snapshot& snapshot, const Snapshot* before) {
  u64 bytes = snapshot.state.size() + snapshot.pages.size() * sizeof(snapshot.pages[0]);
  for (std::size_t i = 0; i < snapshot.pages.size(); ++i) {
    const bool shared = before != nullptr && i < before->pages.size() &&
                        before->pages[i] == snapshot.pages[i];
    if (snapshot.pages[i] != nullptr && !shared) bytes += kPageSize;
  }
  return bytes;
}

}  // namespace lgx
