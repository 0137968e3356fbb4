// A machine's description, as logs and snapshots have it.
#ifndef LGX_REPLAY_STORED_CONFIG_H_
#define LGX_REPLAY_STORED_CONFIG_H_

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "machine/config.h"

namespace lgx {

// `config` as it is kept: names of files are absolute, the names of disks are settled,
// and what the run itself writes is left out.
MachineConfig StoredConfig(MachineConfig config);

void SaveConfig(const MachineConfig& config, ByteWriter* out);
// Fails in `in` for a value that this program does not know.
MachineConfig LoadConfig(ByteReader* in);

}  // namespace lgx

#endif  // LGX_REPLAY_STORED_CONFIG_H_
