#include "tests/cpu/fuzz_compare.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/cpu/fuzz_world.h"

namespace lgx {
namespace {

constexpr u64 kLongestProgram = 3000;
constexpr u32 kLongestPiece = 400;
constexpr u32 kMostHalts = 12;

struct Way {
  const char* name;
  Binding binding;
  bool uncached;
  u64 piece;  // at most so many instructions for each Run(); 0: all at once
};

std::vector<Way> Ways() {
  std::vector<Way> ways = {{"loop, uncached", Binding::kLoop, true, 0},
                           {"loop", Binding::kLoop, false, 0}};
  if (BindingExists(Binding::kTail)) {
    ways.push_back({"tail", Binding::kTail, false, 0});
    ways.push_back({"tail, uncached", Binding::kTail, true, 0});
    ways.push_back({"tail, by elevens", Binding::kTail, false, 11});
  } else {
    ways.push_back({"loop, by elevens", Binding::kLoop, false, 11});
  }
  return ways;
}

// Calls visit(name, value) for everything a program could notice about the processor, and
// for the counts.
template <typename Visit>
void VisitState(const Cpu& cpu, Visit visit) {
  const CpuState& s = cpu.state;
  constexpr const char* kNames[] = {"eax", "ecx", "edx", "ebx",
                                    "esp", "ebp", "esi", "edi"};
  for (u32 i = 0; i < 8; ++i) visit(kNames[i], s.regs[i]);
  visit("eip", s.eip);
  visit("eflags", cpu.Eflags());
  constexpr const char* kSegNames[] = {"es", "cs", "ss", "ds", "fs", "gs"};
  const auto segment = [&visit](const char* name, const Segment& g) {
    visit(name, u64{g.selector} << 48 | u64{g.attr} << 32 | g.base);
    visit("its limit", g.limit);
  };
  for (u32 i = 0; i < kSegments; ++i) segment(kSegNames[i], s.seg[i]);
  segment("ldtr", s.ldtr), segment("tr", s.tr);
  visit("gdtr", u64{s.gdtr.limit} << 32 | s.gdtr.base);
  visit("idtr", u64{s.idtr.limit} << 32 | s.idtr.base);
  visit("cr0", s.cr0), visit("cr2", s.cr2), visit("cr3", s.cr3), visit("cr4", s.cr4);
  for (const u64 v : s.pdpte) visit("pdpte", v);
  visit("efer", s.efer);
  for (const u32 v : s.dr) visit("dr", v);
  visit("sysenter_cs", s.sysenter_cs), visit("sysenter_esp", s.sysenter_esp);
  visit("sysenter_eip", s.sysenter_eip);
  visit("cpl", s.cpl);
  visit("interrupt shadow", s.interrupt_shadow), visit("trap shadow", s.trap_shadow);
  visit("halted", s.halted);
  const FpuState& f = s.fpu;
  for (const Float80& r : f.regs)
    visit("fpu", r.significand), visit("its exponent", r.sign_exp);
  visit("fpu valid", f.valid), visit("fpu cw", f.cw), visit("fpu sw", f.sw);
  visit("fop", f.fop), visit("fip", u64{f.fcs} << 32 | f.fip);
  visit("fdp", u64{f.fds} << 32 | f.fdp), visit("mxcsr", f.mxcsr);
  for (const auto& x : f.xmm)
    visit("xmm", LoadLe<u64>(&x[0])), visit("xmm", LoadLe<u64>(&x[8]));
  visit("retired", cpu.retired());
  visit("faults", cpu.stats().faults), visit("interrupts", cpu.stats().interrupts);
  visit("interrupt waiting", cpu.interrupt_waiting());
}

struct Runner {
  Runner(const Way& chosen, const FuzzWorld& world)
      : way(chosen),
        memory(std::move(PhysMemory::Create(FuzzWorld::kMemory)).value()),
        cpu(*memory, chosen.binding) {
    memory->Write(Mpa(0), world.memory.data(), world.memory.size());
    cpu.set_model(FullCpuModel());
    cpu.state = world.state;
    cpu.StateChanged();
    cpu.set_uncached(way.uncached);
  }

  StopReason RunTo(u64 until) {
    StopReason why = StopReason::kDeadline;
    do {
      const u64 next =
          way.piece == 0 ? until : std::min(until, cpu.retired() + way.piece);
      why = cpu.Run(next);
    } while (why == StopReason::kDeadline && cpu.retired() < until);
    return why;
  }

