// Descriptors in memory and the checks of protected mode that several instructions share.
// Source: Intel SDM volume 3, "Protection", and the instruction pages of volume 2.
#ifndef LGX_CPU_PROTECTION_H_
#define LGX_CPU_PROTECTION_H_

#include "cpu/cpu.h"

namespace lgx {

// A code, data or system descriptor, or a gate, as its two words.
struct Descriptor {
  u32 low = 0, high = 0;
  Lin at;  // where it was read

  u16 Attr() const { return static_cast<u16>((high >> 8) & 0xf0ff); }
  u32 Base() const { return (low >> 16) | ((high & 0xff) << 16) | (high & 0xff000000); }
  u32 Limit() const {
    const u32 limit = (low & 0xffff) | (high & 0x000f0000);
    return (high & (1u << 23)) != 0 ? (limit << 12) | 0xfff : limit;
  }
  u8 Type() const { return (high >> 8) & 0xf; }
  u32 Dpl() const { return (high >> 13) & 3; }
  bool IsPresent() const { return (high & (1u << 15)) != 0; }
  bool IsSegment() const { return (high & (1u << 12)) != 0; }  // S
  bool IsCode() const { return IsSegment() && (Type() & 8) != 0; }
  bool IsData() const { return IsSegment() && (Type() & 8) == 0; }
  bool IsConforming() const { return IsCode() && (Type() & 4) != 0; }
  bool IsWritableData() const { return IsData() && (Type() & 2) != 0; }
  bool IsReadable() const { return IsData() || (Type() & 2) != 0; }

  // Gates.
  u16 GateSelector() const { return static_cast<u16>(low >> 16); }
  u32 GateOffset() const {
    const u32 offset = (low & 0xffff) | (high & 0xffff0000);
    return (Type() & 8) != 0 ? offset : offset & 0xffff;
  }
};

inline bool IsNull(u16 selector) { return (selector & ~3) == 0; }
inline u32 ErrorOf(u16 selector) { return selector & ~3u; }
inline u32 RplOf(u16 selector) { return selector & 3; }

// Does its table, the GDT or a usable LDT, reach to its descriptor?
bool IsInTable(const CpuState& s, u16 selector);

// Reads the descriptor of a selector that is not null. Outside its table: false, with
// `vector`(selector | ext) recorded.
[[nodiscard]] bool ReadDescriptor(Cpu& cpu, u16 selector, u8 vector, u32 ext,
                                  Descriptor* descriptor);
// Sets the accessed bit in memory if it is clear, as a supervisor write.
[[nodiscard]] bool SetAccessed(Cpu& cpu, Descriptor* descriptor);

// A segment register as a descriptor describes it.
void FillSegment(Segment* segment, u16 selector, const Descriptor& descriptor);
// The same in real and virtual-8086 mode.
void FillRealSegment(Segment* segment, u16 selector);

// MOV and POP to ES, SS, DS, FS, GS with all checks. False: a fault is recorded.
[[nodiscard]] bool LoadSegment(Cpu& cpu, Seg seg, u16 selector);
// SS for privilege level `cpl`; the descriptor is checked, nothing is loaded. MOV SS, LSS
// and RET with `vector` #GP, a stack taken from the TSS with #TS; absent is
// #SS(selector).
[[nodiscard]] bool CheckStackSegment(Cpu& cpu, u16 selector, u32 cpl, u8 vector, u32 ext,
                                     Descriptor* descriptor);
// The same for IRET to an outer ring: #GP, and absent is #NP(selector), as the manual's
// list of its exceptions says; its "Operation" says #SS.
[[nodiscard]] bool CheckIretStack(Cpu& cpu, u16 selector, u32 cpl,
                                  Descriptor* descriptor);

// After a return to an outer ring: data segments it may not use become null.
void DropInnerSegments(Cpu& cpu);

// With PAE: the four PDPT entries that a load of CR3 with `cr3` takes. False: #GP(0) for
// a reserved bit in a present one.
[[nodiscard]] bool ReadPdptes(Cpu& cpu, u32 cr3, u64* pdpte);

// Stack pointer of an inner ring from the TSS. False: #TS is recorded.
[[nodiscard]] bool ReadInnerStack(Cpu& cpu, u32 cpl, u32 ext, u16* ss, u32* esp);

// A stack that is being filled before it becomes the current one.
class StackWriter {
 public:
  // `user`: accesses are made as CPL 3. `ext` for the error code of a limit violation;
  // `selector` names the stack in it (0 for the current stack).
  StackWriter(Cpu& cpu, const Segment& ss, u32 esp, bool user, u32 error)
      : cpu_(cpu), ss_(ss), esp_(esp), user_(user), error_(error) {}

  // False: #SS(error) or #PF is recorded.
  [[nodiscard]] bool Push(u32 value, u32 bytes);
  u32 esp() const { return esp_; }
  // True if `bytes` more fit; else #SS is recorded.
  [[nodiscard]] bool HasRoom(u32 bytes);

 private:
  u32 Below(u32 bytes) const;

  Cpu& cpu_;
  const Segment& ss_;
  u32 esp_;
  bool user_;
  u32 error_;
};

// The current stack, read upwards without moving ESP until Commit().
class StackReader {
 public:
  explicit StackReader(Cpu& cpu) : cpu_(cpu), esp_(cpu.Gpr(kEsp)) {}

  [[nodiscard]] bool Pop(u32 bytes, u32* value);
  void Skip(u32 bytes) { esp_ = Masked(esp_ + bytes); }
  u32 esp() const { return esp_; }
  void Commit() { cpu_.Gpr(kEsp) = esp_; }

 private:
  u32 Masked(u32 esp) const;

  Cpu& cpu_;
  u32 esp_;
};

// Makes CS:EIP current at privilege `cpl`.
void EnterCode(Cpu& cpu, u16 selector, const Descriptor& code, u32 eip, u32 cpl);

}  // namespace lgx

#endif  // LGX_CPU_PROTECTION_H_
