#include "report/profile.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "absl/strings/str_format.h"
#include "base/endian.h"
#include "machine/observe.h"
#include "report/html.h"

namespace lgx {
namespace {

constexpr u32 kMostFrames = 40;
constexpr u32 kLongestCall = 7;
constexpr u32 kKernelStack = 16384;  // no frame is further from the one above

constexpr const char* kGuestKernel = "Guest kernel";
constexpr const char* kGuestUser = "Guest user";
constexpr const char* kSwitcher = "Switcher";
constexpr const char* kEmulatedHost = "emulated Host";
constexpr const char* kHost = "Host";

u32 ColourOf(const std::string& top) {
  if (top == kGuestKernel) return 1;
  if (top == kGuestUser) return 2;
  if (top == kSwitcher) return 3;
  return top == kHost ? 4 : 5;
}

u64 Part(u64 part, u64 all) { return all == 0 ? 0 : part * 1000 / all; }

std::string Percent(u64 part, u64 all) {
  const u64 thousandths = Part(part, all);
  return absl::StrFormat("%d.%d%%", thousandths / 10, thousandths % 10);
}

struct Self {
  std::string place;
  std::string name;
  u64 weight;
};

// What is at the end of a stack, most first.
void CollectSelf(const FlameNode& node, const std::string& place,
                 std::map<std::pair<std::string, std::string>, u64>* out) {
  if (node.self != 0) (*out)[{place, node.name}] += node.self;
  for (const FlameNode& child : node.children) {
    CollectSelf(child, place.empty() ? child.name : place, out);
  }
}

std::string SelfTable(const char* id, const FlameNode& root, const char* unit,
                      const ValueText& text) {
  std::map<std::pair<std::string, std::string>, u64> selves;
  for (const FlameNode& child : root.children) CollectSelf(child, child.name, &selves);
  std::vector<Self> sorted;
  for (const auto& [key, weight] : selves)
    sorted.push_back({key.first, key.second, weight});
  std::sort(sorted.begin(), sorted.end(), [](const Self& a, const Self& b) {
    return std::tie(b.weight, a.place, a.name) < std::tie(a.weight, b.place, b.name);
  });
  if (sorted.size() > 300) sorted.resize(300);
  const u64 all = root.Total();
  HtmlTable table{id, {"Function", "Where", unit, "Share"}, {}, true};
  for (const Self& self : sorted) {
    const double weight = static_cast<double>(self.weight);
    table.rows.push_back({HtmlCell::Code(self.name), HtmlCell::Text(self.place),
                          HtmlCell::Number(weight, text(weight)),
                          HtmlCell::Number(weight, Percent(self.weight, all))});
  }
  return table.Render();
}

}  // namespace

// E8 rel32, or FF /2 with any operand.
bool EndsWithCall(std::span<const u8> bytes) {
  const size_t size = bytes.size();
  if (size >= 5 && bytes[size - 5] == 0xe8) return true;
  for (size_t length = 2; length <= kLongestCall && length <= size; length++) {
    const u8* const insn = bytes.data() + (size - length);
    if (insn[0] != 0xff || (insn[1] & 0x38) != 0x10) continue;
    const u8 mod = insn[1] >> 6;
    const u8 rm = insn[1] & 7;
    size_t needed = 2;
    if (mod != 3 && rm == 4) needed++;  // SIB
    if (mod == 1) needed++;
    if (mod == 2 || (mod == 0 && rm == 5)) needed += 4;
    if (mod == 0 && rm == 4 && length > 2 && (insn[2] & 7) == 5) needed += 4;
    if (needed == length) return true;
  }
  return false;
}

void Profile::MachineBegins(const Machine& machine) {
  switcher_ = &machine.switcher_text();
  next_ = kPeriod;
  left_at_ = mark_ = clock_();
  pending_ns_ = 0;
  host_work_ = "start";
}

void Profile::UseSymbols(const SymbolTable& symbols) {
  symbols_ = symbols;
  names_.clear();
}

const std::string& Profile::NameOf(u32 address) {
  const auto [at, is_new] = names_.try_emplace(address);
  if (is_new) {
    std::string name = symbols_.Describe(address);
    name.resize(std::min(name.size(), name.find('+')));
    at->second = name.empty() ? absl::StrFormat("0x%08x", address & ~0xfffu) : name;
  }
  return at->second;
}

// Follows EBP as long as it looks like a chain of frames: each further up than the last,
// and a CALL before each return address.
void Profile::AddFrames(Cpu& cpu, Stack* stack) {
  u32 frame = cpu.state.regs[kEbp];
  u32 below = cpu.state.regs[kEsp];
  for (u32 i = 0; i < kMostFrames; i++) {
    std::array<u8, 8> words;
    if (frame < below || frame - below > kKernelStack || (frame & 3) != 0) break;
    if (ObserveLinear(cpu, Lin(frame), words) != words.size()) break;
    const u32 caller = LoadLe<u32>(words.data() + 4);
    std::array<u8, kLongestCall> code;
    if (caller < code.size() ||
        ObserveLinear(cpu, Lin(caller) - kLongestCall, code) != code.size() ||
        !EndsWithCall(code)) {
      break;
    }
    stack->push_back(NameOf(caller - 1));
    below = frame + 8;
    frame = LoadLe<u32>(words.data());
  }
}

Profile::Stack Profile::StackOf(Cpu& cpu) {
  const u32 cpl = cpu.state.cpl;
  const Lin at(cpu.state.seg[1].base + cpu.state.eip);
  if (cpl == 0) {
    if (!switcher_->Contains(at)) return {kEmulatedHost, "call and handlers"};
    return {kSwitcher, std::string(StageName(switcher_->StageAround(at)))};
  }
  Stack stack = {NameOf(at.value)};
  if (cpl != 3) {
    AddFrames(cpu, &stack);
    stack.push_back(kGuestKernel);
  } else {
    stack.push_back(absl::StrFormat("tables 0x%08x", cpu.state.cr3));
    stack.push_back(kGuestUser);
  }
  std::reverse(stack.begin(), stack.end());
  return stack;
}

void Profile::Sample(Cpu& cpu) {
  while (next_ <= cpu.retired()) next_ += kPeriod;
  ++samples_;
  const u64 now = clock_();
  Weight& weight = stacks_[StackOf(cpu)];
  ++weight.samples;
  weight.ns += pending_ns_ + (now - mark_);
  pending_ns_ = 0;
  mark_ = clock_();  // looking is nobody's time
}

void Profile::Add(const TraceRecord& record) {
  switch (record.category) {
    case TraceCategory::kCrossing: {
      const u64 now = clock_();
      if (record.phase == TracePhase::kBegin) {
        host_ns_[host_work_] += now - left_at_;
        mark_ = now;
      } else {
        pending_ns_ += now - mark_;
        left_at_ = now;
        host_work_ = record.text;
      }
      return;
    }
    case TraceCategory::kHypercall:
      host_work_ = "hypercall ";
      host_work_ += record.name;
      return;
    case TraceCategory::kDemand:
      host_work_ = "demand fill";
      return;
    case TraceCategory::kFault:
      if (record.name == "reflect") host_work_ = "reflect a trap";
      return;
    case TraceCategory::kTimer:
      // How long it slept is no work.
      if (record.name == "sleep") {
        const u64 now = clock_();
        if (record.phase == TracePhase::kBegin) host_ns_[host_work_] += now - left_at_;
        left_at_ = now;
      }
      return;
    default:
      return;
  }
}

FlameNode Profile::TreeOf(bool time) const {
  FlameNode root{"whole run", 0, 5, {}};
  for (const auto& [stack, weight] : stacks_) {
    FlameNode* node = &root;
    const u32 colour = ColourOf(stack[0]);
    for (const std::string& name : stack) node = &node->Child(name, colour);
    node->self += time ? weight.ns : weight.samples * kPeriod;
  }
  return root;
}

FlameNode Profile::Instructions() const { return TreeOf(false); }

FlameNode Profile::HostTime() const {
  FlameNode root = TreeOf(true);
  FlameNode& host = root.Child(kHost, ColourOf(kHost));
  for (const auto& [work, ns] : host_ns_) {
    host.Child(work, ColourOf(kHost)).self = ns;
  }
  return root;
}

std::string Profile::RenderPage(const std::string& title,
                                const std::string& command) const {
  const FlameNode instructions = Instructions();
  const FlameNode time = HostTime();
  HtmlPage page(title, "Where its instructions and the host's time went");
  std::vector<HtmlFact> facts = {
      {"instructions sampled", GroupedNumber(instructions.Total())},
      {"samples", GroupedNumber(samples_)},
      {"instructions from one to the next", GroupedNumber(kPeriod)},
      {"host time in all", ShortTime(static_cast<double>(time.Total()))}};
  for (const FlameNode& part : instructions.children) {
    facts.push_back({"of the instructions: " + part.name,
                     Percent(part.Total(), instructions.Total())});
  }
  page.Section("summary", "Summary", HtmlFacts(facts));
  const std::string legend =
      "<div class=\"legend\"><span><i class=\"kf1\"></i>Guest kernel</span><span><i "
      "class=\"kf2\"></i>Guest user</span><span><i "
      "class=\"kf3\"></i>Switcher</span><span>"
      "<i class=\"kf4\"></i>Host, as C++</span></div>\n";
  FlameGraph by_instructions{"flame-instructions",
                             "Width: retired instructions. A frame stands above what it "
                             "has called.",
                             "instructions", instructions, ShortNumber};
  page.Section(
      "instructions", "Instructions",
      legend + by_instructions.Render() +
          SelfTable("self-instructions", instructions, "Instructions", ShortNumber));
  FlameGraph by_time{"flame-time",
                     "Width: time of the host. While the emulated CPU runs it belongs to "
                     "what the CPU executes; between an exit and the next entry, to the "
                     "reason for the exit.",
                     "", time, ShortTime};
  page.Section(
      "time", "Host time",
      legend + by_time.Render() + SelfTable("self-time", time, "Time", ShortTime));
  page.Section("again", "The same run again", HtmlCommand(command));
  return page.Render();
}

}  // namespace lgx
