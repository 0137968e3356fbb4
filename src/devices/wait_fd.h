// A descriptor of the host that somebody waits for. Only backends look at it.
#ifndef LGX_DEVICES_WAIT_FD_H_
#define LGX_DEVICES_WAIT_FD_H_

namespace lgx {

struct WaitFd {
  int fd = -1;
  bool read = false;
  bool write = false;
};

}  // namespace lgx

#endif  // LGX_DEVICES_WAIT_FD_H_
