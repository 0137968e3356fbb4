#include "debug/console.h"

#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "debug/full_screen.h"
#include "debug/memory_view.h"
#include "debug/register_view.h"
#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::Gate;
using test::kTinyHandlers;
using test::kTinyText;
using test::ResultAt;
using test::TinyGuest;

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "in:\n" << (text)
#define EXPECT_HAS_NOT(text, part) \
  EXPECT_EQ((text).find(part), std::string::npos) << "in:\n" << (text)

// A guest that makes a system call from ring 3, counts it, and powers off.
class ConsoleTest : public ::testing::TestWithParam<PagingMode> {
 protected:
  ConsoleTest() : guest_(GetParam()) {
    guest_.handler.Count(ResultAt(0));
    guest_.handler.Iret();
    guest_.program.UseUserData();
    call_ = absl::StrFormat("0x%08x", guest_.program.address());
    guest_.program.Raw({0xcd, 0x80});
    behind_ = absl::StrFormat("0x%08x", guest_.program.address());
    guest_.program.Put(ResultAt(1), 7);
    guest_.program.Raw({0xcd, 0x80});
    guest_.program.SpinWhileZero(ResultAt(2));
    guest_.text.Init();
    guest_.text.LoadGate(0x80, kTinyHandlers, Gate::kTrap, 3);
    guest_.text.SetClock(100'000);
    guest_.text.LoadGate(32, kTinyHandlers, Gate::kInterrupt);
    guest_.text.ToRing3(test::kTinyProgram);
    Machine& machine = guest_.Boot();
    symbols_ = Symbols(SymbolTable({{kTinyText, "start"}, {kTinyHandlers, "count"}}),
                       &machine.crossing().text());
    control_ = std::make_unique<RunControl>(machine);
    control_->set_symbols(&symbols_.kernel());
    events_ = std::make_unique<EventLog>(machine, symbols_);
    DebugConsole::Parts parts{*control_, symbols_, events_.get()};
    parts.why_not_back = "there is no way back";
    parts.type = [this](std::string_view text) { typed_ += text; };
    console_ = std::make_unique<DebugConsole>(
        parts, [this](std::string_view text) { said_ += text; });
  }

  // What a command says; its error if it has one.
  std::string Ask(std::string_view line) {
    said_.clear();
    const Status status = console_->Execute(line);
    return status.ok() ? said_ : "error: " + MessageOf(status);
  }

  TinyGuest guest_;
  Symbols symbols_;
  std::unique_ptr<RunControl> control_;
  std::unique_ptr<EventLog> events_;
  std::unique_ptr<DebugConsole> console_;
  std::string said_;
  std::string typed_;
  std::string call_;    // the address of the program's first system call
  std::string behind_;  // and of what stands behind it
};
INSTANTIATE_TEST_SUITE_P(Formats, ConsoleTest,
                         ::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae));

TEST_P(ConsoleTest, ErrorsNameTheCommandAndTheNextStep) {
  struct Case {
    const char* line;
    const char* says;
  };
  for (const Case& c : {
           Case{"stpe", "unknown command \"stpe\"; did you mean step?"},
           Case{"zzzzzz", "help lists the commands"},
           Case{"step x", "step: \"x\" is no count"},
           Case{"step 0", "step: \"0\" is no count"},
           Case{"step 1 2", "step: unexpected \"2\""},
           Case{"break nowhere", "break: there is no symbol \"nowhere\""},
           Case{"break $nothing", "there is no register \"$nothing\""},
           Case{"break 0x1+", "is missing"},
           Case{"break gpa:0xffffffff", "outside of that space"},
           Case{"watch 0x1000,q", "watch: \"q\" is not one of r, w, x"},
           Case{"watch gpa:0x1000,r", "linear address only"},
           Case{"watch 0x1000,w,99999", "up to 4096"},
           Case{"delete 9", "delete: there is no stop \"9\""},
           Case{"delete", "say which stop"},
           Case{"enable 1", "say which stop"},
           Case{"until", "until: say until when"},
           Case{"until insn:x", "until: "},
           Case{"until stop:paging.999", "no moment"},
           Case{"until symbol:nowhere", "no symbol \"nowhere\""},
           Case{"crossing 7", "not one of next, end"},
           Case{"info", "not one of gdt, idt"},
           Case{"inspect", "say what"},
           Case{"inspect pages gpa:0", "linear addresses only"},
           Case{"x", "x: say where"},
           Case{"x/9z 0", "x: x/9z: \"z\" is not one of"},
           Case{"x/99999x 0", "between 1 and"},
           Case{"sym zzz", "no symbol contains"},
           Case{"back", "there is no way back"},
           Case{"rcontinue", "there is no way back"},
           Case{"help nothing", "unknown command"},
       }) {
    const std::string answer = Ask(c.line);
    EXPECT_EQ(answer.rfind("error: ", 0), 0u) << c.line << "\n" << answer;
    EXPECT_HAS(answer, c.says);
  }
}

