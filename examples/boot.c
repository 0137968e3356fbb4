/* Boots a kernel with the library and says what it did.
 *
 *   boot                            the built-in guest, which shows all it has
 *   boot machine.json               a machine from a configuration file
 *   boot machine.json console:"# "  stops there, and shows the registers
 */
#include <inttypes.h>
#include <stdio.h>

#include <lgx/lgx.h>

static void print(void* user, const void* bytes, size_t length) {
  fwrite(bytes, 1, length, user);
}

static void count(void* user, const lgx_event* event) {
  uint64_t* faults = user;
  if (event->category == LGX_EVENT_FAULT) ++*faults;
}

/* Says why something failed, and frees that. */
static int complain(lgx_error* error) {
  const int code = error != NULL ? error->code : LGX_HOST_REFUSED;
  fprintf(stderr, "boot: %s\n", error != NULL ? error->text : "not enough memory");
  lgx_error_free(error);
  return code;
}

int main(int argc, char** argv) {
  const char* point = argc > 2 ? argv[2] : "end";
  lgx_error* error = NULL;
  lgx_machine* m = argc > 1
                       ? lgx_machine_open(argv[1], &error)
                       : lgx_machine_new("{\"kernel\": {\"cmdline\": \"demo\"}}", &error);
  if (m == NULL) return complain(error);

  uint64_t faults = 0;
  lgx_on_output(m, print, stdout);
  lgx_on_event(m, LGX_EVENT_FAULT, count, &faults);

  lgx_stop why = LGX_STOP_INIT;
  if (lgx_run_until(m, point, &why) != LGX_OK) {
    const int code = complain(lgx_machine_error(m));
    lgx_machine_free(m);
    return code;
  }
  fflush(stdout);
  fprintf(stderr, "boot: %s after %" PRIu64 " instructions and %" PRIu64 " page faults\n",
          why.reason, why.instructions, faults);
  fprintf(stderr, "boot: hash %016" PRIx64 "\n", lgx_hash(m));
  if (why.why == LGX_WHY_REACHED) {
    lgx_registers r = LGX_REGISTERS_INIT;
    lgx_regs(m, &r);
    fprintf(stderr, "boot: eip %08" PRIx32 ", esp %08" PRIx32 ", ring %" PRIu32 "\n",
            r.eip, r.esp, r.cpl);
  }
  lgx_machine_free(m);
  return why.code;
}
