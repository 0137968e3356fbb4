#include "tools/bare_dump.h"

#include <nlohmann/json.hpp>
#include <span>

#include "cpu/fpu.h"

namespace lgx {
namespace {

using nlohmann::json;

std::string Hex(std::span<const u8> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const u8 byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

json Registers(const Cpu& cpu) {
  static constexpr const char* kNames[] = {"eax", "ecx", "edx", "ebx",
                                           "esp", "ebp", "esi", "edi"};
  json out;
  for (u32 n = 0; n < 8; ++n) out[kNames[n]] = cpu.state.regs[n];
  out["eip"] = cpu.state.eip;
  out["eflags"] = cpu.Eflags();
  return out;
}

// `attr` has the descriptor's bits 8 ... 23, those of the limit zero.
json OneSegment(const Segment& segment) {
  return {{"selector", segment.selector},
          {"base", segment.base},
          {"limit", segment.limit},
          {"attr", segment.attr}};
}

json Segments(const CpuState& state) {
  static constexpr const char* kNames[] = {"es", "cs", "ss", "ds", "fs", "gs"};
  json out;
  for (u32 n = 0; n < kSegments; ++n) out[kNames[n]] = OneSegment(state.seg[n]);
  out["ldtr"] = OneSegment(state.ldtr);
  out["tr"] = OneSegment(state.tr);
  out["gdtr"] = {{"base", state.gdtr.base}, {"limit", state.gdtr.limit}};
  out["idtr"] = {{"base", state.idtr.base}, {"limit", state.idtr.limit}};
  return out;
}

json Control(const CpuState& state) {
  json out = {{"cr0", state.cr0}, {"cr2", state.cr2},   {"cr3", state.cr3},
              {"cr4", state.cr4}, {"efer", state.efer}, {"cpl", state.cpl}};
  for (const u32 n : {0, 1, 2, 3, 6, 7}) out["dr" + std::to_string(n)] = state.dr[n];
  return out;
}

json Fpu(const FpuState& fpu) {
  json out = {{"cw", fpu.cw},   {"sw", fpu.sw},   {"tw", FpuTagWord(fpu)},
              {"fop", fpu.fop}, {"fip", fpu.fip}, {"fcs", fpu.fcs},
              {"fdp", fpu.fdp}, {"fds", fpu.fds}, {"mxcsr", fpu.mxcsr}};
  // The image of FXSAVE has ST(i) in order of the stack.
  u8 image[kFxImageSize] = {};
  FpuWriteFxImage(fpu, image);
  for (u32 n = 0; n < 8; ++n) {
    out["st"].push_back(Hex({image + 32 + 16 * n, 10}));
    u8 mmx[8];
    StoreLe<u64>(mmx, fpu.regs[n].significand);
    out["mmx"].push_back(Hex(mmx));
    out["xmm"].push_back(Hex(fpu.xmm[n]));
  }
  return out;
}

json Memory(const PhysMemory& memory, const BareOptions& options) {
  json out = json::object();
  for (const BareOptions::DumpRange& range : options.dump_ranges) {
    std::vector<u8> bytes(range.length);
    memory.Read(Mpa(range.address), bytes.data(), bytes.size());
    out[range.name] = {{"address", range.address}, {"bytes", Hex(bytes)}};
  }
  return out;
}

}  // namespace

std::string BareDump(BareMachine& machine, const BareOptions& options,
                     const BareOutcome& outcome) {
  const Cpu& cpu = machine.cpu();
  json out;
  out["version"] = 1;
  out["result"] = {{"reason", outcome.reason},
                   {"code", outcome.code},
                   {"instructions", cpu.retired()}};
  if (machine.last_post()) out["result"]["post"] = *machine.last_post();
  out["registers"] = Registers(cpu);
  out["segments"] = Segments(cpu.state);
  out["control"] = Control(cpu.state);
  out["fpu"] = Fpu(cpu.state.fpu);
  out["memory"] = Memory(machine.memory(), options);
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace lgx
