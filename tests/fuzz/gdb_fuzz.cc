// A gdb that says anything: bytes to packets to answers, over a target of a few bytes and
// over a whole machine. Each packet is answered, once, and none is fatal.
//
// The first byte of an input says what the rest is:
//   0xff        bytes as they come, for the small target
//   below 0x20  packets made from templates, so that nearly all mean something; for the
//               small target, or with 1 for a machine, with 2 for one that can go back
//   others      payloads, separated by 0xfe, for the small target and for a machine
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "debug/gdb_machine.h"
#include "debug/gdb_monitor.h"
#include "debug/gdb_session.h"
#include "tests/debug/fake_gdb_target.h"
#include "tests/debug/repeated_guest.h"
#include "tests/fuzz/choices.h"
#include "tests/fuzz/require.h"
#include "tools/time_travel.h"

namespace lgx::test {
namespace {

constexpr u8 kNextPacket = 0xfe;
constexpr u8 kRaw = 0xff;
constexpr u8 kFirstText = 0x20;

struct Totals {
  u64 packets = 0, on_machine = 0, damaged = 0, answer_bytes = 0;

  ~Totals() {
    std::fprintf(stderr,
                 "gdb_fuzz: %llu packets, of these %llu to a machine and %llu damaged; "
                 "%llu bytes of answers\n",
                 static_cast<unsigned long long>(packets),
                 static_cast<unsigned long long>(on_machine),
                 static_cast<unsigned long long>(damaged),
                 static_cast<unsigned long long>(answer_bytes));
  }
};
Totals totals;

// What came back for one packet.
struct Answers {
  u32 acks = 0, nacks = 0;
  u32 frames = 0;  // but those with text of `monitor`

  // A frame or an acknowledgement at a time.
  void Take(std::string_view bytes) {
    totals.answer_bytes += bytes.size();
    if (bytes == "+") {
      ++acks;
    } else if (bytes == "-") {
      ++nacks;
    } else {
      CheckFrame(bytes);
      const bool text = bytes[1] == 'O' && bytes[2] != 'K';
      if (!text) ++frames;
    }
  }
  static void CheckFrame(std::string_view bytes) {
    Require(bytes.size() >= 4 && bytes.front() == '$' && bytes[bytes.size() - 3] == '#');
    u8 sum = 0;
    for (const char c : bytes.substr(1, bytes.size() - 4)) {
      Require(c != '$' && c != '#');
      sum = static_cast<u8>(sum + static_cast<u8>(c));
    }
    Require(GdbHexDigit(bytes[bytes.size() - 2]) == sum >> 4);
    Require(GdbHexDigit(bytes.back()) == (sum & 15));
  }
};

class Conversation {
 public:
  explicit Conversation(GdbTarget& target) : target_(target) { Open(); }

  void Say(std::string_view payload, bool damage = false) {
    if (session_->state() != GdbSession::State::kOpen) Open();
    std::string frame = GdbFrame(payload);
    // One bit of the sum; or, for the empty packet, a sum that is none.
    if (damage) frame.back() = frame.back() == '0' ? '1' : '0';
    answers_ = {};
    session_->Take({reinterpret_cast<const u8*>(frame.data()), frame.size()});
    ++totals.packets;
    const bool fits = payload.size() <= GdbPacketReader::kMaxPayload;
    if (damage || !fits) {
      ++totals.damaged;
      Require(answers_.frames == 0 && answers_.nacks == (acknowledges_ ? 1 : 0));
      return;
    }
    Require(answers_.acks == (acknowledges_ ? 1 : 0) && answers_.nacks == 0);
    Require(answers_.frames == (payload == "k" ? 0 : 1));
    if (payload == "QStartNoAckMode") acknowledges_ = false;
  }
  // Bytes with any meaning, and some while the target would be running.
  void SayRaw(std::span<const u8> bytes) {
    session_->Take(bytes);
    session_->TakeWhileRunning(bytes);
    ++totals.packets;
  }

 private:
  // Another gdb.
  void Open() {
    acknowledges_ = true;
    session_ = std::make_unique<GdbSession>(
        target_, [this](std::string_view bytes) { answers_.Take(bytes); });
  }

