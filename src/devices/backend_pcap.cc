#include "devices/backend_pcap.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/byte_writer.h"
#include "base/log.h"

namespace lgx {
namespace {

constexpr u32 kMagicNanoseconds = 0xa1b23c4d;
constexpr u16 kMajor = 2, kMinor = 4;
constexpr u32 kLongestFrame = 262144;  // as tcpdump says it
constexpr u32 kEthernet = 1;

bool Put(std::FILE* file, std::span<const u8> bytes) {
  return bytes.empty() ||
         std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
}

}  // namespace

StatusOr<std::unique_ptr<PcapFile>> PcapFile::Create(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    return Errorf(kUnavailable,
                  "cannot write packets to '%s': %s. Give capture= another "
                  "file.",
                  path, std::strerror(errno));
  }
  std::unique_ptr<PcapFile> pcap(new PcapFile(path, file));
  ByteWriter header;
  header.U32(kMagicNanoseconds);
  header.U16(kMajor);
  header.U16(kMinor);
  header.U32(0);  // times are UTC
  header.U32(0);
  header.U32(kLongestFrame);
  header.U32(kEthernet);
  if (!Put(file, header.bytes())) pcap->GiveUp();
  return pcap;
}

PcapFile::~PcapFile() {
  if (file_ != nullptr && std::fclose(std::exchange(file_, nullptr)) != 0) GiveUp();
}

void PcapFile::Write(u64 seconds, u32 nanoseconds, std::span<const u8> frame) {
  if (file_ == nullptr) return;
  ByteWriter record;
  record.U32(static_cast<u32>(seconds));
  record.U32(nanoseconds);
  record.U32(static_cast<u32>(frame.size()));
  record.U32(static_cast<u32>(frame.size()));
  if (!Put(file_, record.bytes()) || !Put(file_, frame)) GiveUp();
}

void PcapFile::GiveUp() {
  Logf(LogLevel::kWarning, "%s: cannot write packets: %s; the rest is not in the file",
       path_, std::strerror(errno));
  if (file_ != nullptr) std::fclose(std::exchange(file_, nullptr));
}

}  // namespace lgx
