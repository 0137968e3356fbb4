// Frames in a file, for Wireshark and tcpdump: pcap with nanoseconds, Ethernet.
#ifndef LGX_DEVICES_BACKEND_PCAP_H_
#define LGX_DEVICES_BACKEND_PCAP_H_

#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

class PcapFile {
 public:
  // Makes the file, or empties it.
  static StatusOr<std::unique_ptr<PcapFile>> Create(const std::string& path);
  ~PcapFile();
  PcapFile(const PcapFile&) = delete;
  PcapFile& operator=(const PcapFile&) = delete;

  // A frame at a time since 1970. If the host refuses it, a warning says so once and
  // nothing more is written: a full disk is no reason to end a run.
  void Write(u64 seconds, u32 nanoseconds, std::span<const u8> frame);

 private:
  PcapFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
  void GiveUp();

  std::string path_;
  std::FILE* file_;
};

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_PCAP_H_
