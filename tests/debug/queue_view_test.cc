#include "debug/queue_view.h"

#include <gtest/gtest.h>

#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

TEST(QueueView, SaysWhereRingsAreAndHowFarBothSidesAre) {
  test::TinyGuest guest;
  Machine& machine = guest.Boot();
  EXPECT_NE(ViewQueues(machine.bus()).find("console: the driver has not started it\n"),
            std::string::npos);
  const Virtqueue& queue = machine.bus().device(0).queues()[0];
  ASSERT_TRUE(queue.connected());
  PhysMemory& memory = machine.cpu().memory();
  const auto set = [&](Gpa part, u16 index) {
    memory.Store<u16>(machine.view().ToMachine(Gpa(part.value + 2)), index);
  };
  set(queue.ring().available, 3);
  EXPECT_NE(ViewQueues(machine.bus())
                .find("announced 3, taken 0, answered 0; 3 wait to be taken\n"),
            std::string::npos);
  // What the Guest writes there is shown, sense or not.
  set(queue.ring().used, 0xffff);
  EXPECT_NE(ViewQueues(machine.bus()).find("answered 65535"), std::string::npos);
}

TEST(QueueView, AQueueWhoseRingTheDriverChoosesHasNoneAtFirst) {
  test::TinyGuest guest(PagingMode::kTwoLevel, Generation::kG);
  EXPECT_NE(ViewQueues(guest.Boot().bus()).find("queue 0  no ring yet\n"),
            std::string::npos);
}

}  // namespace
}  // namespace lgx
