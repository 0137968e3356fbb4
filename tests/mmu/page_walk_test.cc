#include "mmu/page_walk.h"

#include <gtest/gtest.h>

#include <vector>

namespace lgx {
namespace {

constexpr u32 kRoot = 0x1000;
constexpr u32 kDirectory = 0x2000;  // PAE only: the root is a pointer table then
constexpr u32 kTable = 0x3000;
constexpr u32 kPage = 0x00005000;
constexpr Lin kLin(0x00403123);  // second directory entry (2 levels), third (PAE)

constexpr u64 kP = 1, kRw = 2, kUs = 4, kA = 0x20, kD = 0x40, kPs = 0x80;
constexpr u64 kNx = u64{1} << 63;

// One page through two tables, in either format.
class Walker {
 public:
  explicit Walker(bool pae) {
    regs.paging = true;
    regs.pae = pae;
    regs.write_protect = true;
    regs.no_execute = pae;
    regs.cr3 = kRoot;
    regs.pdpte[0] = kDirectory | 1;
  }
  Mpa DirAt() const {
    return regs.pae ? Mpa(kDirectory + 8 * (kLin.value >> 21))
                    : Mpa(kRoot + 4 * (kLin.value >> 22));
  }
  Mpa TableAt() const {
    return regs.pae ? Mpa(kTable + 8 * (kLin.value >> 12 & 511))
                    : Mpa(kTable + 4 * (kLin.value >> 12 & 1023));
  }
  void Put(Mpa at, u64 entry) {
    if (regs.pae) {
      memory->Store<u64>(at, entry);
    } else {
      memory->Store<u32>(at, static_cast<u32>(entry));
    }
  }
  u64 Get(Mpa at) const {
    return regs.pae ? memory->Load<u64>(at) : memory->Load<u32>(at);
  }
  void Map(u64 dir, u64 leaf) {
    Put(DirAt(), kTable | dir);
    Put(TableAt(), kPage | leaf);
  }
  WalkResult Walk(Access access, bool user) {
    return WalkPageTables(*memory, regs, kLin, access, user, nullptr);
  }

