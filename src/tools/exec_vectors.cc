#include "tools/exec_vectors.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "cpu/fpu.h"
#include "mmu/phys_memory.h"

namespace lgx {
namespace {

using nlohmann::json;

// Where the world's own structures lie: above the user pages of any world, which end at
// 0x08000000.
constexpr u32 kTables = 0x08000000;  // linear = machine; page tables, GDT, LDT, IDT, TSS
constexpr u32 kPdpt = kTables;
constexpr u32 kDirectories = kTables + 0x1000;  // four
constexpr u32 kGdt = kTables + 0x5000;
constexpr u32 kLdt = kTables + 0x6000;
constexpr u32 kIdt = kTables + 0x7000;
constexpr u32 kTss = kTables + 0x8000;
constexpr u32 kPageTables =
    kTables + 0x10000;  // one for each 2 MiB below kUserEnd and tables
constexpr u32 kMachineSize = kTables + 0x200000;

// The most iterations a vector may take before it counts as hanging.
constexpr u64 kMostInstructions = 1u << 24;

std::vector<u8> FromHex(const std::string& hex) {
  std::vector<u8> bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<u8>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
  }
  return bytes;
}

std::string ToHex(const u8* bytes, std::size_t n) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < n; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

struct PageRange {
  u32 start, end;
};

// The world all vectors of a corpus share: memory, tables, a processor at CPL 3.
class World {
 public:
  World(const json& w, const ExecVectorsOptions& options);

  void Reset(const json& v);
  json Result(const json& v);
  StopReason Run() { return cpu_->Run(cpu_->retired() + kMostInstructions); }
  Cpu& cpu() { return *cpu_; }

 private:
  void MapUser(u32 start, u32 count, const std::string& rights);
  void MapTables();
  void SetEntry(u32 lin, u64 flags);
  void WriteDescriptor(u32 at, u32 base, u32 limit, u16 attr);
  void LoadFpu(const json& fp);
  json SaveFpu();

