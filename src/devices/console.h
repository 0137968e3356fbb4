// The console, hvc0 in the Guest (type 3, guest-02 section 6).
#ifndef LGX_DEVICES_CONSOLE_H_
#define LGX_DEVICES_CONSOLE_H_

#include <deque>
#include <span>

#include "base/types.h"
#include "devices/console_backend.h"
#include "devices/device.h"

namespace lgx {

class Console : public Device {
 public:
  static constexpr u32 kInputQueue = 0;   // the Guest offers empty buffers
  static constexpr u32 kOutputQueue = 1;  // the Guest offers text
  static constexpr std::size_t kInputLimit = 64 * 1024;

  // Text of the Guest goes to `output`, which must outlive the console.
  explicit Console(ConsoleBackend& output);

  [[nodiscard]] MaybeViolation Serve(u32 queue) override;

  // Input waits here until the Guest has a free buffer. Who brings it asks for the room
  // first; what does not fit is not taken. The count.
  std::size_t InputRoom() const { return kInputLimit - input_.size(); }
  std::size_t QueueInput(std::span<const u8> bytes);
  // Hands waiting input to the Guest, as far as it has buffers. Call after QueueInput.
  [[nodiscard]] MaybeViolation DeliverInput();

  // On a bus of virtio 1.0 the console has one more way out, for a Guest that has no
  // rings yet: a character written to emerg_wr appears at once, running or not.
  void WriteConfig(u32 offset, u32 width, u32 value) override;

  void VisitStats(StatsVisitor& out) const override;

 protected:
  void OnTurnModern(DeviceShape* shape) override;
  void AppendOwnState(ByteWriter* state) const override;
  void SaveOwnState(ByteWriter* out) const override;
  void LoadOwnState(ByteReader* in) override;

 private:
  [[nodiscard]] MaybeViolation ServeOutput();
  u32 FillChain(const Chain& chain);

  ConsoleBackend* output_;
  std::deque<u8> input_;
  u64 output_bytes_ = 0;
  u64 input_bytes_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_CONSOLE_H_
