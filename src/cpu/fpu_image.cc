// The memory images of FNSTENV, FNSAVE and FXSAVE (SDM volume 1, 8.1.10 and 10.5).
#include <algorithm>

#include "base/endian.h"
#include "cpu/fpu.h"

namespace lgx {

namespace {

// Environment images. n is the size of a field, 4 or 2 bytes:
//   offset   protected mode              real and virtual-8086 mode
//   0 n 2n   control, status, tag        the same
//   3n       FIP                         FIP bits 15:0
//   4n       FCS | FOP << 16 (wide)      FIP bits 31:16 << 12 | FOP, as linear address
//   5n       FDP                         FDP bits 15:0
//   6n       FDS                         FDP bits 31:16 << 12, as linear address
// The narrow real-mode image has four address bits, 19:16, at 15:12. The upper halves of
// 16-bit fields in a wide image are ones.
class EnvironmentWriter {
 public:
  EnvironmentWriter(u8* image, bool wide) : image_(image), wide_(wide) {}

  void Half(u16 value) {
    if (wide_) {
      Word(0xffff0000 | value);
    } else {
      Word(value);
    }
  }
  void Word(u32 value) {
    if (wide_) {
      StoreLe<u32>(image_, value);
      image_ += 4;
    } else {
      StoreLe<u16>(image_, static_cast<u16>(value));
      image_ += 2;
    }
  }

 private:
  u8* image_;
  bool wide_;
};

class EnvironmentReader {
 public:
  EnvironmentReader(const u8* image, bool wide) : image_(image), wide_(wide) {}

  u32 Word() {
    const u32 value = wide_ ? LoadLe<u32>(image_) : LoadLe<u16>(image_);
    image_ += wide_ ? 4 : 2;
    return value;
  }

 private:
  const u8* image_;
  bool wide_;
};

u32 LinearPointer(u16 selector, u32 offset) { return (u32{selector} << 4) + offset; }

u8 ValidFromTags(u32 tags) {
  u8 valid = 0;
  for (unsigned n = 0; n < 8; ++n) {
    if (((tags >> (2 * n)) & 3) != 3) valid |= static_cast<u8>(1u << n);
  }
  return valid;
}

void WriteRegister(u8* bytes, Float80 a) {
  StoreLe<u64>(bytes, a.significand);
  StoreLe<u16>(bytes + 8, a.sign_exp);
}

Float80 ReadRegister(const u8* bytes) {
  return {LoadLe<u64>(bytes), LoadLe<u16>(bytes + 8)};
}

}  // namespace

void FpuWriteEnvironment(const FpuState& s, FpuImageFormat format, u8* image) {
  EnvironmentWriter out(image, format.wide);
  out.Half(s.cw);
  out.Half(s.sw);
  out.Half(FpuTagWord(s));
  if (format.protected_mode) {
    out.Word(s.fip);
    out.Word(s.fcs | (u32{s.fop} << 16));
    out.Word(s.fdp);
    out.Half(s.fds);
    return;
  }
  const u32 ip = LinearPointer(s.fcs, s.fip), dp = LinearPointer(s.fds, s.fdp);
  out.Half(static_cast<u16>(ip));
  out.Word(((ip >> 16) << 12) | s.fop);
  out.Half(static_cast<u16>(dp));
  out.Word((dp >> 16) << 12);
}

void FpuReadEnvironment(FpuState& s, FpuImageFormat format, const u8* image) {
  EnvironmentReader in(image, format.wide);
  s.cw = static_cast<u16>((in.Word() & kFpuCwWritable) | kFpuCwAlwaysSet);
  s.sw = static_cast<u16>(in.Word());
  s.valid = ValidFromTags(in.Word());
  if (format.protected_mode) {
    s.fip = in.Word();
    const u32 selector = in.Word();
    s.fcs = static_cast<u16>(selector);
    s.fop = format.wide ? (selector >> 16) & 0x7ff : 0;
    s.fdp = in.Word();
    s.fds = static_cast<u16>(in.Word());
  } else {
    const u32 ip_low = in.Word() & 0xffff, ip_high = in.Word();
    const u32 dp_low = in.Word() & 0xffff, dp_high = in.Word();
    s.fcs = s.fds = 0;
    s.fip = ((ip_high >> 12) << 16) | ip_low;
    s.fop = ip_high & 0x7ff;
    s.fdp = ((dp_high >> 12) << 16) | dp_low;
  }
  FpuUpdateSummary(s);
}

void FpuWriteState(const FpuState& s, FpuImageFormat format, u8* image) {
  FpuWriteEnvironment(s, format, image);
  u8* registers = image + format.EnvironmentSize();
  for (unsigned i = 0; i < 8; ++i) WriteRegister(registers + 10 * i, s.St(i));
}

void FpuReadState(FpuState& s, FpuImageFormat format, const u8* image) {
  FpuReadEnvironment(s, format, image);
  const u8* registers = image + format.EnvironmentSize();
  for (unsigned i = 0; i < 8; ++i) s.St(i) = ReadRegister(registers + 10 * i);
}

void FpuMaskAll(FpuState& s) {
  s.cw |= 0x3f;
  FpuUpdateSummary(s);
}

void FpuWriteFxImage(const FpuState& s, u8* image, u32 mxcsr_mask) {
  std::fill(image, image + kFxImageWritten, u8{0});
  StoreLe<u16>(image, s.cw);
  StoreLe<u16>(image + 2, s.sw);
  image[4] = s.valid;
  StoreLe<u16>(image + 6, s.fop);
  StoreLe<u32>(image + 8, s.fip);
  StoreLe<u16>(image + 12, s.fcs);
  StoreLe<u32>(image + 16, s.fdp);
  StoreLe<u16>(image + 20, s.fds);
  StoreLe<u32>(image + 24, s.mxcsr);
  StoreLe<u32>(image + 28, mxcsr_mask);
  for (unsigned i = 0; i < 8; ++i) {
    WriteRegister(image + 32 + 16 * i, s.St(i));
    std::copy(s.xmm[i].begin(), s.xmm[i].end(), image + 160 + 16 * i);
  }
}

bool FpuReadFxImage(FpuState& s, const u8* image, u32 mxcsr_mask) {
  const u32 mxcsr = LoadLe<u32>(image + 24);
  if ((mxcsr & ~mxcsr_mask) != 0) return false;
  s.mxcsr = mxcsr;
  s.cw = (LoadLe<u16>(image) & kFpuCwWritable) | kFpuCwAlwaysSet;
  s.sw = LoadLe<u16>(image + 2);
  s.valid = image[4];
  s.fop = LoadLe<u16>(image + 6) & 0x7ff;
  s.fip = LoadLe<u32>(image + 8);
  s.fcs = LoadLe<u16>(image + 12);
  s.fdp = LoadLe<u32>(image + 16);
  s.fds = LoadLe<u16>(image + 20);
  for (unsigned i = 0; i < 8; ++i) {
    s.St(i) = ReadRegister(image + 32 + 16 * i);
    std::copy_n(image + 160 + 16 * i, 16, s.xmm[i].begin());
  }
  FpuUpdateSummary(s);
  return true;
}

}  // namespace lgx
