// Which number belongs to which address space: found, given and taken in constant time.
//
// For caches that keep something for each address space under a small number. There are
// more address spaces than numbers: a new one gets a number that was never given as long
// as there is one, then that of a space which has not been used for long (a clock: each
// use leaves a mark, and the hand takes the first number without one).
#ifndef LGX_MMU_SPACE_INDEX_H_
#define LGX_MMU_SPACE_INDEX_H_

#include <vector>

#include "base/types.h"
#include "mmu/page_walk.h"

namespace lgx {

class SpaceIndex {
 public:
  static constexpr u32 kNone = ~u32{0};

  // Numbers 0 ... `most` - 1.
  explicit SpaceIndex(u32 most);

  // The number of the space, which is used by this; kNone if it has none.
  u32 Find(const PagingRegisters& space) {
    u32 number = heads_[BucketOf(space)];
    while (number != kNone && !(spaces_[number].key == space)) {
      number = spaces_[number].next;
    }
    if (number != kNone) spaces_[number].recent = true;
    return number;
  }
  // Is this the space that `number` was given to?
  bool Has(u32 number, const PagingRegisters& space) const {
    return number < spaces_.size() && spaces_[number].key == space;
  }
  // The same, and if so the space is used by this.
  bool Use(u32 number, const PagingRegisters& space) {
    const bool has = Has(number, space);
    if (has) spaces_[number].recent = true;
    return has;
  }
  // The same for a space with the rules of all the others here (what PagingRegisters has
  // besides CR3 and PDPT entries).
  bool IsSpace(u32 number, u32 cr3, const u64* pdpte, bool pae) const {
    if (number >= spaces_.size()) return false;
    const PagingRegisters& key = spaces_[number].key;
    return key.paging && key.cr3 == cr3 &&
           (!pae || (((key.pdpte[0] ^ pdpte[0]) | (key.pdpte[1] ^ pdpte[1]) |
                      (key.pdpte[2] ^ pdpte[2]) | (key.pdpte[3] ^ pdpte[3])) == 0));
  }
  bool UseSpace(u32 number, u32 cr3, const u64* pdpte, bool pae) {
    const bool is = IsSpace(number, cr3, pdpte, pae);
    if (is) spaces_[number].recent = true;
    return is;
  }
  const PagingRegisters& SpaceOf(u32 number) const { return spaces_[number].key; }
  // A number for a space that has none. If `*taken`, another space has lost it.
  u32 Give(const PagingRegisters& space, bool* taken);
  // `space`, which has none, gets a number that another one had.
  void Pass(u32 number, const PagingRegisters& space);
  // All spaces lose their numbers.
  void Clear();
  // The lowest number that no space has got since then.
  u32 given() const { return static_cast<u32>(spaces_.size()); }

 private:
  struct Space {
    PagingRegisters key;
    u32 next = kNone;  // in its bucket
    bool recent = true;
  };

  u32 BucketOf(const PagingRegisters& space) const;
  void Unlink(u32 number);
  void Link(u32 number, const PagingRegisters& space);

  const u32 most_;
  u32 shift_;  // of a hash, to the bits that choose a bucket
  u32 hand_ = 0;
  std::vector<u32> heads_;
  std::vector<Space> spaces_;
};

}  // namespace lgx

#endif  // LGX_MMU_SPACE_INDEX_H_
