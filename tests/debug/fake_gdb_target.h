// A GdbTarget of a few bytes that runs at once, for the session alone.
#ifndef LGX_TESTS_DEBUG_FAKE_GDB_TARGET_H_
#define LGX_TESTS_DEBUG_FAKE_GDB_TARGET_H_

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "debug/gdb_registers.h"
#include "debug/gdb_target.h"

namespace lgx::test {

class FakeGdbTarget final : public GdbTarget {
 public:
  static constexpr u64 kMemoryAt = 0x1000;

  std::string ReadRegisters() override { return registers; }
  bool WriteRegister(u32 number, std::span<const u8> value) override {
    if (number > kGdbEflags) return false;
    const GdbRegister& reg = GdbRegisterTable()[number];
    if (value.size() != reg.bytes) return false;
    std::copy(value.begin(), value.end(), registers.begin() + reg.offset);
    return true;
  }
  u32 ReadMemory(u64 at, std::span<u8> to) override {
    const u64 there = at < kMemoryAt || at - kMemoryAt > memory.size()
                          ? 0
                          : memory.size() - (at - kMemoryAt);
    const u32 count = static_cast<u32>(std::min<u64>(there, to.size()));
    if (count != 0) std::copy_n(memory.begin() + (at - kMemoryAt), count, to.begin());
    return count;
  }
  bool WriteMemory(u64 at, std::span<const u8> from) override {
    if (at < kMemoryAt || at - kMemoryAt > memory.size() ||
        from.size() > memory.size() - (at - kMemoryAt)) {
      return false;
    }
    std::copy(from.begin(), from.end(), memory.begin() + (at - kMemoryAt));
    return true;
  }
  bool Insert(u32 type, u64 at, u32 len) override {
    if (points.size() >= 64) return false;
    points.emplace_back(type, at, len);
    return true;
  }
  bool Remove(u32 type, u64 at, u32 len) override {
    std::erase(points, std::tuple(type, at, len));
    return true;
  }
  GdbStop Resume(const GdbResume& how) override {
    resumed.push_back(how);
    if (resumed.size() > 64) resumed.clear();
    return stop;
  }
  GdbStop LastStop() override { return stop; }
  bool CanReverse() override { return can_reverse; }
  std::string ThreadName() override { return "Guest kernel"; }
  std::string Monitor(std::string_view command) override {
    return "you said " + std::string(command) + "\n";
  }

  std::string registers = std::string(GdbRegisterBytes(), '\0');
  std::vector<u8> memory = std::vector<u8>(256, 0x5a);
  std::vector<std::tuple<u32, u64, u32>> points;
  std::vector<GdbResume> resumed;
  GdbStop stop;
  bool can_reverse = false;
};

}  // namespace lgx::test

#endif  // LGX_TESTS_DEBUG_FAKE_GDB_TARGET_H_
