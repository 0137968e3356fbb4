#include "tests/cpu/fuzz_code.h"

#include <initializer_list>

#include "base/endian.h"
#include "cpu/decode.h"
#include "cpu/state.h"
#include "tests/cpu/fuzz_world.h"

namespace lgx {
namespace {

// Often used opcodes of the one-byte map, chosen as often as the rest together.
constexpr u8 kCommon[] = {
    0x01, 0x03, 0x09, 0x0b, 0x11, 0x13, 0x19, 0x1b, 0x21, 0x23, 0x29, 0x2b, 0x31,
    0x33, 0x39, 0x3b, 0x40, 0x43, 0x48, 0x4f, 0x50, 0x53, 0x58, 0x5b, 0x69, 0x6b,
    0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0x90,
    0xb0, 0xb8, 0xc0, 0xc1, 0xc6, 0xc7, 0xd1, 0xd3, 0xf6, 0xf7, 0xfe, 0xff, 0xa4,
    0xa5, 0xa6, 0xab, 0xac, 0xaf, 0x9c, 0x98, 0x99, 0xe8, 0xc3, 0x74, 0x7c};
constexpr u8 kPrefixes[] = {0x66, 0x67, 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26,
                            0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0xf3, 0xf2};

class CodeMaker {
 public:
  CodeMaker(Choices& choices, bool code32, u32 size)
      : c_(choices), code32_(code32), size_(size) {}

  std::vector<u8> Make() {
    while (out_.size() < size_) {
      const u32 kind = c_.Below(64);
      if (kind < 24) {
        Encoded({c_.Of(kCommon)});
      } else if (kind < 34) {
        Encoded({c_.Byte()});
      } else if (kind < 42) {
        Encoded({0x0f, c_.Byte()});
      } else if (kind < 46) {
        Encoded({0xd8u + c_.Below(8)});
      } else if (kind < 50) {
        Branch();
      } else if (kind < 52) {
        Put({c_.Byte()});
      } else {
        Special(kind - 52);
      }
    }
    out_.resize(size_, 0x90);
    return std::move(out_);
  }

 private:
  void Put(std::initializer_list<u32> bytes) {
    for (const u32 b : bytes) out_.push_back(static_cast<u8>(b));
  }
  void PutWord(u32 v) { Put({v, v >> 8}); }
  void PutLong(u32 v) { PutWord(v), PutWord(v >> 16); }
  // An address or number of the size of the code's own addresses.
  void PutNative(u32 v) {
    if (code32_) {
      PutLong(v);
    } else {
      PutWord(v);
    }
  }
  // Prefix for a 32-bit operand (or a 16-bit one) whatever the code segment is.
  void Operand(bool wide) {
    if (wide != code32_) Put({0x66});
  }

  u32 DataAddress() {
    // Pages end where things are interesting.
    const u32 at = c_.OneIn(4) ? kPageSize * (1 + c_.Below(3)) - c_.Below(16)
                               : c_.Below(FuzzWorld::kDataBytes);
    return code32_ ? FuzzWorld::kData + at : at;
  }
  u32 CodeAddress() {
    return (code32_ ? FuzzWorld::kCode : 0) + c_.Below(FuzzWorld::kCodeBytes);
  }
  u32 Number() {
    switch (c_.Below(8)) {
      case 0:
        return c_.Long();
      case 1:
        return CodeAddress();
      case 2:
        return ChooseSelector(c_);
      case 3:
        return 0x80000000u >> c_.Below(32);
      case 4:
        return DataAddress();
      default:
        return c_.Below(256) - 64;
    }
  }

