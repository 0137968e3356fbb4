#include "hypercalls/abi.h"

#include "hypercalls/abi_a.h"
#include "hypercalls/abi_b.h"
#include "hypercalls/abi_c.h"
#include "hypercalls/abi_d.h"
#include "hypercalls/abi_e.h"
#include "hypercalls/abi_f.h"
#include "hypercalls/abi_g.h"
#include "hypercalls/abi_r.h"

namespace lgx {
namespace {

constexpr const Abi* kAbis[] = {&kAbiA, &kAbiB, &kAbiC, &kAbiD,
                                &kAbiR, &kAbiE, &kAbiF, &kAbiG};

constexpr std::array<const char*, kCalls> kCallNames = {
    "UNKNOWN",   "FLUSH_ASYNC",    "LGUEST_INIT",     "SHUTDOWN", "NEW_PGTABLE",
    "FLUSH_TLB", "LOAD_IDT_ENTRY", "SET_STACK",       "TS",       "SET_CLOCKEVENT",
    "HALT",      "SET_PMD",        "SET_PTE",         "SET_PGD",  "LOAD_TLS",
    "NOTIFY",    "LOAD_GDT_ENTRY", "SEND_INTERRUPTS", "LOAD_GDT", "BIND_DMA",
    "SEND_DMA"};

}  // namespace

const char* NameOf(Call call) { return kCallNames[static_cast<u32>(call)]; }

const Abi* FindAbi(char letter) {
  for (const Abi* abi : kAbis) {
    if (abi->letter == letter) return abi;
  }
  return nullptr;
}

}  // namespace lgx