  std::unique_ptr<PhysMemory> memory_;
  std::unique_ptr<Cpu> cpu_;
  CpuState start_;
  struct Hidden {
    u32 base, limit;
    u16 attr;
  };
  std::map<u16, Hidden> segments_;
  std::vector<PageRange> user_;
  std::vector<u8> image_;  // of all user pages, one range after the other
};

World::World(const json& w, const ExecVectorsOptions& options) {
  memory_ = std::move(PhysMemory::Create(kMachineSize)).value();
  cpu_ = std::make_unique<Cpu>(*memory_, options.binding.value_or(DefaultBinding()));
  cpu_->set_uncached(options.uncached);
  cpu_->set_model(FullCpuModel());
  for (const json& p : w.at("pages")) MapUser(p[0], p[1], p[2]);
  MapTables();
  for (const json& m : w.at("mem")) {
    const auto bytes = FromHex(m[1]);
    memory_->Write(Mpa(m[0].get<u32>()), bytes.data(), bytes.size());
  }
  for (const PageRange& r : user_) {
    const std::size_t at = image_.size();
    image_.resize(at + r.end - r.start);
    memory_->Read(Mpa(r.start), image_.data() + at, r.end - r.start);
  }
  for (const auto& [key, value] : w.at("segments").items()) {
    const u32 selector = static_cast<u32>(std::stoul(key));
    const Hidden h{value[0], value[1], value[2].get<u16>()};
    segments_[static_cast<u16>(selector)] = h;
    WriteDescriptor(((selector & 4) != 0 ? kLdt : kGdt) + (selector & ~7u), h.base,
                    h.limit, h.attr);
  }
  for (u32 vector = 0; vector < 256; ++vector) {
    const u32 dpl = vector == 3 || vector == 4 ? 3 : 0;
    memory_->Store<u32>(Mpa(kIdt + 8 * vector), 0x00080000);
    memory_->Store<u32>(Mpa(kIdt + 8 * vector + 4), 0x8e00 | dpl << 13);
  }
  CpuState& s = start_;
  s.cr0 = w.at("cr0").get<u32>() | kCr0Pg | kCr0Pe;
  s.cr4 = w.at("cr4").get<u32>() | kCr4Pae;
  s.efer = w.at("efer").get<u64>();
  s.cpl = w.at("cpl").get<u8>();
  s.cr3 = kPdpt;
  for (u32 i = 0; i < 4; ++i) s.pdpte[i] = (kDirectories + 0x1000 * i) | 1;
  s.gdtr = {kGdt, w.at("gdt_limit").get<u16>()};
  s.idtr = {kIdt, 0x7ff};
  s.ldtr.Set(0x48, kLdt, w.at("ldt_limit").get<u32>(), kAttrPresent | kTypeLdt);
  memory_->Store<u16>(Mpa(kTss + 0x66), 0x68);  // no I/O bitmap: user code has no ports
  s.tr.Set(0x50, kTss, 0x67, kAttrPresent | kTypeTss32Busy);
  cpu_->set_stop_at_events(true);
}

void World::SetEntry(u32 lin, u64 flags) {
  const u32 table = kPageTables + (lin >> 21) * 0x1000;
  memory_->Store<u64>(Mpa(kDirectories + (lin >> 30) * 0x1000 + ((lin >> 21) & 511) * 8),
                      table | 0x67);
  memory_->Store<u64>(Mpa(table + ((lin >> 12) & 511) * 8), (lin & ~kPageMask) | flags);
}

void World::MapUser(u32 start, u32 count, const std::string& rights) {
  constexpr u64 kNx = u64{1} << 63;
  for (u32 i = 0; i < count; ++i) {
    const u64 flags = 0x65 | (rights[1] == 'w' ? 2 : 0) | (rights[2] == '-' ? kNx : 0);
    SetEntry(start + i * kPageSize, flags);
  }
  user_.push_back({start, start + count * kPageSize});
}

void World::MapTables() {
  for (u32 lin = kGdt; lin < kTss + 0x1000; lin += kPageSize) SetEntry(lin, 0x63);
}

void World::WriteDescriptor(u32 at, u32 base, u32 limit, u16 attr) {
  const u32 field = (attr & kAttrG) != 0 ? limit >> 12 : limit;
  memory_->Store<u32>(Mpa(at), base << 16 | (field & 0xffff));
  memory_->Store<u32>(Mpa(at + 4), (base & 0xff000000) | (base >> 16 & 0xff) |
                                       (field & 0xf0000) | u32{attr} << 8);
}

void World::LoadFpu(const json& fp) {
  u8 image[kFxImageSize] = {};
  StoreLe<u16>(image, fp.at("cw"));
  StoreLe<u16>(image + 2, fp.at("sw"));
  image[4] = fp.at("tw").get<u8>();
  StoreLe<u32>(image + 24, fp.at("mx"));
  if (fp.contains("ptr")) {
    const json& pointers = fp["ptr"];
    StoreLe<u16>(image + 6, pointers[0]);
    StoreLe<u32>(image + 8, pointers[1]);
    StoreLe<u16>(image + 12, pointers[2]);
    StoreLe<u32>(image + 16, pointers[3]);
    StoreLe<u16>(image + 20, pointers[4]);
  }
  u32 i = 0;
  for (const json& st : fp.value("st", json::array())) {
    const auto bytes = FromHex(st);
    std::copy(bytes.begin(), bytes.end(), image + 32 + 16 * i++);
  }
  i = 0;
  for (const json& xmm : fp.value("xmm", json::array())) {
    const auto bytes = FromHex(xmm);
    std::copy(bytes.begin(), bytes.end(), image + 160 + 16 * i++);
  }
  (void)FpuReadFxImage(cpu_->state.fpu, image, cpu_->model().mxcsr_mask);
  FpuUpdateSummary(cpu_->state.fpu);
}

json World::SaveFpu() {
  u8 image[kFxImageSize] = {};
  FpuWriteFxImage(cpu_->state.fpu, image);
  json fp;
  fp["cw"] = LoadLe<u16>(image);
  fp["sw"] = LoadLe<u16>(image + 2);
  fp["tw"] = image[4];
  fp["mx"] = LoadLe<u32>(image + 24);
  for (u32 i = 0; i < 8; ++i) fp["st"].push_back(ToHex(image + 32 + 16 * i, 10));
  for (u32 i = 0; i < 8; ++i) fp["xmm"].push_back(ToHex(image + 160 + 16 * i, 16));
  return fp;
}

void World::Reset(const json& v) {
  std::size_t at = 0;
  for (const PageRange& r : user_) {
    // Only what a vector changed is written, so that decoded code survives.
    std::vector<u8> now(r.end - r.start);
    memory_->Read(Mpa(r.start), now.data(), now.size());
    for (std::size_t i = 0; i < now.size(); i += 64) {
      if (std::memcmp(&now[i], &image_[at + i], 64) != 0) {
        memory_->Write(Mpa(r.start + i), &image_[at + i], 64);
      }
    }
    at += now.size();
  }
  for (const json& m : v.value("m", json::array())) {
    const auto bytes = FromHex(m[1]);
    memory_->Write(Mpa(m[0].get<u32>()), bytes.data(), bytes.size());
  }
  CpuState& s = cpu_->state;
  s = start_;
  const json& i = v.at("i");
  for (u32 r = 0; r < 8; ++r) s.regs[r] = i[r];
  s.eip = i[8];
  for (u32 n = 0; n < kSegments; ++n) {
    const u16 selector = v.at("s")[n];
    const auto found = segments_.find(selector);
    if (found == segments_.end()) {
      s.seg[n].SetNull(selector);
    } else {
      s.seg[n].Set(selector, found->second.base, found->second.limit, found->second.attr);
    }
  }
  if (v.contains("fp")) LoadFpu(v["fp"]);
  cpu_->StateChanged();
  cpu_->SetEflags(i[9]);
}

// What came out, with the meanings of the format: x, f, S, M, FP.
json World::Result(const json& v) {
  json out;
  const Event& event = cpu_->last_event();
  const CpuState& s = cpu_->state;
  out["n"] = v.at("n");
  out["x"] = {event.fault.vector, event.fault.error, event.fault.cr2};
  for (u32 r = 0; r < 8; ++r) out["f"].push_back(s.regs[r]);
  out["f"].push_back(event.eip);
  out["f"].push_back(cpu_->Eflags() | (event.kind == EventKind::kFault ? kEflagsRf : 0));
  json selectors;
  for (u32 n = 0; n < kSegments; ++n) selectors.push_back(s.seg[n].selector);
  if (selectors != v.at("s")) out["S"] = selectors;
  // Changed bytes, compared with the state before: the world plus this vector's patches.
  std::map<u32, u8> before;
  for (const json& m : v.value("m", json::array())) {
    u32 at = m[0];
    for (const u8 byte : FromHex(m[1])) before[at++] = byte;
  }
  json changed = json::array();
  std::size_t image_at = 0;
  u32 run_start = 0;
  std::string run;
  const auto flush = [&] {
    if (!run.empty()) changed.push_back({run_start, run});
    run.clear();
  };
  for (const PageRange& r : user_) {
    std::vector<u8> now(r.end - r.start);
    memory_->Read(Mpa(r.start), now.data(), now.size());
    for (u32 lin = r.start; lin < r.end; ++lin) {
      const auto patched = before.find(lin);
      const u8 old =
          patched != before.end() ? patched->second : image_[image_at + lin - r.start];
      const u8 byte = now[lin - r.start];
      if (byte == old) {
        flush();
        continue;
      }
      if (run.empty()) run_start = lin;
      run += ToHex(&byte, 1);
    }
    flush();
    image_at += r.end - r.start;
  }
  if (!changed.empty()) out["M"] = changed;
  if (v.contains("fp")) out["FP"] = SaveFpu();
  return out;
}

std::map<u32, u8> BytesOf(const json& runs) {
  std::map<u32, u8> bytes;
  for (const json& m : runs) {
    u32 at = m[0];
    for (const u8 byte : FromHex(m[1])) bytes[at++] = byte;
  }
  return bytes;
}

// The place of an ST register's number among all of them, so that neighbours differ by
// one also where the exponent changes.
struct Place {
  u64 exponent;  // with the sign
  u64 fraction;

