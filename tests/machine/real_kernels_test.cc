// Kernels that nobody here wrote. The folder comes from the environment variable
// LGX_KERNELS; it holds files named vmlinux-VERSION-MODE and bzImage-VERSION-MODE, MODE
// being "pae" or "nopae".
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "machine/boot_params.h"
#include "machine/kernel_image.h"
#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

struct RealKernel {
  std::string path;
  std::string version;
  bool pae = false;
  std::vector<u8> bytes;
};

std::vector<RealKernel> FindKernels() {
  std::vector<RealKernel> kernels;
  const char* folder = std::getenv("LGX_KERNELS");
  if (folder == nullptr) return kernels;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const size_t first = name.find('-');
    const size_t last = name.rfind('-');
    const std::string format = name.substr(0, first);
    if ((format != "vmlinux" && format != "bzImage") || first == last) continue;
    const std::string mode = name.substr(last + 1);
    if (mode != "pae" && mode != "nopae") continue;
    RealKernel kernel{entry.path().string(),
                      name.substr(first + 1, last - first - 1),
                      mode == "pae",
                      {}};
    StatusOr<std::vector<u8>> bytes = ReadFile(kernel.path);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    if (bytes.ok()) kernel.bytes = *std::move(bytes);
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

class RealKernels : public testing::Test {
 protected:
  void SetUp() override {
    kernels_ = FindKernels();
    if (kernels_.empty()) {
      GTEST_SKIP()
          << "no kernels: LGX_KERNELS names no folder with vmlinux-VERSION-MODE or "
             "bzImage-VERSION-MODE";
    }
  }
  std::vector<RealKernel> kernels_;
};

void ExpectRecognised(const RealKernel& kernel, const std::vector<u8>& bytes) {
  SCOPED_TRACE(kernel.path);
  const StatusOr<KernelImage> image = InspectKernel(bytes, kernel.path);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->recognition.generation, GenerationOfVersion(kernel.version));
  if (image->load_end == 0) return;  // a bzImage that does not tell where the kernel is
  EXPECT_EQ(image->recognition.lguest, LguestSupport::kYes);
  EXPECT_EQ(image->recognition.pae, kernel.pae) << image->recognition.pae_evidence;
  EXPECT_EQ(image->recognition.version.rfind(kernel.version, 0), 0u)
      << image->recognition.version;
}

TEST_F(RealKernels, GenerationAndPaeAreRecognised) {
  for (const RealKernel& kernel : kernels_) ExpectRecognised(kernel, kernel.bytes);
}

TEST_F(RealKernels, StrippedOnesToo) {
  for (const RealKernel& kernel : kernels_) {
    if (!LooksLikeElf(kernel.bytes)) continue;
    std::vector<u8> stripped = kernel.bytes;
    StoreLe<u32>(stripped.data() + 32, 0);  // no section headers, so no symbols
    StoreLe<u16>(stripped.data() + 48, 0);
    ExpectRecognised(kernel, stripped);
  }
}

TEST_F(RealKernels, VmlinuxAndBzImageAgree) {
  for (const RealKernel& a : kernels_) {
    for (const RealKernel& b : kernels_) {
      if (a.version != b.version || a.pae != b.pae || &a == &b) continue;
      const StatusOr<KernelImage> first = InspectKernel(a.bytes, a.path);
      const StatusOr<KernelImage> second = InspectKernel(b.bytes, b.path);
      ASSERT_TRUE(first.ok() && second.ok());
      if (first->load_end == 0 || second->load_end == 0) continue;  // not looked inside
      EXPECT_EQ(first->load_start, second->load_start);
      EXPECT_EQ(first->load_end, second->load_end);
      EXPECT_EQ(first->page_offset, second->page_offset);
    }
  }
}

TEST_F(RealKernels, TheyLoad) {
  for (const RealKernel& kernel : kernels_) {
    SCOPED_TRACE(kernel.path);
    const StatusOr<KernelImage> image = InspectKernel(kernel.bytes, kernel.path);
    ASSERT_TRUE(image.ok()) << image.status();
    test::TestMemory memory(64 * kMiB);
    const PagingMode mode = kernel.pae ? PagingMode::kPae : PagingMode::kTwoLevel;
    const BootLayout layout = *PlanMemory(64 * kMiB, mode, 0, "none");
    const Status loaded = LoadKernel(*image, kernel.bytes, layout, memory.view());
    EXPECT_TRUE(loaded.ok()) << loaded;
    EXPECT_FALSE(memory.IsZero(image->entry, 16));
    const Status params =
        WriteBootParams({layout, "", {}}, *image, kernel.bytes, memory.view());
    EXPECT_TRUE(params.ok()) << params;
  }
}

TEST_F(RealKernels, EveryTruncationIsToldWithoutACrash) {
  for (const RealKernel& kernel : kernels_) {
    for (size_t part = 0; part < 8; part++) {
      const std::vector<u8> cut(
          kernel.bytes.begin(),
          kernel.bytes.begin() +
              static_cast<std::ptrdiff_t>(kernel.bytes.size() * part / 8));
      const StatusOr<KernelImage> image = InspectKernel(cut, kernel.path);
      // The second half of a vmlinux may hold nothing but symbols.
      EXPECT_TRUE(part >= 4 || !image.ok()) << kernel.path << " " << part;
    }
  }
}

}  // namespace
}  // namespace lgx
