// /dev/lguest: all that a Launcher can say to the Host (host-08). One object is one open
// file, and at most one Guest.
//
// Results are those of the system calls: a negated error number (host_errors.h), or what
// the request gives on success.
#ifndef LGX_HYPERCALLS_LGUEST_FILE_H_
#define LGX_HYPERCALLS_LGUEST_FILE_H_

#include <memory>
#include <optional>
#include <span>

#include "hypercalls/event_files.h"
#include "hypercalls/guest.h"
#include "hypercalls/host_errors.h"

namespace lgx {

// Word 0 of a write.
inline constexpr u32 kLhreqInitialize = 0;
inline constexpr u32 kLhreqIrq = 2;
inline constexpr u32 kLhreqEventfd = 4;  // 1 and 3 are obsolete
// Only for Guests whose traps are forwarded; they have no EVENTFD. Registers are named by
// their offset in i386's struct pt_regs (trap_forward.h).
inline constexpr u32 kLhreqGetreg = 5;
inline constexpr u32 kLhreqSetreg = 6;
inline constexpr u32 kLhreqTrap = 7;

// The Launcher's memory that can become a Guest's: `pages` pages at Launcher address
// `address`, which are machine frames from `first` on (all of them RAM).
struct LauncherMemory {
  u32 address = 0;
  Mfn first;
  u32 pages = 0;
};

// Who calls: only the thread that initialised the Guest may read.
using TaskId = u32;

class LguestFile {
 public:
  // `parts` and `files` outlive this object.
  LguestFile(const HostParts& parts, const GuestOptions& options,
             const LauncherMemory& launcher, const EventFiles& files)
      : parts_(parts), options_(options), launcher_(launcher), files_(files) {}
  ~LguestFile() { Close(); }
  LguestFile(const LguestFile&) = delete;
  LguestFile& operator=(const LguestFile&) = delete;

  // A request and its words. IRQ and EVENTFD may come from any thread; INITIALIZE comes
  // before them. Too few words are EFAULT, where the reference would read on (Q19).
  i32 Write(std::span<const u32> words, TaskId task, u32 cpu = 0);

  // Runs the Guest, and returns when there is news: 4 with a NOTIFY value in the buffer,
  // 12 with a struct lguest_pending, or the number of bytes of a dead Guest's last words.
  // After GETREG it gives 4 and the register, and runs nothing. Where the reference would
  // sleep, it gives -EAGAIN: see RunGuest().
  i32 Read(std::span<u8> buffer, TaskId task, u32 cpu = 0);

  // Frees everything. Always 0.
  i32 Close();

  // Null unless initialised.
  Guest* guest() { return guest_.get(); }

 private:
  i32 Initialize(std::span<const u32> words, TaskId task);
  i32 AttachEventfd(std::span<const u32> words);
  i32 WriteForwarding(std::span<const u32> words);
  // The frame of Guest-physical 0, if the Launcher has all these pages.
  std::optional<Mfn> FindMemory(u32 base, u32 pages) const;

  const HostParts parts_;
  const GuestOptions options_;
  const LauncherMemory launcher_;
  const EventFiles& files_;
  std::unique_ptr<Guest> guest_;
  TaskId owner_ = 0;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_LGUEST_FILE_H_
