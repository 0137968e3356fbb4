// One ring of buffers between a Guest's driver and a device (guest-02 section 5).
//
// The ring lies in Guest memory and the Guest may write nonsense into it at any time. So
// each number is read once into a local, checked, then used; the result of Take() is a
// copy. Nothing the Guest writes can make these functions crash, loop or grow without
// bound: one chain costs at most 65536 descriptors, one round of service at most one ring
// length.
#ifndef LGX_DEVICES_VIRTQUEUE_H_
#define LGX_DEVICES_VIRTQUEUE_H_

#include <string>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/trace.h"
#include "base/types.h"
#include "devices/chain.h"
#include "devices/irq_line.h"
#include "devices/violation.h"
#include "mmu/guest_view.h"

namespace lgx {

inline constexpr u16 kRingEntries = 256;  // entries of every ring on the lguest bus

// Where the three parts of a ring lie. On the lguest bus they are one block; a driver of
// virtio 1.0 places each part where it likes.
struct RingLayout {
  u16 size = 0;  // entries, a power of two
  Gpa descriptors;
  Gpa available;
  Gpa used;

  // The layout of lguest: one block at a page boundary, `used` on a page of its own.
  static RingLayout Contiguous(Gpa base, u16 size);
  // Pages such a block takes: 3 for 256 entries.
  static u32 ContiguousPages(u16 size);
};

// A ring as a driver asks for it: any numbers at all.
struct RingRequest {
  u16 size = 0;
  u64 descriptors = 0;
  u64 available = 0;
  u64 used = 0;
};

class Virtqueue {
 public:
  // The ring must lie in `memory`. `device` and `index` name the queue in violations.
  Virtqueue(GuestView& memory, IrqLine& irqs, std::string device, u32 index,
            const RingLayout& ring, u32 irq);
  // A queue whose ring the driver will choose. Until Connect() it has no work.
  Virtqueue(GuestView& memory, IrqLine& irqs, std::string device, u32 index, u32 irq);

  // The driver has chosen. A violation, and nothing is connected, unless the size is a
  // power of two of at most 32768, and the parts are aligned to 16, 2 and 4 bytes and lie
  // in Guest memory.
  [[nodiscard]] MaybeViolation Connect(const RingRequest& wanted);
  void Disconnect();
  bool connected() const { return ring_.size != 0; }

  // How many buffers the Guest has announced, the device has taken and given back, as far
  // as 16 bits count them. For those who look; all zero without a ring.
  struct Progress {
    u16 announced = 0;
    u16 taken = 0;
    u16 answered = 0;
  };
  Progress progress() const;

  u32 irq() const { return irq_; }
  const RingLayout& ring() const { return ring_; }
  GuestView& memory() const { return *memory_; }

  // As after creation. Does not touch the ring's memory. `notify_on_empty`: the driver
  // accepted feature 24.
  void Start(bool notify_on_empty);

  // Has the Guest announced a buffer that was not taken? Never, without a ring.
  bool HasWork() const;
  // Copies the next chain out and checks it. Call only when HasWork().
  [[nodiscard]] MaybeViolation Take(Chain* chain);
  // Gives a chain back; the device wrote `written` bytes into its in buffers.
  void Return(u16 head, u32 written);
  // Raises the queue's interrupt for the buffers returned since the last call, if there
  // are any and the Guest wants it (guest-02 section 5.5).
  void Interrupt();

  // Takes what the Guest has announced, at most one ring length; calls
  //   MaybeViolation serve(const Chain&, u32* written)
  // for each chain and returns it; then interrupts.
  template <typename Serve>
  [[nodiscard]] MaybeViolation ServeEach(Serve serve);

  // Device events: requests taken and returned. Outlives the queue; null: nobody watches.
  void set_trace(const Trace* trace) { trace_ = trace; }

  // A violation on this queue. `head` is -1 where no chain is involved.
  Violation Violate(ViolationKind kind, i32 head, std::string text) const;

  // What is not in Guest memory, for the state hash.
  void AppendState(ByteWriter* state) const;
  // The same with the ring's place, for snapshots.
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);

 private:
  struct Descriptor {
    u64 addr;
    u32 len;
    u16 flags;
    u16 next;
  };
  // The descriptors a chain is made of: the ring's own, or an indirect table.
  struct Table {
    Gpa at;
    u32 entries;
    bool indirect;
  };

  template <typename T>
  T Load(Gpa at) const;
  template <typename T>
  void Store(Gpa at, T value);
  u16 AvailableIndex() const;
  Descriptor LoadDescriptor(const Table& table, u32 index) const;
  [[nodiscard]] MaybeViolation CheckPart(const char* part, u64 at, u64 len,
                                         u32 alignment) const;
  [[nodiscard]] MaybeViolation CheckRange(i32 head, u64 addr, u32 len) const;
  [[nodiscard]] MaybeViolation FollowIndirect(i32 head, const Descriptor& descriptor,
                                              Table* table) const;
  [[nodiscard]] MaybeViolation Walk(const Table& table, u32 first, Chain* chain) const;
  [[nodiscard]] MaybeViolation Follow(u16 head, Chain* chain) const;
  void TraceRequest(const Chain& chain) const;
  void TraceAnswer(u16 head, u32 written) const;
  [[nodiscard]] MaybeViolation AddSegment(const Descriptor& descriptor,
                                          Chain* chain) const;

  GuestView* memory_;
  IrqLine* irqs_;
  std::string device_;
  u32 index_;
  RingLayout ring_;
  u32 irq_;
  const Trace* trace_ = nullptr;
  bool notify_on_empty_ = false;
  u16 last_available_ = 0;  // free running, like the Guest's own index
  u32 pending_ = 0;         // buffers returned since the last Interrupt()
};

template <typename Serve>
MaybeViolation Virtqueue::ServeEach(Serve serve) {
  // The Guest stands still meanwhile, yet a buffer may cover the ring itself, so that our
  // own answer announces more: the count keeps that from going on for ever.
  Chain chain;
  for (u32 left = ring_.size; left != 0 && HasWork(); --left) {
    u32 written = 0;
    if (MaybeViolation bad = Take(&chain)) return bad;
    if (MaybeViolation bad = serve(chain, &written)) return bad;
    Return(chain.head, written);
  }
  Interrupt();
  return std::nullopt;
}

}  // namespace lgx

#endif  // LGX_DEVICES_VIRTQUEUE_H_
