#include "hypercalls/lguest_file.h"

#include <algorithm>
#include <cstring>

#include "hypercalls/guest_pages.h"
#include "hypercalls/guest_segments.h"
#include "hypercalls/run_loop.h"
#include "hypercalls/trap_forward.h"

namespace lgx {
namespace {

constexpr u32 kCpus = 1;  // nr_cpus

// The registers of host-08 section 3.2; the register page is zero otherwise.
void SetUpGuestRegs(GuestRegs& regs, u32 start) {
  regs.set_cs(kGuestKernelCs);
  regs.set_ds(kGuestKernelDs);
  regs.set_es(kGuestKernelDs);
  regs.set_ss(kGuestKernelDs);
  regs.set_eflags(0x00000202);  // IF; the Guest never gets to clear it
  regs.set_eip(start);
}

i32 PutPendingTrap(const PendingTrap& pending, std::span<u8> buffer) {
  if (buffer.size() < PendingTrap::kSize) return -kEfault;
  buffer[0] = pending.trap;
  std::copy(pending.insn.begin(), pending.insn.end(), buffer.begin() + 1);
  StoreLe<u32>(buffer.data() + 1 + PendingTrap::kInsnBytes, pending.addr);
  return PendingTrap::kSize;
}

}  // namespace

i32 LguestFile::Write(std::span<const u32> words, TaskId task, u32 cpu) {
  if (words.empty()) return -kEfault;
  const u32 request = words[0];
  if (request == kLhreqInitialize) return Initialize(words, task);
  if (guest_ == nullptr || cpu >= kCpus) return -kEinval;
  if (guest_->dead()) return -kEnoent;
  switch (request) {
    case kLhreqIrq:
      if (words.size() < 2) return -kEfault;
      if (words[1] >= kLguestIrqs) return -kEinval;
      guest_->SetInterrupt(words[1]);
      return 0;
    case kLhreqEventfd:
      return guest_->abi.forwards_traps ? -kEinval : AttachEventfd(words);
    default:
      return guest_->abi.forwards_traps ? WriteForwarding(words) : -kEinval;
  }
}

i32 LguestFile::WriteForwarding(std::span<const u32> words) {
  const u32 needed = words[0] == kLhreqSetreg ? 3 : 2;
  if (words[0] < kLhreqGetreg || words[0] > kLhreqTrap) return -kEinval;
  if (words.size() < needed) return -kEfault;
  switch (words[0]) {
    case kLhreqGetreg:
      guest_->cpu.register_read = GetRegister(*guest_, words[1]);
      return guest_->cpu.register_read ? 8 : -kEnoent;
    case kLhreqSetreg:
      return SetRegister(*guest_, words[1], words[2]) ? 12 : -kEnoent;
    default:
      return InjectTrap(*guest_, words[1]) ? 0 : -kEinval;
  }
}

std::optional<Mfn> LguestFile::FindMemory(u32 base, u32 pages) const {
  if (base < launcher_.address || (base & kPageMask) != 0) return std::nullopt;
  const u32 skipped = (base - launcher_.address) >> kPageShift;
  if (skipped > launcher_.pages || pages > launcher_.pages - skipped) return std::nullopt;
  return launcher_.first + skipped;
}

//: machine.020 A Guest is born
// Three numbers make a Guest: where its memory starts in the Launcher's, how many pages
// it has, and where the first instruction is. The Launcher has already put the kernel
// there, and the boot parameters into page 0, where the Host finds how much memory the
// Guest shall know of. The Host adds the boot page tables, a page for the registers, and
// two flat segments. Nothing runs yet. That is what read() is for.
//:
i32 LguestFile::Initialize(std::span<const u32> words, TaskId task) {
  if (guest_ != nullptr) return -kEbusy;
  const u32 needed = options_.abi->forwards_traps ? 5 : 4;
  if (words.size() < needed) return -kEfault;
  const u32 base = words[1];
  const u32 pfn_limit = words[2];
  const u32 start = words[3];

  // The reference would find out later, page by page.
  const std::optional<Mfn> memory = FindMemory(base, pfn_limit);
  if (!memory) return -kEfault;
  const std::optional<Mfn> regs_page = parts_.pool.Take();
  if (!regs_page) return -kEnomem;

  GuestOptions options = options_;
  options.shadow.device_limit = options_.abi->forwards_traps ? words[4] : 0;
  auto guest = std::make_unique<Guest>(
      parts_, options, GuestView(parts_.memory, *memory, pfn_limit), base, *regs_page);
  SetUpGuestRegs(guest->cpu.regs, start);
  SetUpGuestGdt(*guest);
  if (const Status status = InitGuestPagetable(*guest); !status.ok()) {
    guest.reset();
    parts_.pool.Return(*regs_page);
    return status.code() == kResourceExhausted ? -kEnomem : -kEfault;
  }
  owner_ = task;
  guest_ = std::move(guest);
  return static_cast<i32>((needed - 1) * sizeof(u32));
}

i32 LguestFile::AttachEventfd(std::span<const u32> words) {
  if (words.size() < 3) return -kEfault;
  const u32 address = words[1];
  if (address == 0) return -kEinval;  // 0 means "no notification" everywhere
  if (!files_.IsOpen(words[2])) return -kEbadf;
  std::shared_ptr<EventCounter> event = files_.Event(words[2]);
  if (event == nullptr) return -kEinval;
  guest_->notify_map.Add(address, std::move(event));
  return 0;
}

i32 LguestFile::Read(std::span<u8> buffer, TaskId task, u32 cpu) {
  if (guest_ == nullptr || cpu >= kCpus) return -kEinval;
  if (task != owner_) return -kEperm;
  if (guest_->dead()) {
    if (guest_->wants_restart()) return -kErestart;
    const std::string& text = guest_->reason();
    const size_t size = std::min(buffer.size(), text.size() + 1);
    if (size != 0) std::memcpy(buffer.data(), text.c_str(), size);
    return static_cast<i32>(size);
  }
  if (const std::optional<u32> value = guest_->cpu.register_read) {
    if (buffer.size() < sizeof(u32)) return -kEfault;
    guest_->cpu.register_read.reset();
    StoreLe<u32>(buffer.data(), *value);
    return sizeof(u32);
  }
  guest_->cpu.pending_notify = 0;
  guest_->cpu.pending_trap = {};
  const RunGuestResult result = RunGuest(*guest_);
  switch (result.kind) {
    case RunGuestResult::Kind::kNotify:
      if (buffer.size() < sizeof(u32)) return -kEfault;
      StoreLe<u32>(buffer.data(), result.value);
      return sizeof(u32);
    case RunGuestResult::Kind::kTrap:
      return PutPendingTrap(guest_->cpu.pending_trap, buffer);
    case RunGuestResult::Kind::kSignal:
      return -kEintr;
    case RunGuestResult::Kind::kHalted:
      return -kEagain;
    case RunGuestResult::Kind::kDead:
      return -kEnoent;
    case RunGuestResult::Kind::kRestart:
      return -kErestart;
    case RunGuestResult::Kind::kStopped:
      return -kErestartsys;
  }
  return -kEinval;
}

i32 LguestFile::Close() {
  if (guest_ == nullptr) return 0;
  const Mfn regs_page = guest_->cpu.regs_page;
  guest_.reset();
  parts_.pool.Return(regs_page);
  return 0;
}

}  // namespace lgx