  Way way;
  std::unique_ptr<PhysMemory> memory;
  Cpu cpu;
};

// What the outside does before a piece of the program.
enum class Disturbance : u8 { kNone, kInterrupt, kNmi, kStore };
struct Piece {
  u64 until = 0;
  Disturbance before = Disturbance::kNone;
  u8 vector = 0;
  u32 at = 0, value = 0;
};

void Disturb(Runner& runner, const Piece& piece) {
  switch (piece.before) {
    case Disturbance::kNone:
      break;
    case Disturbance::kInterrupt:
      (void)runner.cpu.RaiseInterrupt(piece.vector);
      break;
    case Disturbance::kNmi:
      runner.cpu.RaiseNmi();
      break;
    case Disturbance::kStore: {
      u8 bytes[4];
      StoreLe<u32>(bytes, piece.value);
      runner.memory->Write(Mpa(piece.at), bytes, sizeof bytes);
      break;
    }
  }
}

class Comparison {
 public:
  explicit Comparison(std::span<const u8> input) : input_(input), choices_(input) {
    world_ = MakeWorld(choices_);
    ways_ = Ways();
  }

  FuzzOutcome Run() {
    FuzzOutcome outcome;
    std::vector<std::unique_ptr<Runner>> runners = Start();
    Cpu& first = runners[0]->cpu;
    u32 halts = 0;
    while (first.retired() < kLongestProgram && halts < kMostHalts) {
      done_.push_back(NextPiece(first));
      const StopReason why = RunPiece(runners, done_.back(), &outcome.difference);
      if (!outcome.difference.empty()) {
        outcome.difference = Explain();
        break;
      }
      outcome.shut_down = why == StopReason::kShutdown;
      if (why != StopReason::kDeadline && why != StopReason::kHalt) break;
      if (why == StopReason::kHalt) ++halts;
    }
    outcome.instructions = first.retired();
    outcome.events = first.stats().faults + first.stats().interrupts;
    return outcome;
  }

 private:
  std::vector<std::unique_ptr<Runner>> Start() const {
    std::vector<std::unique_ptr<Runner>> runners;
    for (const Way& way : ways_) runners.push_back(std::make_unique<Runner>(way, world_));
    return runners;
  }

  Piece NextPiece(const Cpu& cpu) {
    Choices& c = choices_.registers;
    Piece piece;
    piece.until = cpu.retired() + 1 + c.Below(c.OneIn(4) ? 8 : kLongestPiece);
    piece.vector = static_cast<u8>(c.OneIn(4) ? c.Byte() : 0x20 + c.Below(16));
    if (cpu.state.halted) {
      const bool open = (cpu.Eflags() & kEflagsIf) != 0;
      piece.before = open && c.OneIn(2) ? Disturbance::kInterrupt : Disturbance::kNmi;
      return piece;
    }
    constexpr Disturbance kBefore[] = {Disturbance::kNone,      Disturbance::kNone,
                                       Disturbance::kInterrupt, Disturbance::kInterrupt,
                                       Disturbance::kNmi,       Disturbance::kStore};
    piece.before = c.Of(kBefore);
    constexpr u32 kWhere[] = {FuzzWorld::kCode, FuzzWorld::kCode, FuzzWorld::kData,
                              FuzzWorld::kTables + 0x1000, FuzzWorld::kGdt};
    piece.at = c.Of(kWhere) + c.Below(0x1000);
    piece.value = c.Long();
    return piece;
  }

  // Runs `piece` on all, and compares with the first.
  StopReason RunPiece(std::vector<std::unique_ptr<Runner>>& runners, const Piece& piece,
                      std::string* difference) const {
    StopReason wanted = StopReason::kNone;
    for (std::unique_ptr<Runner>& runner : runners) {
      Disturb(*runner, piece);
      const StopReason why = runner->RunTo(piece.until);
      if (runner == runners[0]) {
        wanted = why;
        continue;
      }
      *difference = Difference(*runners[0], *runner);
      if (difference->empty() && why != wanted) {
        *difference = absl::StrFormat("%s: stop reason %d, wanted %d", runner->way.name,
                                      static_cast<int>(why), static_cast<int>(wanted));
      }
      if (!difference->empty()) break;
    }
    return wanted;
  }

