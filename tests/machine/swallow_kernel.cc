#include "tests/machine/swallow_kernel.h"

#include "base/check.h"
#include "machine/boot_params.h"
#include "machine/kernel_image.h"

namespace lgx::test {

void SwallowKernel(Bytes file, TestMemory* memory) {
  const StatusOr<KernelImage> kernel = InspectKernel(file, "k");
  if (!kernel.ok()) {
    CHECK(MessageOf(kernel.status()).starts_with("k")) << kernel.status();
    CHECK(kernel.status().code() != kInternal) << kernel.status();
    return;
  }
  (void)CheckBootable(*kernel, std::nullopt);
  const StatusOr<BootLayout> layout =
      PlanMemory(16 * kMiB, PagingMode::kPae, 5000, "i", kernel->initrd_addr_max());
  if (!layout.ok()) return;
  const Status loaded = LoadKernel(*kernel, file, *layout, memory->view());
  CHECK(loaded.code() != kInternal) << loaded;
  if (!loaded.ok()) return;
  const Status params =
      WriteBootParams({*layout, "a=b", {}}, *kernel, file, memory->view());
  CHECK(params.ok()) << params;
}

}  // namespace lgx::test
