// lgx trace: a trace in JSON lines becomes one in another format, or one of fewer
// categories.
#include "base/file.h"
#include "report/trace_jsonl.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/stream_file.h"

namespace lgx {
namespace {

// Passes on what is in the mask.
class OnlyCategories final : public TraceConsumer {
 public:
  OnlyCategories(TraceConsumer& next, u32 mask) : next_(next), mask_(mask) {}
  void Begin(const TraceHeader& header) override { next_.Begin(header); }
  void Add(const TraceRecord& record) override {
    if ((mask_ & Trace::MaskOf(record.category)) != 0) next_.Add(record);
  }
  void Finish() override { next_.Finish(); }

 private:
  TraceConsumer& next_;
  u32 mask_;
};

Status Convert(const TraceOptions& options) {
  const StatusOr<TraceFormat> format = TraceFormatOf(options.output);
  if (!format.ok()) return format.status();
  const StatusOr<std::vector<u8>> bytes = ReadFile(options.file);
  if (!bytes.ok()) return bytes.status();
  StatusOr<StreamFile> file = StreamFile::Create(options.output);
  if (!file.ok()) return file.status();
  const std::unique_ptr<TraceConsumer> writer =
      MakeTraceWriter(*format, [&](std::string_view part) { file->Write(part); });
  OnlyCategories chosen(*writer, options.categories);
  const std::string_view lines(reinterpret_cast<const char*>(bytes->data()),
                               bytes->size());
  LGX_RETURN_IF_ERROR(ReadJsonTrace(lines, options.file, chosen));
  return file->Finish();
}

}  // namespace

int CmdTrace(const TraceOptions& options) {
  const Status status = Convert(options);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace lgx
