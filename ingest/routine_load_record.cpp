#include "ingest/routine_load_record.h"

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"

namespace freshet::ingest {
namespace {

constexpr uint8_t kRecordVersion = 1;
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Writes or reads the same fields in the same order, so that both sides cannot differ.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  template <typename T>
  requires std::is_arithmetic_v<T>
  void field(const T& value) { put_fixed<T>(out_, value); }
  template <typename T>
  requires std::is_enum_v<T>
  void field(const T& value) { put_fixed<uint8_t>(out_, static_cast<uint8_t>(value)); }
  void field(const std::string& value) { put_length_prefixed(out_, value); }
  template <typename A, typename B>
  void field(const std::pair<A, B>& value) {
    field(value.first);
    field(value.second);
  }
  template <typename T>
  void field(const std::vector<T>& values) {
    put_fixed<uint32_t>(out_, static_cast<uint32_t>(values.size()));
    for (const T& value : values) field(value);
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : in_(bytes) {}
  template <typename T>
  requires std::is_arithmetic_v<T>
  void field(T& value) { value = in_.fixed<T>(); }
  template <typename T>
  requires std::is_enum_v<T>
  void field(T& value) { value = static_cast<T>(in_.fixed<uint8_t>()); }
  void field(std::string& value) { value = in_.length_prefixed(); }
  template <typename A, typename B>
  void field(std::pair<A, B>& value) {
    field(value.first);
    field(value.second);
  }
  template <typename T>
  void field(std::vector<T>& values) {
    const uint32_t count = in_.fixed<uint32_t>();
    for (uint32_t i = 0; i < count && in_.ok(); ++i) field(values.emplace_back());
  }
  bool is_whole() const { return in_.ok() && in_.at_end(); }

 private:
  ByteReader in_;
};

template <typename Visitor, typename Load>
void visit_load(Visitor& visitor, Load& load) {
  visitor.field(load.database);
  visitor.field(load.table);
  visitor.field(load.format);
  visitor.field(load.column_separator);
  visitor.field(load.line_delimiter);
  visitor.field(load.enclose);
  visitor.field(load.escape);
  visitor.field(load.trim_double_quotes);
  visitor.field(load.empty_field_as_null);
  visitor.field(load.columns);
  visitor.field(load.hidden_columns);
  visitor.field(load.strict_mode);
  visitor.field(load.merge_type);
  visitor.field(load.strip_outer_array);
  visitor.field(load.read_json_by_line);
  visitor.field(load.num_as_string);
  visitor.field(load.json_root);
  visitor.field(load.jsonpaths);
}

template <typename Visitor, typename Spec>
void visit_spec(Visitor& visitor, Spec& spec) {
  visitor.field(spec.name);
  visit_load(visitor, spec.load);
  visitor.field(spec.stream.brokers);
  visitor.field(spec.stream.topic);
  visitor.field(spec.stream.group_id);
  visitor.field(spec.stream.client_properties);
  visitor.field(spec.partition_offsets);
  visitor.field(spec.default_offsets);
  visitor.field(spec.max_error_number);
  visitor.field(spec.max_filter_ratio);
  visitor.field(spec.max_batch_interval_seconds);
  visitor.field(spec.max_batch_rows);
  visitor.field(spec.max_batch_bytes);
  visitor.field(spec.job_properties);
  visitor.field(spec.source_properties);
  visitor.field(spec.comment);
}

template <typename Visitor, typename Record>
void visit_record(Visitor& visitor, Record& record) {
  auto& status = record.status;
  visitor.field(status.id);
  visitor.field(record.epoch);
  visit_spec(visitor, status.spec);
  visitor.field(status.state);
  visitor.field(status.create_unix_seconds);
  visitor.field(status.pause_unix_seconds);
  visitor.field(status.end_unix_seconds);
  visitor.field(status.reason_of_state_changed);
  visitor.field(status.received_bytes);
  visitor.field(status.total_rows);
  visitor.field(status.loaded_rows);
  visitor.field(status.error_rows);
  visitor.field(status.committed_tasks);
  visitor.field(status.aborted_tasks);
  visitor.field(status.lost_rows);
  visitor.field(status.last_commit_unix_ms);
}

}  // namespace

std::string_view routine_load_state_name(RoutineLoadState state) {
  switch (state) {
    case RoutineLoadState::kNeedSchedule: return "NEED_SCHEDULE";
    case RoutineLoadState::kRunning: return "RUNNING";
    case RoutineLoadState::kPaused: return "PAUSED";
    case RoutineLoadState::kStopped: return "STOPPED";
    case RoutineLoadState::kCancelled: return "CANCELLED";
  }
  return "";
}

std::string RoutineLoadRecord::encode() const {
  std::string out(1, static_cast<char>(kRecordVersion));
  Writer writer(out);
  visit_record(writer, *this);
  put_fixed<uint32_t>(out, crc32c(out));
  return out;
}

Result<RoutineLoadRecord> RoutineLoadRecord::decode(std::string_view bytes) {
  if (bytes.size() < 5 || static_cast<uint8_t>(bytes[0]) != kRecordVersion ||
      crc32c(bytes.substr(0, bytes.size() - 4)) != load_fixed<uint32_t>(bytes.data() + bytes.size() - 4)) {
    return Status::Corruption("routine load record has a wrong checksum or version");
  }
  RoutineLoadRecord record;
  Reader reader(bytes.substr(1, bytes.size() - 5));
  visit_record(reader, record);
  if (!reader.is_whole()) return Status::Corruption("routine load record has a wrong length");
  return record;
}

}  // namespace freshet::ingest