  GdbTarget& target_;
  std::unique_ptr<GdbSession> session_;
  Answers answers_;
  bool acknowledges_ = true;
};

// As gdb meets it: with `monitor`, perhaps with a way back.
class Debugged {
 public:
  Debugged(RepeatedGuest& guest, bool back)
      : control_(guest.machine()),
        monitor_(control_, SymbolTable({{kTinyText, "start"},
                                        {kTinyHandlers, "count"},
                                        {kTinyProgram, "program"}})) {
    if (back) time_.emplace(control_, &monitor_.events(), std::vector<ReplayDisk*>());
    GdbMachine::Options options;
    options.exit_code = [](const Ending&) { return 3; };
    options.reverse = time_ ? &*time_ : nullptr;
    options.commands = [this](std::string_view line) { return monitor_.Obey(line); };
    target_.emplace(control_, options);
    target_->Attach();
  }

  bool ended() const { return control_.ended(); }
  GdbTarget& target() { return *target_; }

 private:
  RunControl control_;
  GdbMonitor monitor_;
  std::optional<TimeTravel> time_;
  std::optional<GdbMachine> target_;
};

// ---- packets from templates

// In a template %a is an address, %n a small number, %r the number of a register, %h
// bytes in hex, %b raw ones, %w a word of `monitor` in hex.
constexpr const char* kTemplates[] = {
    "?",
    "g",
    "s",
    "c",
    "m%a,%n",
    "p%r",
    "Z1,%a,%n",
    "vCont;s:1",
    "G%h",
    "P%r=%h",
    "M%a,%n:%h",
    "X%a,%n:%b",
    "M%a,4:01020304",
    "P%r=10000000",
    "P8=%h",
    "Z0,%a,1",
    "Z2,%a,%n",
    "Z3,%a,%n",
    "Z4,%a,%n",
    "z0,%a,1",
    "z1,%a,%n",
    "z2,%a,%n",
    "z3,%a,%n",
    "z4,%a,%n",
    "Z%n,%a,%n",
    "c%a",
    "s%a",
    "C05",
    "S05;%a",
    "vCont;c",
    "vCont;r%a,%a:1",
    "vCont;r%a,%a",
    "vCont;S05:1;c",
    "vCont;%b",
    "vCont?",
    "qSupported:swbreak+;hwbreak+;xmlRegisters=i386",
    "qXfer:features:read:target.xml:%n,%n",
    "qXfer:memory-map:read::%n,%n",
    "qXfer:threads:read::%n,%n",
    "qXfer:%b",
    "qRcmd,%w",
    "qRcmd,%w20%w",
    "qRcmd,%w20%w20%w",
    "qRcmd,%h",
    "qThreadExtraInfo,1",
    "qC",
    "qAttached:1",
    "qfThreadInfo",
    "qsThreadInfo",
    "qSymbol::",
    "H%b",
    "T1",
    "QStartNoAckMode",
    "D",
    "k",
    "vKill;1",
    "v%b",
    "q%b",
    "%b",
    "bs",
    "bc",
    "b%b",
    "m%a,%a",
    "",
};

constexpr u64 kAddresses[] = {
    0,
    0x1000,
    FakeGdbTarget::kMemoryAt + 255,
    kTinyText,
    kTinyProgram,
    kTinyProgram + 10,
    kTinyHandlers,
    kTinyData,
    BusyGuest::kRounds,
    BusyGuest::kConstant,
    BusyGuest::kCopy,
    kTinyTexts,
    0x00163ff0,
    0x007fffff,
    0x00800000,
    0xc0000000,
    0xc0100000,
    0xffc00000,
    0xffc01000,
    0xffc02ff0,
    0xfffff000,
    0xffffffff,
    0x100000000,
    0xffffffffffffffff,
};

constexpr const char* kWords[] = {
    "regs",
    "where",
    "x",
    "disas",
    "bt",
    "sym",
    "inspect",
    "info",
    "explain",
    "trace",
    "hash",
    "help",
    "break",
    "watch",
    "delete",
    "enable",
    "space",
    "step",
    "stats",
    "type",
    "quit",
    "continue",
    "pages",
    "--map",
    "--diff",
    "gdt",
    "idt",
    "tss",
    "tlb",
    "irq",
    "timer",
    "queues",
    "breaks",
    "lin",
    "gpa",
    "mpa",
    "all",
    "guest",
    "on",
    "off",
    "1",
    "2",
    "0x00140004",
    "gpa:0x140000,w",
    "mpa:0x140000",
    "start",
    "$esp",
    "$eip+4",
    "switcher:load_guest_cr3",
    "0x140004,r,w,4",
    "/8xw",
    "/3i",
    "/s",
    "99999999999",
};

u64 Address(Choices& choices) {
  const u64 base = choices.From(kAddresses);
  return base + choices.Below(16);
}

std::string Bytes(Choices& choices) {
  static const u32 counts[] = {0, 1, 2, 4, 4, 4, 10, 16, 64, GdbRegisterBytes()};
  std::string bytes(choices.From(counts), '\0');
  u32 value = choices.Byte();
  const u32 step = choices.Byte();
  for (char& byte : bytes) byte = static_cast<char>(value += step);
  return bytes;
}

std::string Made(Choices& choices) {
  static constexpr u64 kNumbers[] = {0,  1,  2,  3,      4,      5,       8,         10,
                                     16, 64, 77, 0x1000, 0x2000, 0x10000, 0xffffffff};
  const std::string_view form = choices.From(kTemplates);
  std::string out;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] != '%') {
      out += form[i];
      continue;
    }
    switch (form[++i]) {
      case 'a':
        out += absl::StrFormat("%x", Address(choices));
        break;
      case 'n':
        out += absl::StrFormat("%x", choices.From(kNumbers));
        break;
      case 'r':
        out += absl::StrFormat("%x", choices.Below(kGdbRegisters + 2));
        break;
      case 'h':
        out += GdbHexText(Bytes(choices));
        break;
      case 'b':
        out += Bytes(choices);
        break;
      default:
        out += GdbHexText(choices.From(kWords));
    }
  }
  return out;
}