TEST_P(ConsoleTest, TheFirstStopIsBeforeTheGuestsFirstInstruction) {
  const std::string stop = console_->DescribeStop();
  EXPECT_HAS(stop, "insn 0  time 0.000000000 s  crossing 0");
  EXPECT_HAS(stop, "=> 0x00100000");
  EXPECT_HAS(stop, "start:");
  EXPECT_HAS(Ask("regs"), "between two crossings");
  EXPECT_HAS(Ask("explain"), "nothing has happened yet");
  EXPECT_HAS(Ask("trace"), "nothing has happened yet");
}

TEST_P(ConsoleTest, AWholeCrossingHasTwelveStagesInAndElevenBack) {
  std::string all;
  u32 in = 0, back = 0;
  for (int i = 0; i < 40 && all.find("is over") == std::string::npos; ++i) {
    const std::string said = Ask("stage");
    all += said;
    in += said.find("Host -> Guest  stage ") != std::string::npos ? 1 : 0;
    back += said.find("Guest -> Host  stage ") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(in, 12u) << all;
  EXPECT_EQ(back, 11u) << all;
  EXPECT_HAS(all, "Host -> Guest  stage 8/12  CR3");
  EXPECT_HAS(all, "the VCPU's own register page is mapped here now");
  EXPECT_HAS(all, "ring 0 -> ring 1");
  EXPECT_HAS(all, "the Guest ran 0 instructions");
  EXPECT_HAS(all, "stub of vector 14");
  EXPECT_HAS(all, "tail  iret");
  EXPECT_HAS(all, "the Host has not looked yet");
}

TEST_P(ConsoleTest, BreakpointsAreSetListedHitAndTakenAway) {
  EXPECT_HAS(Ask("break count"), "1   break  lin:0x00120000 <count>");
  EXPECT_HAS(Ask("c"), "breakpoint 1");
  EXPECT_HAS(Ask("break"), "hit once");
  EXPECT_HAS(Ask("regs"), "ring 1");
  EXPECT_HAS(Ask("bt"), "#0  0x00120000 <count>");
  EXPECT_HAS(Ask("enable 1 off"), ", off");
  Ask("delete all");
  EXPECT_HAS(Ask("info breaks"), "no stops are set");
}

TEST_P(ConsoleTest, AWatchpointShowsOldAndNew) {
  Ask("watch 0x140004");
  const std::string stop = Ask("continue");
  EXPECT_HAS(stop, "watchpoint 1: write of 4 bytes at lin:0x00140004");
  EXPECT_HAS(stop, "0x00000000 -> 0x00000007");
  EXPECT_HAS(Ask("x/1xw 0x140004"), "lin:0x00140004  00000007");
  EXPECT_HAS(Ask("x/1xw gpa:0x140004"), "gpa:0x00140004  00000007");
}

TEST_P(ConsoleTest, SteppingIntoASystemCallNotesIt) {
  Ask("break " + call_);
  Ask("c");
  for (int i = 0; i < 2000; ++i) {
    const std::string stop = Ask("step");
    if (stop.find("count:") != std::string::npos) break;
  }
  EXPECT_HAS(Ask("explain"), "system call (int 0x80, vector 128)");
  EXPECT_HAS(Ask("trace 1"), "direct    trap vector=128");
}

TEST_P(ConsoleTest, NextTakesATrapAsAWhole) {
  Ask("break " + call_);
  Ask("c");
  EXPECT_HAS(Ask("next"), "=> " + behind_);
}

TEST_P(ConsoleTest, PageFaultsAndHypercallsAreExplained) {
  Ask("crossing next");
  Ask("crossing next");
  EXPECT_HAS(Ask("explain"), "page fault (#PF, vector 14) in the Guest kernel (ring 1)");
  EXPECT_HAS(Ask("explain"), "the Guest never notices");
  Ask("until hypercall:LOAD_IDT_ENTRY");
  EXPECT_HAS(Ask("explain"), "hypercall (int 0x1f, vector 31)");
  Ask("crossing next");
  const std::string call = Ask("explain");
  EXPECT_HAS(call,
             "hypercall LOAD_IDT_ENTRY(vector 128, trap gate, DPL 3, handler "
             "0x00120000)");
}

TEST_P(ConsoleTest, TablesOfTheProcessorAreShown) {
  Ask("until symbol:count");
  EXPECT_HAS(Ask("info gdt"), "LGUEST_CS, the Switcher's code");
  EXPECT_HAS(Ask("info idt"),
             "direct: the CPU enters the Guest kernel at 0x00120000 "
             "<count>");
  EXPECT_HAS(Ask("info tss"), "the Guest kernel's stack");
  EXPECT_HAS(Ask("info tlb"), "mmu.tlb.miss");
  EXPECT_HAS(Ask("info irq"), "virtual interrupts");
  EXPECT_HAS(Ask("info timer"), "alarm");
  EXPECT_HAS(Ask("info queues"), "queue 0  256 entries");
  EXPECT_HAS(Ask("info queues"), "console.");
  EXPECT_HAS(Ask("inspect pages $eip"), "filled");
  EXPECT_HAS(Ask("inspect pages --map"), "guest-physical");
  EXPECT_HAS(Ask("inspect pages --diff"), "not filled");
}

TEST_P(ConsoleTest, CodeAndMemoryAreShown) {
  EXPECT_HAS(Ask("disas start 2"), "=> 0x00100000");
  EXPECT_HAS(Ask("disas count 1"), "add dword ptr [0x00140000");
  EXPECT_HAS(Ask("x/3xb start"), "lin:0x00100000 ");
  EXPECT_HAS(Ask("x/1i start"), "start:");
  EXPECT_HAS(Ask("x/2dh start"), "lin:0x00100000 ");
  EXPECT_HAS(Ask("x/s 0x131000"), "lin:0x00131000  \"");
  EXPECT_HAS(Ask("x/4c 0x131000"), "lin:0x00131000  \"");
  EXPECT_HAS(Ask("x 0x90000000"), "nothing is mapped there");
  EXPECT_HAS(Ask("sym count"), "0x00120000 count");
  EXPECT_HAS(Ask("sym 0x120001"), "count+0x1");
  EXPECT_HAS(Ask("sym star"), "0x00100000 start");
}

TEST_P(ConsoleTest, LookingChangesNothing) {
  TinyGuest other(GetParam());
  Ask("until insn:300");
  const std::string hash = Ask("hash");
  for (const char* line : {"regs", "disas", "bt", "inspect pages --map", "info idt",
                           "info tlb", "x/64xb $esp", "explain", "trace 99"}) {
    Ask(line);
  }
  EXPECT_EQ(Ask("hash"), hash);
}

TEST_P(ConsoleTest, AnEmptyLineRepeatsASteppingCommand) {
  EXPECT_EQ(Ask(""), "");
  Ask("step 2");
  const u64 before = control_->last().instructions;
  Ask("");
  Ask("");
  EXPECT_GT(control_->last().instructions, before);
  Ask("regs");
  const u64 now = control_->last().instructions;
  Ask("");
  EXPECT_EQ(control_->last().instructions, now);
  EXPECT_EQ(Ask("# a remark"), "");
}

TEST_P(ConsoleTest, HelpAndCompletionComeFromTheTable) {
  const std::string help = Ask("help");
  for (const DebugCommand& command : DebugCommands()) {
    EXPECT_HAS(help, std::string("  ") + command.name);
    EXPECT_HAS(Ask(std::string("help ") + command.name), command.help);
  }
  EXPECT_EQ(console_->Complete("cr", "cr"), std::vector<std::string>{"crossing"});
  EXPECT_EQ(console_->Complete("info t", "t"),
            (std::vector<std::string>{"tss", "tlb", "timer"}));
  EXPECT_EQ(console_->Complete("break cou", "cou"), std::vector<std::string>{"count"});
  EXPECT_EQ(console_->Complete("crossing ", ""),
            (std::vector<std::string>{"next", "end"}));
  EXPECT_TRUE(console_->Complete("nonsense x", "x").empty());
}

TEST_P(ConsoleTest, QuitEndsItAndTypeTypes) {
  EXPECT_FALSE(console_->done());
  Ask("type hello world");
  EXPECT_EQ(typed_, "hello world\n");
  Ask("quit");
  EXPECT_TRUE(console_->done());
}

TEST_P(ConsoleTest, TheFullScreenFitsWhateverItsSize) {
  FullScreen screen(*console_);
  screen.Say("one\ntwo\n");
  Ask("until symbol:count");
  for (const ScreenSize size :
       {ScreenSize{80, 24}, ScreenSize{132, 50}, ScreenSize{20, 5}, ScreenSize{1, 1},
        ScreenSize{300, 200}}) {
    const std::vector<std::string> lines = screen.Draw(size);
    EXPECT_EQ(lines.size(), size.rows);
    for (const std::string& line : lines)
      EXPECT_LE(line.size(), std::max(size.columns, 20u));
    screen.TurnFocus();
  }
  std::string all;
  for (const std::string& line : screen.Draw({120, 40})) all += line + "\n";
  EXPECT_HAS(all, "count:");
  EXPECT_HAS(all, "eflags");
  EXPECT_HAS(all, "linear 0x");
  EXPECT_HAS(all, "hypercall");
  EXPECT_HAS(all, "two");
  EXPECT_HAS(all, "q quit");
  EXPECT_EQ(FullScreen::CommandOf('g'), "stage");
  EXPECT_EQ(FullScreen::CommandOf('!'), "");
}

TEST(Registers, FlagsHaveNames) {
  EXPECT_EQ(EflagsText(0x246), "PF ZF IF");
  EXPECT_EQ(EflagsText(0x1002), "IOPL=1");
  EXPECT_EQ(EflagsText(2), "");
}

}  // namespace
}  // namespace lgx
