// Hardware tasks: switching from one task state segment to another (SDM volume 3, "Task
// Management").
#ifndef LGX_CPU_TASK_H_
#define LGX_CPU_TASK_H_

#include "cpu/protection.h"

namespace lgx {

inline bool IsTss(u8 type) { return (type & 5) == 1; }
inline bool IsTss32(u8 type) { return (type & 8) != 0; }

// How a task is entered, and what becomes of the busy bits, NT and the back link.
//             old task busy   new task busy   NT afterwards    link written
//   kJump     cleared         set             as in the TSS    no
//   kNested   stays           set             1                yes
//   kReturn   cleared         stays           as in the TSS    no
enum class TaskVia : u8 {
  kJump,    // JMP
  kNested,  // CALL, an event through a task gate
  kReturn,  // IRET with NT
};

struct TaskSwitch {
  TaskVia via = TaskVia::kJump;
  u16 selector = 0;
  Descriptor tss;  // of the new task, checked for its type and presence
  u32 eip = 0;     // to be saved for the old task
  u32 eflags = 0;
  u32 ext = 0;  // bit 0 of error codes
};

// The TSS that a JMP, a CALL or an event names, into `to`.
//   in the LDT, outside the GDT, no available TSS      #GP(selector + ext)
//   not present                                        #NP(selector + ext)
[[nodiscard]] bool ReadAvailableTss(Cpu& cpu, u16 selector, u32 ext, TaskSwitch* to);

// Saves the old task and loads the new one. False: a fault is recorded, in the old task
// if its TSS or the new one cannot be used, else in the new task.
[[nodiscard]] bool SwitchTask(Cpu& cpu, const TaskSwitch& to);

}  // namespace lgx

#endif  // LGX_CPU_TASK_H_