// ---- whom they are said to

// Calls `say` for the next packet until it has none; on a machine that begins anew
// when its run has ended and some have looked at that.
template <typename Next>
void TalkToMachine(PagingMode mode, bool back, Next say) {
  RepeatedGuest& guest = RepeatedGuest::Of(mode);
  bool more = true;
  while (more) {
    guest.Restart();
    Debugged debugged(guest, back);
    Conversation conversation(debugged.target());
    const u64 before = totals.packets;
    constexpr u32 kLooks = 4;
    for (u32 over = 0; more && over < kLooks; over += debugged.ended() ? 1 : 0) {
      more = say(conversation);
    }
    totals.on_machine += totals.packets - before;
  }
}

// Going back repeats the run, and thousands of single steps take their time.
constexpr u32 kMostSlow = 6;
bool IsSlow(std::string_view payload) {
  return payload == "bs" || payload == "bc" || payload.starts_with("vCont;r");
}

void SayMade(Choices& choices, u8 kind) {
  u32 slow = 0;
  const auto say = [&](Conversation& conversation) {
    if (choices.empty()) return false;
    const bool damage = choices.Byte() == 0xfd;
    const std::string payload = Made(choices);
    if (!IsSlow(payload) || ++slow <= kMostSlow) conversation.Say(payload, damage);
    return true;
  };
  if ((kind & 1) != 0) {
    const PagingMode mode = (kind & 4) != 0 ? PagingMode::kPae : PagingMode::kTwoLevel;
    TalkToMachine(mode, (kind & 2) != 0, say);
    return;
  }
  FakeGdbTarget target;
  target.can_reverse = (kind & 2) != 0;
  Conversation conversation(target);
  while (say(conversation)) {
  }
}

void SayTexts(std::string_view bytes) {
  const auto say_next = [](std::string_view* rest, Conversation& conversation) {
    if (rest->data() == nullptr) return false;
    const std::size_t end = rest->find(static_cast<char>(kNextPacket));
    conversation.Say(rest->substr(0, end));
    *rest = end == std::string_view::npos ? std::string_view() : rest->substr(end + 1);
    return true;
  };
  FakeGdbTarget target;
  Conversation conversation(target);
  std::string_view rest = bytes;
  while (say_next(&rest, conversation)) {
  }
  rest = bytes;
  u32 slow = 0;
  TalkToMachine(PagingMode::kTwoLevel, false, [&](Conversation& on_machine) {
    if (IsSlow(rest) && ++slow > kMostSlow) return false;
    return say_next(&rest, on_machine);
  });
}

}  // namespace
}  // namespace lgx::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lgx::test;
  if (size == 0) return 0;
  const std::span bytes(data, size);
  if (data[0] == kRaw) {
    FakeGdbTarget target;
    Conversation(target).SayRaw(bytes.subspan(1));
  } else if (data[0] < kFirstText) {
    Choices choices(bytes.subspan(1));
    SayMade(choices, data[0]);
  } else {
    SayTexts({reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
