// The sandbox on Linux: Landlock for files, a seccomp filter for system calls. Both are
// spoken to by the kernel's own interface.
#include "tools/sandbox.h"

#if defined(__linux__) && __has_include(<linux/landlock.h>) && \
    (defined(__x86_64__) || defined(__aarch64__))
#define LGX_SANDBOX 1
#endif

#ifdef LGX_SANDBOX
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/types.h"

namespace lgx {
namespace {

// A sanitizer looks at the process itself when it ends.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kWatched = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kWatched = true;
#else
constexpr bool kWatched = false;
#endif
#else
constexpr bool kWatched = false;
#endif

// ---- files

constexpr u64 kRead = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr u64 kWrite = LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr u64 kRemove = LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr u64 kCreate =
    kRead | kWrite | kRemove | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG;
// Of the first version; the bits of later ones may be missing in the header.
constexpr u64 kAllOfFirst = (u64{1} << 13) - 1;
constexpr u64 kRefer = u64{1} << 13;     // version 2
constexpr u64 kTruncate = u64{1} << 14;  // version 3

long Version() {
  return syscall(SYS_landlock_create_ruleset, nullptr, 0,
                 LANDLOCK_CREATE_RULESET_VERSION);
}

Status Refused(const char* what) {
  return Errorf(kUnavailable,
                "the host system refused the sandbox (%s: %s); --sandbox off runs "
                "without it",
                what, std::strerror(errno));
}

class Ruleset {
 public:
  Ruleset() {
    const long version = Version();
    landlock_ruleset_attr attr = {};
    handled_ = kAllOfFirst | (version >= 2 ? kRefer : 0) | (version >= 3 ? kTruncate : 0);
    attr.handled_access_fs = handled_;
    fd_ = static_cast<int>(
        syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0));
  }
  ~Ruleset() {
    if (fd_ >= 0) close(fd_);
  }
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;
  bool ok() const { return fd_ >= 0; }

  // What does not exist gets no rule.
  bool Allow(const std::string& path, u64 rights) {
    const int target = open(path.c_str(), O_PATH | O_CLOEXEC);
    if (target < 0) return true;
    struct stat info;
    const bool folder = fstat(target, &info) == 0 && S_ISDIR(info.st_mode);
    // Rights of folders cannot be given to a file.
    if (!folder) rights &= kRead | kWrite | kTruncate;
    landlock_path_beneath_attr rule = {};
    rule.allowed_access = rights & handled_;
    rule.parent_fd = target;
    const bool done =
        rule.allowed_access == 0 ||
        syscall(SYS_landlock_add_rule, fd_, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(target);
    return done;
  }
  bool Enforce() const { return syscall(SYS_landlock_restrict_self, fd_, 0) == 0; }

 private:
  int fd_ = -1;
  u64 handled_ = 0;
};

Status CloseFiles(const SandboxRights& rights) {
  Ruleset rules;
  if (!rules.ok()) return Refused("Landlock");
  bool done = !kWatched || rules.Allow("/proc", kRead | LANDLOCK_ACCESS_FS_READ_DIR);
  for (const std::string& path : rights.read) done = done && rules.Allow(path, kRead);
  for (const std::string& path : rights.write) {
    done = done && rules.Allow(path, kWrite | kTruncate);
  }
  for (const std::string& path : rights.create) {
    done = done && rules.Allow(path, kCreate | kTruncate);
  }
  for (const std::string& path : rights.remove) done = done && rules.Allow(path, kRemove);
  if (!done || !rules.Enforce()) return Refused("Landlock");
  return absl::OkStatus();
}

// ---- system calls

#ifdef __x86_64__
constexpr u32 kArchitecture = AUDIT_ARCH_X86_64;
constexpr u32 kOtherNumbers = 0x40000000;  // x32
#else
constexpr u32 kArchitecture = AUDIT_ARCH_AARCH64;
constexpr u32 kOtherNumbers = 0x80000000;
#endif

// Nothing of this is needed by a machine that runs.
constexpr u32 kNever[] = {
    // Programs and processes.
    SYS_execve, SYS_execveat, SYS_setns, SYS_unshare, SYS_personality,
    // The system.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_init_module, SYS_finit_module,
    SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff,
    SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_acct,
    SYS_quotactl, SYS_syslog,
    // Ways around the rules for files.
    SYS_open_by_handle_at, SYS_io_uring_setup, SYS_fchmod, SYS_fchmodat, SYS_fchown,
    SYS_fchownat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_truncate,
    // Large parts of the kernel behind one number.
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_add_key, SYS_request_key,
    SYS_keyctl};
constexpr u32 kOfOthers[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev};
constexpr u32 kSockets[] = {SYS_socket, SYS_connect, SYS_bind};

using Filter = std::vector<sock_filter>;

void Load(std::size_t offset, Filter* filter) {
  filter->push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<u32>(offset)));
}

void Refuse(Filter* filter) {
  filter->push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
}

template <std::size_t kCount>
void RefuseAll(const u32 (&calls)[kCount], Filter* filter) {
  for (const u32 call : calls) {
    filter->push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    Refuse(filter);
  }
}

Status CloseCalls(bool network) {
  Filter filter;
  Load(offsetof(seccomp_data, arch), &filter);
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  Refuse(&filter);
  Load(offsetof(seccomp_data, nr), &filter);
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kOtherNumbers, 0, 1));
  Refuse(&filter);
  RefuseAll(kNever, &filter);
  if (!kWatched) RefuseAll(kOfOthers, &filter);
  if (!network) RefuseAll(kSockets, &filter);
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
              &program) != 0) {
    return Refused("seccomp");
  }
  return absl::OkStatus();
}

}  // namespace

Status CheckSandbox() {
  if (Version() < 1) {
    return Errorf(kUnavailable,
                  "--sandbox: this host system has no Landlock (%s); Linux has it from "
                  "5.13 on, where it is not switched off. Leave the option out",
                  std::strerror(errno));
  }
  u32 action = SECCOMP_RET_ERRNO;
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) {
    return Errorf(kUnavailable,
                  "--sandbox: this host system has no filters for system calls (seccomp: "
                  "%s). Leave the option out",
                  std::strerror(errno));
  }
  return absl::OkStatus();
}

Status EnterSandbox(const SandboxRights& rights) {
  LGX_RETURN_IF_ERROR(CheckSandbox());
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Refused("PR_SET_NO_NEW_PRIVS");
  LGX_RETURN_IF_ERROR(CloseFiles(rights));
  return CloseCalls(rights.network);
}

}  // namespace lgx

#else  // no LGX_SANDBOX

namespace lgx {

Status CheckSandbox() {
  return Errorf(kUnavailable,
                "--sandbox: this program was built for a system without Landlock and "
                "seccomp; leave the option out");
}

Status EnterSandbox(const SandboxRights&) { return CheckSandbox(); }

}  // namespace lgx

#endif  // LGX_SANDBOX
