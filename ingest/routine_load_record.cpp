#include "ingest/routine_load_record.h"

#include <algorithm>

#include "ingest/record_fields.h"

namespace freshet::ingest {
namespace {

/// 1: without what clauses say but columns and merge type. 2: all of it, who made the job, unselected rows. 3: the
/// properties of the stream stand sealed at the end.
constexpr uint8_t kRecordVersion = 3;
constexpr uint8_t kPropertiesVersion = 1;
constexpr uint8_t kStatisticsVersion = 1;

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
  if (visitor.version() < 2) return;
  visitor.field(load.expressions);
  visitor.field(load.preceding_filter);
  visitor.field(load.where);
  visitor.field(load.delete_condition);
  visitor.field(load.partial_columns);
  visitor.field(load.flexible_columns);
  visitor.field(load.partial_new_keys);
  visitor.field(load.sequence_column);
  visitor.field(load.partitions);
}

template <typename Visitor, typename Spec>
void visit_spec(Visitor& visitor, Spec& spec) {
  visitor.field(spec.name);
  visit_load(visitor, spec.load);
  visitor.field(spec.stream.brokers);
  visitor.field(spec.stream.topic);
  visitor.field(spec.stream.group_id);
  if (visitor.version() < 3) visitor.field(spec.stream.client_properties);
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
  if (visitor.version() < 2) return;
  visitor.field(spec.user);
  visitor.field(spec.new_offsets);
}

template <typename Visitor, typename Statistics>
void visit_statistics(Visitor& visitor, Statistics& status) {
  visitor.field(status.received_bytes);
  visitor.field(status.total_rows);
  visitor.field(status.loaded_rows);
  visitor.field(status.error_rows);
  visitor.field(status.unselected_rows);
  visitor.field(status.committed_tasks);
  visitor.field(status.aborted_tasks);
  visitor.field(status.execute_ms);
  visitor.field(status.last_commit_unix_ms);
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
  if (visitor.version() < 2) return;
  visitor.field(record.tables);
  visitor.field(status.unselected_rows);
  visitor.field(status.execute_ms);
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

Result<std::string> RoutineLoadRecord::encode(const SecretSeal& secrets) const {
  RecordWriter properties(kPropertiesVersion);
  properties.field(status.spec.stream.client_properties);
  std::string sealed = std::move(properties).finish();
  if (secrets.seal) {
    FRESHET_ASSIGN_OR_RETURN(sealed, secrets.seal(sealed));
  }
  RecordWriter writer(kRecordVersion);
  visit_record(writer, *this);
  writer.field(sealed);
  return std::move(writer).finish();
}

Status RoutineLoadRecord::open_properties(std::string_view sealed, const SecretSeal& secrets) {
  const Result<std::string> opened = secrets.open ? secrets.open(sealed) : std::string(sealed);
  lost_secrets = !opened.ok();
  if (lost_secrets) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(RecordReader properties,
                           RecordReader::open(*opened, kPropertiesVersion, "properties of a routine load"));
  properties.field(status.spec.stream.client_properties);
  return properties.finish();
}

Result<RoutineLoadRecord> RoutineLoadRecord::decode(std::string_view bytes, const SecretSeal& secrets) {
  FRESHET_ASSIGN_OR_RETURN(RecordReader reader, RecordReader::open(bytes, kRecordVersion, "routine load record"));
  RoutineLoadRecord record;
  visit_record(reader, record);
  std::string sealed;
  if (reader.version() >= 3) reader.field(sealed);
  FRESHET_RETURN_IF_ERROR(reader.finish());
  if (reader.version() >= 3) FRESHET_RETURN_IF_ERROR(record.open_properties(sealed, secrets));
  RoutineLoadStatus& status = record.status;
  if (reader.version() < 2) {
    status.unselected_rows = status.total_rows - std::min(status.total_rows, status.loaded_rows + status.error_rows);
  }
  return record;
}

std::string encode_statistics(const RoutineLoadStatistics& statistics) {
  RecordWriter writer(kStatisticsVersion);
  visit_statistics(writer, statistics);
  return std::move(writer).finish();
}

Status decode_statistics(std::string_view bytes, RoutineLoadStatistics& statistics) {
  FRESHET_ASSIGN_OR_RETURN(RecordReader reader,
                           RecordReader::open(bytes, kStatisticsVersion, "statistics of a routine load"));
  visit_statistics(reader, statistics);
  return reader.finish();
}

}  // namespace freshet::ingest
