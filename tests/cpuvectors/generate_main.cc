// generate EXECUTOR SEED PER-TEMPLATE OUTPREFIX [category...]
//
// Makes vectors, lets EXECUTOR (native32) run them on this processor, and writes
// OUTPREFIX.world.json and OUTPREFIX.jsonl. Statistics go to standard error.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "tests/cpuvectors/maker.h"
#include "tests/cpuvectors/records.h"

namespace lgx {
namespace {

constexpr u32 kTimedOut = 0xffff;
constexpr u32 kVectorDb = 1, kVectorPf = 14;

std::vector<Vector> MakeVectors(u64 seed, u32 per_template,
                                const std::set<std::string>& only) {
  Maker maker(seed);
  std::vector<Vector> vectors;
  for (const Template& t : Templates()) {
    if (!only.empty() && only.count(t.category) == 0) continue;
    const u32 wanted = Form(t.form).Has("x3") ? 3 * per_template : per_template;
    u32 made = 0;
    for (u32 tries = 0; tries < wanted * 50 && made < wanted; ++tries) {
      std::optional<Vector> v = maker.Make(t);
      if (!v) continue;
      vectors.push_back(std::move(*v));
      ++made;
    }
  }
  return vectors;
}

// The executor's answers, fewer than there are vectors if it died.
std::vector<VectorOut> Execute(const std::string& executor, const std::string& prefix,
                               const std::vector<u8>& image,
                               const std::vector<Vector>& vectors) {
  const std::string in_path = prefix + ".in", out_path = prefix + ".out";
  std::ofstream in(in_path, std::ios::binary);
  in.write(reinterpret_cast<const char*>(image.data()),
           static_cast<std::streamsize>(image.size()));
  for (const Vector& v : vectors) {
    in.write(reinterpret_cast<const char*>(&v.in), sizeof v.in);
  }
  in.close();
  const std::string command =
      "'" + executor + "' < '" + in_path + "' > '" + out_path + "'";
  const int status = std::system(command.c_str());
  if (status != 0) std::fprintf(stderr, "%s: status %d\n", executor.c_str(), status);
  std::ifstream out(out_path, std::ios::binary);
  std::vector<VectorOut> results;
  VectorOut result;
  while (out.read(reinterpret_cast<char*>(&result), sizeof result))
    results.push_back(result);
  std::remove(in_path.c_str());
  std::remove(out_path.c_str());
  return results;
}

// A page fault outside of the documented world met memory of the executor's own.
bool IsUsable(const VectorOut& out) {
  if (out.valid == 0 || out.overflow != 0) return false;
  if (out.vector == kTimedOut || out.vector == kVectorDb) return false;
  return out.vector != kVectorPf || (out.cr2 >= 0x1000 && out.cr2 < 0x8000000);
}

int Generate(const std::string& executor, u64 seed, u32 per_template,
             const std::string& prefix, const std::set<std::string>& only) {
  const std::vector<u8> image = WorldImage();
  const std::vector<Vector> vectors = MakeVectors(seed, per_template, only);
  const std::vector<VectorOut> results = Execute(executor, prefix, image, vectors);
  std::ofstream(prefix + ".world.json") << WorldJson(image);
  std::ofstream lines(prefix + ".jsonl");
  std::map<std::string, std::map<u32, u32>> counts;
  u32 written = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!IsUsable(results[i])) continue;
    lines << VectorJson(written++, vectors[i], results[i]);
    ++counts[vectors[i].category][results[i].vector];
  }
  std::fprintf(stderr, "seed %llu: %zu vectors made, %zu executed, %u written\n",
               static_cast<unsigned long long>(seed), vectors.size(), results.size(),
               written);
  for (const auto& [category, by_vector] : counts) {
    std::fprintf(stderr, "%-9s", category.c_str());
    for (const auto& [vector, n] : by_vector) std::fprintf(stderr, " %u:%u", vector, n);
    std::fprintf(stderr, "\n");
  }
  const bool complete = results.size() == vectors.size() && lines.flush().good();
  return complete ? 0 : 1;
}

}  // namespace
}  // namespace lgx

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "generate EXECUTOR SEED PER-TEMPLATE OUTPREFIX [category...]\n");
    return 2;
  }
  const std::set<std::string> only(argv + 5, argv + argc);
  return lgx::Generate(argv[1], std::strtoull(argv[2], nullptr, 0),
                       static_cast<lgx::u32>(std::atoi(argv[3])), argv[4], only);
}
