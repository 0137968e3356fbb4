#include "machine/guest_core.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/byte_writer.h"
#include "base/check.h"

namespace lgx {
namespace {

// ELF, chapters 1 and 2, and the i386 supplement.
constexpr u16 kCore = 4;      // ET_CORE
constexpr u16 kI386 = 3;      // EM_386
constexpr u32 kLoad = 1;      // PT_LOAD
constexpr u32 kNote = 4;      // PT_NOTE
constexpr u32 kStatus = 1;    // NT_PRSTATUS
constexpr u32 kAllowAll = 7;  // PF_R, PF_W, PF_X
constexpr u16 kHeaderBytes = 52;
constexpr u16 kSegmentBytes = 32;
constexpr u32 kStatusBytes = 144;  // struct elf_prstatus of i386
constexpr u32 kPiece = 64 * 1024;

struct Segment {
  u32 type = kLoad;
  u64 offset = 0;
  u32 linear = 0;
  u32 physical = 0;
  u32 bytes = 0;
  u32 flags = kAllowAll;
  u32 align = static_cast<u32>(kPageSize);
};

void Put(ByteWriter* out, const Segment& segment) {
  out->U32(segment.type);
  out->U32(static_cast<u32>(segment.offset));
  out->U32(segment.linear);
  out->U32(segment.physical);
  out->U32(segment.bytes);
  out->U32(segment.type == kLoad ? segment.bytes : 0);
  out->U32(segment.flags);
  out->U32(segment.align);
}

// elf_prstatus: signals and times, which a Guest has none of; then the registers in the
// order of ptrace.
std::vector<u8> StatusNote(const Guest& guest) {
  ByteWriter out;
  out.U32(5);  // "CORE" and its zero
  out.U32(kStatusBytes);
  out.U32(kStatus);
  for (const char c : std::array{'C', 'O', 'R', 'E', '\0', '\0', '\0', '\0'}) {
    out.U8(static_cast<u8>(c));
  }
  for (u32 i = 0; i < 6; ++i) out.U32(0);
  out.U32(1);  // the number of the thread
  for (u32 i = 0; i < 11; ++i) out.U32(0);
  const GuestRegs& r = guest.cpu.regs;
  for (const u32 value :
       {r.ebx(), r.ecx(), r.edx(), r.esi(), r.edi(), r.ebp(), r.eax(), r.ds(), r.es(),
        r.fs(), r.gs(), ~0u, r.eip(), r.cs(), r.eflags(), r.esp(), r.ss()}) {
    out.U32(value);
  }
  out.U32(0);  // the x87's registers are not there
  return out.Take();
}

// Memory in one piece, or in two where the kernel's addresses end before it does.
std::vector<Segment> MemorySegments(const Guest& guest, u64 offset) {
  u32 base = 0;
  (void)guest.GetData(guest.abi.data.kernel_address, &base);
  const u64 size = guest.memory.size();
  const u64 mapped = std::min(size, (u64{1} << 32) - base);
  Segment low{.offset = offset, .linear = base, .bytes = static_cast<u32>(mapped)};
  if (mapped == size) return {low};
  const u32 rest = static_cast<u32>(mapped);
  return {low, Segment{.offset = offset + mapped,
                       .linear = rest,
                       .physical = rest,
                       .bytes = static_cast<u32>(size - mapped)}};
}

std::vector<u8> Headers(const Guest& guest) {
  const std::vector<u8> note = StatusNote(guest);
  std::vector<Segment> segments = MemorySegments(guest, kPageSize);
  const u16 count = static_cast<u16>(segments.size() + 1);
  const u32 note_at = u32{kHeaderBytes} + u32{count} * kSegmentBytes;
  ByteWriter out;
  for (const u8 byte : std::array<u8, 16>{0x7f, 'E', 'L', 'F', 1, 1, 1}) out.U8(byte);
  out.U16(kCore);
  out.U16(kI386);
  out.U32(1);  // version
  out.U32(0);  // entry
  out.U32(kHeaderBytes);
  out.U32(0);  // no sections
  out.U32(0);
  out.U16(kHeaderBytes);
  out.U16(kSegmentBytes);
  out.U16(count);
  for (u32 i = 0; i < 3; ++i) out.U16(0);
  Put(&out, {.type = kNote,
             .offset = note_at,
             .bytes = static_cast<u32>(note.size()),
             .flags = 0,
             .align = 4});
  for (const Segment& segment : segments) Put(&out, segment);
  std::vector<u8> bytes = out.Take();
  bytes.insert(bytes.end(), note.begin(), note.end());
  bytes.resize(kPageSize);
  return bytes;
}

std::string_view AsText(const std::vector<u8>& bytes, std::size_t count) {
  return {reinterpret_cast<const char*>(bytes.data()), count};
}

}  // namespace

void WriteGuestCore(const Guest& guest,
                    const std::function<void(std::string_view)>& write) {
  const std::vector<u8> headers = Headers(guest);
  write(AsText(headers, headers.size()));
  std::vector<u8> piece(kPiece);
  const u64 size = guest.memory.size();
  for (u64 at = 0; at < size; at += kPiece) {
    const u32 count = static_cast<u32>(std::min<u64>(kPiece, size - at));
    CHECK(guest.memory.Read(Gpa(static_cast<u32>(at)), piece.data(), count));
    write(AsText(piece, count));
  }
}

}  // namespace lgx
