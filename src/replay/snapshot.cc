#include "replay/snapshot.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/host_memory.h"
#include "replay/stored_pages.h"

namespace lgx {
namespace {

constexpr PageBytes kZeros = {};

bool IsZero(const u8* page) { return std::memcmp(page, kZeros.data(), kPageSize) == 0; }

Status CheckSize(u64 pages, const Machine& machine) {
  if (pages == machine.memory().frames()) return absl::OkStatus();
  return Errorf(kDataLoss,
                "the snapshot has %d pages of memory, and the machine that it describes "
                "has %d",
                pages, machine.memory().frames());
}

// Where nearly all frames are about to be written, the host may find memory in large
// pieces. The array need not begin at a boundary, nor at a page, of the host.
void ExpectUse(const std::vector<bool>& in_use, PhysMemory& memory) {
  constexpr u64 kFrames = kHostLargePage / kPageSize;
  const u64 misplaced = reinterpret_cast<std::uintptr_t>(memory.ram()) % kHostLargePage;
  u64 at = misplaced == 0 ? 0 : kHostLargePage - misplaced;
  for (; at + kHostLargePage <= memory.size(); at += kHostLargePage) {
    const auto first = in_use.begin() + static_cast<std::ptrdiff_t>(at / kPageSize);
    const auto count = std::count(first, first + kFrames, true);
    if (count < std::ptrdiff_t{kFrames * 3 / 4}) continue;
    PreferLargePages(memory.ram() + at, kHostLargePage);
  }
}

// Memory is there already.
Status RestoreState(std::span<const u8> state, Machine* machine) {
  ByteReader in(state, "the state of the machine");
  machine->LoadState(&in);
  in.ExpectEnd("the state of the machine");
  return in.status();
}

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
  LGX_RETURN_IF_ERROR(CheckSize(snapshot.pages.size(), *machine));
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
  return RestoreState(snapshot.state, machine);
}

Status RestoreNew(const StoredPages& pages, std::span<const u8> state, Machine* machine) {
  PhysMemory& memory = machine->memory();
  LGX_RETURN_IF_ERROR(CheckSize(pages.frames(), *machine));
  for (u32 i = 0; i < memory.frames(); ++i) {
    const Mfn frame(i);
    if (machine->IsEmptyWhenNew(frame) || IsZero(memory.ReadPointer(frame))) continue;
    std::memset(memory.WritePointer(frame), 0, kPageSize);
  }
  ExpectUse(pages.InUse(), memory);
  LGX_RETURN_IF_ERROR(
      pages.Read([&memory](std::span<const u32> frames, const PageBytes& page) {
        for (const u32 frame : frames) {
          std::memcpy(memory.WritePointer(Mfn(frame)), page.data(), kPageSize);
        }
      }));
  return RestoreState(state, machine);
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