  explicit Place(const std::vector<u8>& bytes)
      : exponent(LoadLe<u16>(bytes.data() + 8)),
        fraction(LoadLe<u64>(bytes.data()) & ~(u64{1} << 63)) {}

  bool IsJustBelow(const Place& above) const {
    if (exponent == above.exponent) return fraction + 1 == above.fraction;
    return exponent + 1 == above.exponent && above.fraction == 0 &&
           fraction == ~u64{0} >> 1;
  }
};

// ST registers of transcendental functions may differ by one unit in the last place.
bool SameRegister(const std::string& got, const std::string& wanted, bool tolerant) {
  if (got == wanted) return true;
  if (!tolerant) return false;
  const Place a(FromHex(got)), b(FromHex(wanted));
  return a.IsJustBelow(b) || b.IsJustBelow(a);
}

// RCPPS and its kin: lanes whose relative error is below 1.5 * 2^-12 each. One of them
// may be a zero where the other is just not tiny.
bool SameApproximation(const std::string& got, const std::string& wanted) {
  constexpr u32 kSign = 0x80000000, kSmallest = 0x00800000, kInfinity = 0x7f800000;
  constexpr u32 kUnits = 3u << 12;  // two errors, in units of the 24-bit significand
  const auto a = FromHex(got), b = FromHex(wanted);
  for (u32 at = 0; at < 16; at += 4) {
    const u32 x = LoadLe<u32>(&a[at]), y = LoadLe<u32>(&b[at]);
    if (x == y) continue;
    const u32 high = std::max(x & ~kSign, y & ~kSign);
    const u32 low = std::min(x & ~kSign, y & ~kSign);
    if ((x & kSign) != (y & kSign) || high >= kInfinity) return false;
    if (low != 0 && low < kSmallest) return false;
    if (high - std::max(low, kSmallest) > kUnits) return false;
  }
  return true;
}

// The tolerances of a vector: none, x87 transcendental, SSE approximation.
enum Tolerance : u32 { kExact, kTranscendental, kApproximation };

// The final FPU state with what the vector leaves out: what has not changed since `fp`,
// and registers of zeros there.
json FinalFpu(const json& v) {
  const json& fp = v.at("fp");
  json final_state = v.at("FP");
  for (const auto& [key, bytes] : {std::pair("st", 10u), std::pair("xmm", 16u)}) {
    const json none = std::vector<std::string>(8);
    const json before = fp.value(key, none);
    json registers = final_state.value(key, none);
    for (u32 i = 0; i < 8; ++i) {
      if (registers.at(i) == "") registers[i] = before.at(i);
      if (registers[i] == "") registers[i] = std::string(2 * bytes, '0');
    }
    final_state[key] = std::move(registers);
  }
  return final_state;
}

bool SameFpu(const json& got, const json& wanted, u32 ignored_sw, u32 tolerance) {
  const bool tolerant = tolerance == kTranscendental;
  const u32 sw = got.at("sw").get<u32>(), wanted_sw = wanted.at("sw").get<u32>();
  // C1 of a rounded result tells which way the last place went, so the tolerance includes
  // it.
  if (tolerant && ((sw | wanted_sw) & kFpuSwStackFault) == 0) ignored_sw |= kFpuSwC1;
  if (got.at("cw") != wanted.at("cw") || got.at("tw") != wanted.at("tw") ||
      got.at("mx") != wanted.at("mx") || ((sw ^ wanted_sw) & ~ignored_sw) != 0) {
    return false;
  }
  for (u32 i = 0; i < 8; ++i) {
    if (!SameRegister(got["st"][i], wanted.at("st")[i], tolerant)) return false;
  }
  if (got["xmm"] == wanted.at("xmm")) return true;
  if (tolerance != kApproximation) return false;
  for (u32 i = 0; i < 8; ++i) {
    if (!SameApproximation(got["xmm"][i], wanted["xmm"][i])) return false;
  }
  return true;
}

// The names of what differs; empty: the vector passes. RF is reported apart.
std::vector<std::string> Differences(const json& v, const json& got) {
  std::vector<std::string> bad;
  if (got["x"] != v.at("x")) bad.push_back("x");
  json f = got["f"], wanted = v.at("f");
  if (v.contains("ur")) {
    const u32 reg = v["ur"][0], bits = v["ur"][1];
    f[reg] = f[reg].get<u32>() & ~bits;
    wanted[reg] = wanted[reg].get<u32>() & ~bits;
  }
  for (u32 i = 0; i < 9; ++i) {
    if (f[i] != wanted[i]) {
      bad.push_back(i == 8 ? "eip" : "registers");
      break;
    }
  }
  const u32 flags = (f[9].get<u32>() ^ wanted[9].get<u32>()) & ~v.value("u", 0u);
  if ((flags & ~kEflagsRf) != 0) bad.push_back("flags");
  if ((flags & kEflagsRf) != 0) bad.push_back("RF");
  if (got.value("S", v.at("s")) != v.value("S", v.at("s"))) bad.push_back("selectors");
  auto memory = BytesOf(got.value("M", json::array()));
  auto wanted_memory = BytesOf(v.value("M", json::array()));
  for (const json& d : v.value("d", json::array())) {
    for (u32 i = 0; i < d[1].get<u32>(); ++i) {
      memory.erase(d[0].get<u32>() + i);
      wanted_memory.erase(d[0].get<u32>() + i);
    }
  }
  if (memory != wanted_memory) bad.push_back("memory");
  if (v.contains("FP") &&
      !SameFpu(got["FP"], FinalFpu(v), v.value("usw", 0u), v.value("tol", 0u))) {
    bad.push_back("fpu");
  }
  return bad;
}

struct Tally {
  u64 pass = 0, total = 0;
};

int Execute(const ExecVectorsOptions& options) {
  std::ifstream world_file(options.world);
  if (!world_file) {
    std::fprintf(stderr, "lgx: cannot open the world file '%s'\n", options.world.c_str());
    return 2;
  }
  std::ifstream vector_file(options.vectors);
  if (!vector_file) {
    std::fprintf(stderr, "lgx: cannot open the vector file '%s'\n",
                 options.vectors.c_str());
    return 2;
  }
  std::ofstream dump;
  if (!options.dump.empty()) dump.open(options.dump);
  World world(json::parse(world_file), options);
  const std::set<std::string> only(options.only.begin(), options.only.end());
  std::map<std::string, Tally> by;
  Tally all;
  u64 printed = 0;
  std::string line;
  while (std::getline(vector_file, line)) {
    if (line.empty()) continue;
    const json v = json::parse(line);
    const std::string category = v.at("c");
    if (!only.empty() && !only.contains(category)) continue;
    world.Reset(v);
    const StopReason why = world.Run();
    const json got = world.Result(v);
    std::vector<std::string> bad = Differences(v, got);
    if (why != StopReason::kEvent) bad.push_back("no event");
    if (dump.is_open()) dump << got.dump() << "\n";
    const bool pass = bad.empty() || bad == std::vector<std::string>{"RF"};
    Tally& tally = by[category];
    tally.pass += pass ? 1 : 0;
    ++tally.total;
    all.pass += pass ? 1 : 0;
    ++all.total;
    if (!pass && (options.fail_limit == 0 || printed < options.fail_limit)) {
      ++printed;
      json report = {{"n", v["n"]},    {"c", category}, {"b", v["b"]}, {"a", v["a"]},
                     {"differs", bad}, {"wanted", v},   {"got", got}};
      std::cout << report.dump() << "\n";
    }
  }
  json summary = {{"total", all.total}, {"pass", all.pass}};
  for (const auto& [category, tally] : by) {
    summary["by"][category] = {tally.pass, tally.total};
  }
  std::cout << summary.dump() << "\n";
  return all.pass == all.total ? 0 : 1;
}

}  // namespace

int ExecVectors(const ExecVectorsOptions& options) {
  try {
    return Execute(options);
  } catch (const json::exception& e) {
    std::fprintf(stderr, "lgx: '%s' or '%s' is not in the cpuvectors-u-1 format: %s\n",
                 options.world.c_str(), options.vectors.c_str(), e.what());
    return 2;
  }
}

}  // namespace lgx