  std::unique_ptr<PhysMemory> memory = std::move(PhysMemory::Create(1 << 20)).value();
  PagingRegisters regs;
};

// Everything the rights of a page depend on.
struct Case {
  bool pae, wp, nxe;
  u64 dir, leaf;
  Access access;
  bool user;
};

// The manual's tables, in plain words. Returns the error code, or -1 where access is
// allowed.
int Expected(const Case& c) {
  const u32 about = (c.access == Access::kWrite ? kPfWrite : 0) | (c.user ? kPfUser : 0) |
                    (c.access == Access::kFetch && c.pae && c.nxe ? kPfFetch : 0);
  const bool dir_present = (c.dir & kP) != 0, leaf_present = (c.leaf & kP) != 0;
  if (!dir_present) return static_cast<int>(about);
  if (!c.nxe && (c.dir & kNx) != 0)
    return static_cast<int>(about | kPfPresent | kPfReserved);
  if (!leaf_present) return static_cast<int>(about);
  if (!c.nxe && (c.leaf & kNx) != 0)
    return static_cast<int>(about | kPfPresent | kPfReserved);
  const u64 both = c.dir & c.leaf;
  const bool nx = ((c.dir | c.leaf) & kNx) != 0;
  bool refused = c.user && (both & kUs) == 0;
  if (c.access == Access::kWrite && (both & kRw) == 0 && (c.user || c.wp)) refused = true;
  if (c.access == Access::kFetch && nx) refused = true;
  return refused ? static_cast<int>(about | kPfPresent) : -1;
}

TEST(PageWalk, TheWholeMatrixOfRightsFollowsTheManual) {
  const std::vector<u64> short_flags = {0, kP, kP | kRw, kP | kUs, kP | kRw | kUs};
  u32 cases = 0;
  for (const bool pae : {false, true}) {
    std::vector<u64> flags = short_flags;
    if (pae) {
      for (const u64 f : short_flags) flags.push_back(f | kNx);
    }
    for (const bool wp : {false, true}) {
      for (const bool nxe : {false, true}) {
        for (const u64 dir : flags) {
          for (const u64 leaf : flags) {
            for (const Access access : {Access::kRead, Access::kWrite, Access::kFetch}) {
              for (const bool user : {false, true}) {
                const Case c{pae, wp, nxe && pae, dir, leaf, access, user};
                Walker w(pae);
                w.regs.write_protect = wp;
                w.regs.no_execute = c.nxe;
                w.Map(dir, leaf);
                const u64 dir_before = w.Get(w.DirAt()), leaf_before = w.Get(w.TableAt());
                const WalkResult r = w.Walk(access, user);
                const int wanted = Expected(c);
                ASSERT_EQ(r.ok ? -1 : static_cast<int>(r.error), wanted)
                    << "pae " << pae << " wp " << wp << " nxe " << c.nxe << " dir "
                    << std::hex << dir << " leaf " << leaf << " access "
                    << static_cast<int>(access) << " user " << user;
                const u64 a = r.ok ? kA : 0;
                const u64 d = r.ok && access == Access::kWrite ? kD : 0;
                ASSERT_EQ(w.Get(w.DirAt()), dir_before | a)
                    << "a refused walk writes nothing";
                ASSERT_EQ(w.Get(w.TableAt()), leaf_before | a | d);
                if (r.ok) {
                  ASSERT_EQ(r.frame, Mfn(kPage >> 12));
                }
                ++cases;
              }
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(cases, 4u * 25 * 6 + 4u * 100 * 6);
}

TEST(PageWalk, LargePagesCoverTheirRegion) {
  for (const bool pae : {false, true}) {
    Walker w(pae);
    w.regs.pse = true;
    w.Put(w.DirAt(), u64{0x00c00000} | kP | kRw | kUs | kPs);
    const WalkResult r = w.Walk(Access::kWrite, true);
    ASSERT_TRUE(r.ok);
    const u32 inside = kLin.value & (pae ? 0x001fffff : 0x003fffff);
    EXPECT_EQ(r.frame, Mfn((0x00c00000 + inside) >> 12));
    EXPECT_EQ(w.Get(w.DirAt()) & (kA | kD), kA | kD);
  }
}

TEST(PageWalk, WithoutPseTheLargeBitMeansNothing) {
  Walker w(false);
  w.Map(kP | kRw | kUs | kPs, kP);
  EXPECT_TRUE(w.Walk(Access::kRead, false).ok);
}

TEST(PageWalk, ReservedBitsAreReportedAsSuch) {
  Walker two(false);
  two.regs.pse = true;
  two.Put(two.DirAt(), 0x00c02000 | kP | kPs);
  EXPECT_EQ(two.Walk(Access::kRead, false).error, kPfPresent | kPfReserved);
  Walker pae(true);
  pae.Map(kP, kP | u64{1} << 40);
  EXPECT_EQ(pae.Walk(Access::kWrite, true).error,
            kPfPresent | kPfReserved | kPfWrite | kPfUser);
  pae.Map(kP | u64{1} << 40, kP);
  EXPECT_EQ(pae.Walk(Access::kRead, false).error, kPfPresent | kPfReserved);
}

TEST(PageWalk, AnAbsentPointerTableEntryIsNotPresent) {
  Walker w(true);
  w.regs.pdpte[0] = 0;
  EXPECT_EQ(w.Walk(Access::kFetch, true).error, kPfUser | kPfFetch);
}

TEST(PageWalk, WithoutPagingEverythingIsItself) {
  Walker w(false);
  w.regs.paging = false;
  const WalkResult r = w.Walk(Access::kWrite, true);
  EXPECT_TRUE(r.ok && r.dirty && r.writable);
  EXPECT_EQ(r.frame, Mfn(kLin.value >> 12));
}

TEST(PageWalk, ObservingChangesNothing) {
  for (const bool pae : {false, true}) {
    Walker w(pae);
    w.Map(kP, kP);
    const WalkResult r = ObservePageTables(*w.memory, w.regs, kLin);
    EXPECT_TRUE(r.ok);
    EXPECT_FALSE(r.user || r.writable);
    EXPECT_EQ(w.Get(w.TableAt()), kPage | kP);
  }
}

}  // namespace
}  // namespace lgx
