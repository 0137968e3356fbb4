// The devices and their virtqueues: where each ring lies, and how far both sides are.
#ifndef LGX_DEBUG_QUEUE_VIEW_H_
#define LGX_DEBUG_QUEUE_VIEW_H_

#include <string>

#include "devices/device_bus.h"

namespace lgx {

// A line for each device, and one for each of its queues.
std::string ViewQueues(DeviceBus& bus);

}  // namespace lgx

#endif  // LGX_DEBUG_QUEUE_VIEW_H_
