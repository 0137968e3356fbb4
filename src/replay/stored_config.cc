// A machine's description in logs and snapshots: the dotted paths of config_table.h with
// their values as text, so that a later version reads what an earlier one wrote.
#include "replay/stored_config.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "devices/block.h"

namespace lgx {
namespace {

constexpr u32 kMaxValues = 1u << 12;
constexpr u32 kMaxText = 1u << 20;
constexpr std::string_view kSeparator = " = ";

void SaveLimit(const std::optional<u64>& limit, ByteWriter* out) {
  out->U8(limit ? 1 : 0);
  out->U64(limit.value_or(0));
}

std::optional<u64> LoadLimit(ByteReader* in) {
  const bool there = in->U8("whether there is a limit") != 0;
  const u64 limit = in->U64("a limit");
  return there ? std::optional(limit) : std::nullopt;
}

// So that a replay finds them from another folder.
void MakeAbsolute(std::string* path) {
  if (path->empty()) return;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(*path, error);
  if (!error) *path = absolute.lexically_normal().string();
}

}  // namespace

MachineConfig StoredConfig(MachineConfig config) {
  MakeAbsolute(&config.kernel.path);
  MakeAbsolute(&config.kernel.initrd);
  MakeAbsolute(&config.kernel.symbols);
  for (MachineConfig::Block& block : config.block) {
    // What the Guest is told as the disk's name must not change with the path.
    if (block.id.empty()) block.id = block.path.substr(block.path.rfind('/') + 1);
    block.id.resize(std::min<std::size_t>(block.id.size(), BlockDevice::kIdBytes));
    MakeAbsolute(&block.path);
    MakeAbsolute(&block.overlay);
  }
  // What the recorded run wrote is not written again.
  config.outputs = {};
  return config;
}

void SaveConfig(const MachineConfig& config, ByteWriter* out) {
  const std::vector<std::string> lines = DescribeConfig(config);
  out->U32(static_cast<u32>(lines.size()));
  for (const std::string& line : lines) {
    const std::size_t at = line.find(kSeparator);
    out->String(std::string_view(line).substr(0, at));
    out->String(std::string_view(line).substr(at + kSeparator.size()));
  }
  out->U32(config.number);
  SaveLimit(config.limits.until_instructions, out);
  SaveLimit(config.limits.until_ns, out);
  out->U32(static_cast<u32>(config.order.size()));
  for (const MachineConfig::DeviceRef& ref : config.order) {
    out->U8(static_cast<u8>(ref.kind));
    out->U32(ref.index);
  }
}

MachineConfig LoadConfig(ByteReader* in) {
  MachineConfig config;
  const u32 values = in->U32("the number of settings");
  if (values > kMaxValues) in->Fail("too many settings");
  for (u32 i = 0; i < values && in->ok(); ++i) {
    const std::string path = in->String(kMaxText, "the name of a setting");
    const std::string value = in->String(kMaxText, "a setting");
    if (!in->ok()) break;
    const Status status = SetConfigValue(path, value, &config);
    if (!status.ok()) in->Fail(MessageOf(status));
  }
  config.number = in->U32("the number of the Guest");
  config.limits.until_instructions = LoadLimit(in);
  config.limits.until_ns = LoadLimit(in);
  config.order.clear();
  const u32 order = in->U32("the number of devices");
  if (order > kMaxValues) in->Fail("too many devices");
  for (u32 i = 0; i < order && in->ok(); ++i) {
    const u8 kind = in->U8("the kind of a device");
    const u32 index = in->U32("the number of a device");
    if (kind > static_cast<u8>(MachineConfig::DeviceKind::kRng)) {
      in->Fail("there is no such kind of device");
      break;
    }
    const auto device = static_cast<MachineConfig::DeviceKind>(kind);
    const std::size_t count =
        device == MachineConfig::DeviceKind::kBlock ? config.block.size()
        : device == MachineConfig::DeviceKind::kNet ? config.net.size()
                                                    : 1;
    if (index >= count) {
      in->Fail("there is no such device");
      break;
    }
    config.order.push_back({device, index});
  }
  return config;
}

}  // namespace lgx