  // The opcode, then ModRM, SIB and displacement with an operand in reach, if it is one
  // of those, then numbers; cut where the decoder says the instruction ends.
  void Encoded(std::initializer_list<u32> opcode) {
    std::vector<u8> bytes;
    while (c_.OneIn(6) && bytes.size() < 4) bytes.push_back(c_.Of(kPrefixes));
    for (const u32 b : opcode) bytes.push_back(static_cast<u8>(b));
    const std::size_t body = bytes.size();
    const u32 modrm = c_.Byte();
    // Memory operands: the plain address, or a register and a displacement.
    const bool memory = c_.OneIn(2);
    if (!memory) {
      bytes.push_back(static_cast<u8>(modrm | 0xc0));
    } else if (c_.OneIn(2)) {
      bytes.push_back(static_cast<u8>((modrm & 0x38) | (code32_ ? 5 : 6)));
      Number(&bytes, DataAddress());
    } else {
      bytes.push_back(static_cast<u8>(modrm));
      if (c_.OneIn(2)) bytes.push_back(c_.Byte());
      Number(&bytes, c_.OneIn(2) ? DataAddress() : c_.Below(64));
    }
    for (int i = 0; i < 3; ++i) Number(&bytes, Number());
    bytes.resize(kMaxInsnBytes);
    RawInsn insn;
    if (Decode(bytes, code32_, &insn) != DecodeStatus::kOk) {
      bytes.resize(body + 1);
    } else {
      bytes.resize(insn.length);
      // An immediate where operand and numbers do not start with a ModRM byte.
      if (!insn.has_modrm && insn.length > body) ShapeOperand(&bytes, body, insn);
    }
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  static void Number(std::vector<u8>* bytes, u32 v) {
    for (u32 shift = 0; shift < 32; shift += 8)
      bytes->push_back(static_cast<u8>(v >> shift));
  }

  // Addresses and distances that lead somewhere.
  void ShapeOperand(std::vector<u8>* bytes, std::size_t body, const RawInsn& insn) {
    const std::size_t length = bytes->size() - body;
    u32 value = Number();
    if (insn.opcode >= 0xa0 && insn.opcode <= 0xa3) value = DataAddress();
    if (insn.opcode == 0xe8 || insn.opcode == 0xe9 || insn.opcode >> 4 == 0xf8)
      value = c_.Below(100) - 20;
    if (insn.opcode == 0xc8) value = c_.Below(64) | c_.Below(34) << 16;  // ENTER
    if (insn.opcode == 0xea || insn.opcode == 0x9a) value = CodeAddress();
    for (std::size_t i = 0; i < length && i < 4; ++i)
      (*bytes)[body + i] = static_cast<u8>(value >> (8 * i));
    if (insn.opcode == 0xea || insn.opcode == 0x9a)
      StoreLe<u16>(&(*bytes)[bytes->size() - 2], ChooseSelector(c_));
  }

  void Branch() {
    switch (c_.Below(4)) {
      case 0:
        Put({0x70 + c_.Below(16), c_.Below(24)});
        break;
      case 1:
        Put({0xe0 + c_.Below(4), 0x100 - c_.Below(40)});  // LOOP, JCXZ, backwards
        break;
      case 2:
        Put({0xeb, c_.Below(20)});
        break;
      default:
        // Somewhere on these pages: the last instructions of a page cross into the next.
        Put({0xe9});
        PutNative(c_.Below(FuzzWorld::kCodeBytes) - FuzzWorld::kCodeBytes / 2);
        break;
    }
  }

  void MovEax(u32 value) {
    Operand(true);
    Put({0xb8}), PutLong(value);
  }
  // ModRM for a plain address.
  void Direct(u32 reg, u32 at) {
    Put({(code32_ ? 5u : 6u) | reg << 3});
    PutNative(at);
  }

  // What needs more than one instruction, or numbers that fit together.
  void Special(u32 kind) {
    switch (kind) {
      case 0:
        Operand(false);
        Put({0xb8}), PutWord(ChooseSelector(c_));
        Put({0x8e, 0xc0 | c_.Below(6) << 3});
        break;
      case 1:  // PUSHF; XOR [top], bits; POPF
        Operand(true), Put({0x9c});
        Operand(true), Put({0x67, 0x81, 0x34, 0x24}), PutLong(1u << c_.Below(22));
        if (!c_.OneIn(4)) Operand(true), Put({0x9d});
        break;
      case 2:
        ReturnFrame();
        break;
      case 3:
        ControlRegister();
        break;
      case 4:
        SelfModify();
        break;
      case 5:
      case 6:
        String();
        break;
      case 7:
        System();
        break;
      case 8:
        PageTableStore();
        break;
      case 9:
        Put({0xcd, c_.OneIn(2) ? 0x20 + c_.Below(16) : c_.Byte()});
        break;
      case 10:
        Put({c_.OneIn(2) ? 0xf2u : 0x66u});  // a mandatory prefix, or none that counts
        Encoded({0x0f, 0x10 + c_.Below(240)});
        break;
      default:
        Encoded({0x0f, 0x00 + c_.Below(2)});
        break;
    }
  }

  // PUSH SS, ESP, EFLAGS, CS, EIP; IRET or RETF.
  void ReturnFrame() {
    const u16 code = ChooseSelector(c_);
    const auto push = [this](u32 v) { Operand(true), Put({0x68}), PutLong(v); };
    push(c_.OneIn(4) ? ChooseSelector(c_) : code + 8u);
    push(FuzzWorld::kStacks + 0x1000 * c_.Below(4));
    u32 flags = 2 | (c_.Long() & 0x3cd5);
    if (c_.OneIn(8)) flags |= kEflagsVm;
    if (c_.OneIn(8)) flags |= kEflagsTf;
    const bool interrupt = !c_.OneIn(3);
    if (interrupt) push(flags);
    push(code);
    push(FuzzWorld::kCode + c_.Below(FuzzWorld::kCodeBytes));
    Operand(true), Put({interrupt ? 0xcfu : 0xcbu});
  }

  void ControlRegister() {
    constexpr u32 kRegisters[] = {0, 0, 2, 3, 4, 4};
    const u32 which = c_.Of(kRegisters);
    Operand(true);
    Put({0x0f, 0x20, 0xc0 | which << 3});  // MOV EAX, CRn
    constexpr u8 kCr0[] = {1, 2, 3, 5, 16, 18, 31};
    const u32 bit = which == 0 ? 1u << c_.Of(kCr0) : 1u << c_.Below(12);
    Operand(true), Put({0x35}), PutLong(c_.OneIn(4) ? 0 : bit);  // XOR EAX, bit
    Put({0x0f, 0x22, 0xc0 | which << 3});
    if (c_.OneIn(2)) {  // debug registers
      MovEax(c_.OneIn(2) ? c_.Long() : CodeAddress());
      Put({0x0f, 0x23, 0xc0 | c_.Below(8) << 3});
    }
  }

  // A store into code near this place, past it or before it.
  void SelfModify() {
    const u32 here = static_cast<u32>(out_.size());
    const u32 page = (code32_ ? FuzzWorld::kCode : 0) + kPageSize * c_.Below(4);
    const u32 at = page + ((here + c_.Below(96) - 32) & kPageMask);
    Put({code32_ ? 0x3eu : 0x2eu});  // CS in real mode, where it is writable
    if (c_.OneIn(2)) {
      Put({0xc6}), Direct(0, at), Put({c_.Byte()});
    } else {
      Put({0x89}), Direct(c_.Below(8), at);
    }
  }

  void String() {
    constexpr u8 kOpcodes[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac,
                               0xad, 0xae, 0xaf, 0x6c, 0x6e, 0xa5, 0xab};
    Put({0xb9}), PutNative(c_.OneIn(8) ? c_.Word() : c_.Below(80));
    Put({0xbf}), PutNative(c_.OneIn(6) ? CodeAddress() : DataAddress());
    if (c_.OneIn(2)) Put({0xbe}), PutNative(c_.OneIn(6) ? CodeAddress() : DataAddress());
    if (c_.OneIn(4)) Put({0xfc + c_.Below(2)});  // CLD, STD
    if (c_.OneIn(8)) Put({c_.Of(kPrefixes)});
    Put({0xf2 + c_.Below(2), c_.Of(kOpcodes)});
  }

  void System() {
    switch (c_.Below(8)) {
      case 0:  // RDMSR, WRMSR
        Operand(true), Put({0xb9});
        PutLong(c_.Of(kMsrs));
        if (c_.OneIn(2)) MovEax(c_.Below(2) * FuzzWorld::kCode + ChooseSelector(c_));
        Put({0x0f, c_.OneIn(2) ? 0x30u : 0x32u});
        break;
      case 1:
        Put({0x0f, 0x34 + c_.Below(2)});  // SYSENTER, SYSEXIT
        break;
      case 2:
        MovEax(ChooseSelector(c_));
        Put({0x0f, 0x00, 0xc0 | c_.Below(6) << 3});
        break;
      case 3:
        Put({0x0f, 0x01}), Direct(c_.Below(8), DataAddress());
        break;
      case 4:
        Put({0x0f, 0x01}),
            Direct(7, c_.OneIn(2) ? CodeAddress() : DataAddress());  // INVLPG
        break;
      case 5:
        Put({0xfa + c_.Below(2)});  // CLI, STI
        break;
      case 6:
        MovEax(ChooseSelector(c_));
        Put({0x0f, 0x02 + c_.Below(2), 0xc8});  // LAR, LSL ECX, EAX
        break;
      default:
        Put({0xf4});
        break;
    }
  }

  // An entry of the page tables, where the program can reach them.
  void PageTableStore() {
    if (!code32_) {
      Encoded({0x8b});
      return;
    }
    const u32 page = c_.OneIn(2) ? (FuzzWorld::kCode >> kPageShift) + c_.Below(8)
                                 : (FuzzWorld::kData >> kPageShift) + c_.Below(8);
    const u32 at =
        FuzzWorld::kTables + 0x1000 * (1 + c_.Below(2)) + page * 4 * (1 + c_.Below(2));
    constexpr u32 kRights[] = {7, 7, 5, 6, 0x67, 0x27, 0x47, 3};
    Put({0xc7}), Direct(0, at);
    PutLong((page + (c_.OneIn(4) ? 1 : 0)) << kPageShift | c_.Of(kRights));
    if (c_.OneIn(2)) Put({0x0f, 0x01}), Direct(7, page << kPageShift);
  }

  static constexpr u32 kMsrs[] = {0x10, 0x174, 0x175, 0x176, 0xc0000080, 0x1b, 0x277};

  Choices& c_;
  bool code32_;
  u32 size_;
  std::vector<u8> out_;
};

}  // namespace

std::vector<u8> RandomCode(Choices& choices, bool code32, u32 size) {
  return CodeMaker(choices, code32, size).Make();
}

}  // namespace lgx