  static std::string Difference(const Runner& wanted, const Runner& got) {
    std::vector<u64> a, b;
    a.reserve(160), b.reserve(160);
    VisitState(wanted.cpu, [&a](const char*, u64 v) { a.push_back(v); });
    VisitState(got.cpu, [&b](const char*, u64 v) { b.push_back(v); });
    std::string text;
    if (a != b) {
      std::size_t i = 0;
      VisitState(got.cpu, [&](const char* name, u64 v) {
        if (v != a[i]) absl::StrAppendFormat(&text, " %s %x, wanted %x;", name, v, a[i]);
        ++i;
      });
    }
    for (u32 frame = 0; frame < wanted.memory->frames(); ++frame) {
      const u8* x = wanted.memory->ReadPointer(Mfn(frame));
      const u8* y = got.memory->ReadPointer(Mfn(frame));
      if (std::memcmp(x, y, kPageSize) == 0) continue;
      const u32 at = static_cast<u32>(std::mismatch(x, x + kPageSize, y).first - x);
      absl::StrAppendFormat(&text, " memory at %x %02x, wanted %02x;",
                            frame * kPageSize + at, y[at], x[at]);
      break;
    }
    return text.empty() ? text : absl::StrFormat("%s:%s", got.way.name, text);
  }

  // The last piece again, one instruction longer each time, from the start: the first
  // length at which the ways differ names the instruction.
  std::string Explain() {
    std::vector<Piece> pieces(done_.begin(), done_.end() - 1);
    const u64 begin = pieces.empty() ? 0 : pieces.back().until;
    std::string text;
    std::string found;
    for (u64 until = std::min(begin, done_.back().until); until <= done_.back().until;
         ++until) {
      std::vector<std::unique_ptr<Runner>> runners = Start();
      std::string difference;
      for (const Piece& piece : pieces) (void)RunPiece(runners, piece, &difference);
      if (!difference.empty()) break;
      Piece last = done_.back();
      last.until = until;
      const CpuState before = runners[0]->cpu.state;
      (void)RunPiece(runners, last, &difference);
      if (difference.empty()) {
        text = Place(runners[0]->cpu);
        continue;
      }
      if (text.empty()) {
        runners[0]->cpu.state = before;
        text = Place(runners[0]->cpu);
      }
      found = absl::StrFormat("instruction %d, behind %s\n%s\n", until, text, difference);
      break;
    }
    if (found.empty()) found = "only a longer piece shows it\n";
    return found + World() + Input();
  }

  // Where the program stands: mode, address, bytes.
  static std::string Place(const Cpu& cpu) {
    const CpuState& s = cpu.state;
    std::string text =
        absl::StrFormat("cs:eip %04x:%08x cpl %d cr0 %x eflags %x", s.seg[1].selector,
                        s.eip, s.cpl, s.cr0, cpu.Eflags());
    Cpu& peek = const_cast<Cpu&>(cpu);
    const u32 lin = s.seg[1].base + s.eip;
    u32 physical = lin;
    if ((s.cr0 & kCr0Pg) != 0) {
      const WalkResult walk = peek.tlb().Fetch(Lin(lin), s.cpl == 3);
      if (!walk.ok) return text + " (not mapped)";
      physical = walk.frame.value * kPageSize + (lin & kPageMask);
    }
    text += " bytes";
    for (u32 i = 0; i < 15; ++i)
      absl::StrAppendFormat(&text, " %02x", peek.memory().Load<u8>(Mpa(physical + i)));
    return text;
  }

  std::string World() const {
    return absl::StrFormat("mode %d, ring %d, cr0 %x cr4 %x efer %x\n",
                           static_cast<int>(world_.mode), world_.ring, world_.state.cr0,
                           world_.state.cr4, world_.state.efer);
  }
  std::string Input() const {
    std::string text = "input ";
    for (const u8 b : input_) absl::StrAppendFormat(&text, "%02x", b);
    return text + "\n";
  }

  std::span<const u8> input_;
  WorldChoices choices_;
  FuzzWorld world_;
  std::vector<Way> ways_;
  std::vector<Piece> done_;
};

}  // namespace

FuzzOutcome RunFuzzProgram(std::span<const u8> input) { return Comparison(input).Run(); }

}  // namespace lgx
