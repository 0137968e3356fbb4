// One conversation with gdb: packets in, answers out. No sockets here.
#ifndef LGX_DEBUG_GDB_SESSION_H_
#define LGX_DEBUG_GDB_SESSION_H_

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/types.h"
#include "debug/gdb_packet.h"
#include "debug/gdb_target.h"

namespace lgx {

class GdbSession {
 public:
  enum class State : u8 { kOpen, kDetached, kKilled, kExited };

  // `target` outlives this. `send` gets whole frames and acknowledgements.
  GdbSession(GdbTarget& target, std::function<void(std::string_view)> send)
      : target_(target), send_(std::move(send)) {}

  // Takes bytes as they come and answers what is complete. Not while a call of it is
  // active further up.
  State Take(std::span<const u8> bytes);
  // While the target runs, from inside of Resume(): keeps the bytes for later. True: a
  // Ctrl-C is among them, and taken.
  bool TakeWhileRunning(std::span<const u8> bytes);
  // More bytes would only fill memory.
  bool full() const { return reader_.waiting() >= kMaxWaiting; }
  State state() const { return state_; }

 private:
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr u32 kMaxTransfer = 0x2000;  // bytes of memory in one packet

  void Answer(std::string_view payload);
  void Handle(std::string_view packet);
  std::string Reply(std::string_view packet);
  std::string ReplyToQuery(std::string_view packet);
  std::string ReplyToV(std::string_view packet);
  std::string Supported(std::string_view features);
  std::string Transfer(std::string_view packet);
  std::string ReadRegister(std::string_view arguments);
  std::string WriteRegister(std::string_view arguments);
  std::string WriteRegisters(std::string_view hex);
  std::string ReadMemory(std::string_view arguments);
  std::string WriteMemory(std::string_view arguments, bool binary);
  std::string Point(std::string_view packet);
  std::string RunFrom(std::string_view address, GdbResume::Kind kind);
  std::string Run(const GdbResume& how);
  std::string VCont(std::string_view actions);
  std::string StopReply(const GdbStop& stop);
  std::string Monitor(std::string_view hex);

  GdbTarget& target_;
  std::function<void(std::string_view)> send_;
  GdbPacketReader reader_;
  std::string last_frame_;  // to be sent again after a -
  bool acknowledge_ = true;
  bool knows_swbreak_ = false;
  bool knows_hwbreak_ = false;
  State state_ = State::kOpen;
};

}  // namespace lgx

#endif  // LGX_DEBUG_GDB_SESSION_H_
