/* The first program of a guest that measures itself: runs /workload if it is there, then
   powers off. Kernel parameters: scale=N is the workload's argument, end=restart restarts
   instead. */
#include "nolibc.h"

static const char* parameter(char** environment, const char* name) {
  for (; *environment; environment++) {
    const char *a = *environment, *b = name;
    while (*b && *a == *b) a++, b++;
    if (!*b && *a == '=') return a + 1;
  }
  return 0;
}

static void run_workload(char** environment) {
  const char* scale = parameter(environment, "scale");
  int pid = sys(N_fork), status = 0;
  if (!pid) {
    char* arguments[] = {"/workload", (char*)(scale ? scale : "1"), 0};
    sys(N_execve, "/workload", arguments, environment);
    sys(N_exit, 99);
  }
  sys(N_waitpid, pid, &status, 0);
  if (status == 99 << 8) return; /* there is none */
  if (status) {
    out("workload status ");
    outn(status);
    out("\n");
  }
  out("DONE\n");
}

int main(int count, char** arguments, char** environment) {
  const char* end = parameter(environment, "end");
  if (sys(N_getpid) != 1) return 1;
  sys(N_mount, "proc", "/proc", "proc", 0, 0);
  out("USERSPACE\n");
  run_workload(environment);
  sys(N_sync);
  sys(N_reboot, 0xfee1dead, 672274793,
      end && seq(end, "restart") ? 0x01234567 : 0x4321fedc, 0);
  for (;;) {
    struct ts second = {1, 0};
    sys(N_nanosleep, &second, 0);
  }
}
