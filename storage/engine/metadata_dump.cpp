#include <fmt/format.h>

#include <iterator>

#include "storage/base/coding.h"
#include "storage/commit/labels.h"
#include "storage/commit/precommit_record.h"
#include "storage/engine/storage_engine.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {
namespace {

std::string describe_table(uint64_t id, std::string_view value) {
  const Result<TableRecord> record = TableRecord::decode(value);
  if (!record.ok()) return fmt::format("table {}: {}", id, record.status().message());
  const Result<TableSchema> schema = TableSchema::deserialize(record->schema);
  if (!schema.ok()) return fmt::format("table {} '{}': {}", id, record->name, schema.status().message());
  std::string text = fmt::format("table {} '{}' in database {}, {}, schema version {}", id, record->name,
                                 record->database.value, table_model_name(schema->model), schema->version);
  for (const Partition& partition : record->partitions) {
    if (record->scheme.kind != PartitionKind::kNone) {
      fmt::format_to(std::back_inserter(text), "\n  partition {} '{}' {}", partition.id.value, partition.name,
                     bounds_text(record->scheme, partition.bounds));
    }
    text += ", tablets";
    for (TabletId tablet : partition.tablets) fmt::format_to(std::back_inserter(text), " {}", tablet.value);
  }
  for (const ColumnSchema& column : schema->columns) {
    fmt::format_to(std::back_inserter(text), "\n  column {} '{}' {}{}{}", column.id.value, column.name,
                   column.type.to_string(), column.is_key ? " key" : "", column.nullable ? "" : " not null");
  }
  return text;
}

std::string describe_database(uint64_t id, std::string_view value) {
  const Result<std::string> name = decode_database_name(value);
  return fmt::format("database {} {}", id, name.ok() ? fmt::format("'{}'", *name) : name.status().message());
}

std::string describe_segment(uint64_t tablet, std::string_view value) {
  const Result<SegmentMeta> meta = SegmentMeta::deserialize(value);
  if (!meta.ok()) return fmt::format("segment of tablet {}: {}", tablet, meta.status().message());
  return fmt::format("segment {} of tablet {}: {} rows, {} bytes, level {}, schema version {}", segment_file_name(meta->id),
                     tablet, meta->row_count, meta->file_bytes, meta->level, meta->schema_version);
}

std::string describe_dead_rows(std::string_view kind, uint64_t tablet, uint64_t second, std::string_view value) {
  std::string text = fmt::format("{} of tablet {} at {}:", kind, tablet, second);
  const Result<DeadRowsRecord> record = DeadRowsRecord::decode(value);
  if (!record.ok()) return text + " " + record.status().message();
  for (const DeadRowsRecord::Entry& entry : record->entries) {
    const auto rows = decode_rows(entry.rows);
    fmt::format_to(std::back_inserter(text), " rowset {}: {}", entry.rowset.value,
                   rows.ok() ? fmt::format("{} rows", rows->size()) : rows.status().message());
  }
  return text;
}

std::string describe_block(uint64_t tablet, uint64_t commit, std::string_view value) {
  const Result<CarriedBlockRecord> record = CarriedBlockRecord::decode(value);
  if (!record.ok()) return fmt::format("carried block of tablet {}: {}", tablet, record.status().message());
  return fmt::format("carried block of tablet {} at commit {}: buffer {} from row {}, {} bytes", tablet, commit,
                     record->buffer.value, record->first_row, record->block.size());
}

std::string describe_label(std::string_view value) {
  const Result<LabelRecord> record = LabelRecord::deserialize(value);
  if (!record.ok()) return "label: " + record.status().message();
  constexpr std::string_view kStates[] = {"running", "visible", "aborted", "precommitted"};
  const auto state = static_cast<size_t>(record->state);
  return fmt::format("label '{}' of database {}: transaction {} {}, {} rows loaded, {} filtered", record->label,
                     record->database.value, record->transaction.value,
                     state < std::size(kStates) ? kStates[state] : "in an unknown state", record->loaded_rows,
                     record->filtered_rows);
}

std::string describe_precommit(uint64_t transaction, std::string_view value) {
  const Result<LoadCommit> load = decode_precommit(value);
  if (!load.ok()) return fmt::format("precommitted transaction {}: {}", transaction, load.status().message());
  std::string text =
      fmt::format("precommitted transaction {} into table {}, {} bytes", transaction, load->table.value, value.size());
  for (const TabletRows& rows : load->tablets) {
    for (const WrittenSegment& segment : rows.segments) {
      fmt::format_to(std::back_inserter(text), "\n  {}", describe_segment(rows.tablet.value, segment.meta.serialize()));
    }
  }
  return text;
}

std::string describe_transaction(uint64_t transaction, std::string_view value) {
  const auto name = decode_label_name(value);
  if (!name.ok()) return fmt::format("transaction {}: {}", transaction, name.status().message());
  return fmt::format("transaction {}: label '{}' of database {}", transaction, name->second, name->first.value);
}

std::string describe_version(uint64_t table, uint64_t commit, std::string_view value) {
  const Result<TableVersionRecord> record = TableVersionRecord::decode(value);
  if (!record.ok()) return fmt::format("version {} of table {}: {}", commit, table, record.status().message());
  return fmt::format("version {} of table {}: {} rows added, {} deleted, label '{}'", commit, table, record->rows_added,
                     record->rows_deleted, record->label);
}

std::string describe_retired(uint64_t tablet, uint64_t rowset, std::string_view value) {
  const Result<RetiredRowsetRecord> record = RetiredRowsetRecord::decode(value);
  if (!record.ok()) return fmt::format("retired rowset {} of tablet {}: {}", rowset, tablet, record.status().message());
  return fmt::format("retired {} {} of tablet {}: until commit {}", record->segment.empty() ? "delta buffer" : "segment",
                     rowset, tablet, record->gone.value);
}

std::string describe_birth(uint64_t tablet, uint64_t rowset, std::string_view value) {
  const Result<BirthRecord> record = BirthRecord::decode(value);
  if (!record.ok()) return fmt::format("birth of rowset {} of tablet {}: {}", rowset, tablet, record.status().message());
  std::string text = fmt::format("rowset {} of tablet {} came with commit {}", rowset, tablet, record->commit.value);
  if (!record->inputs.empty()) text += " for";
  for (RowsetId input : record->inputs) fmt::format_to(std::back_inserter(text), " {}", input.value);
  return text;
}

std::string describe_partitions(uint64_t table, uint64_t commit, std::string_view value) {
  const Result<PartitionsRecord> record = PartitionsRecord::decode(value);
  std::string text = fmt::format("partitions of table {} before commit {}:", table, commit);
  if (!record.ok()) return text + " " + record.status().message();
  for (const Partition& partition : record->partitions) {
    fmt::format_to(std::back_inserter(text), " {} '{}'", partition.id.value, partition.name);
  }
  for (const PartitionsRecord::Emptied& emptied : record->emptied) {
    fmt::format_to(std::back_inserter(text), "; {} rowsets of tablet {} went", emptied.rowsets.size(), emptied.tablet.value);
  }
  return text;
}

std::string describe_contents(uint64_t tablet, std::string_view value) {
  const Result<TabletContentsRecord> record = TabletContentsRecord::decode(value);
  if (!record.ok()) return fmt::format("contents of tablet {}: {}", tablet, record.status().message());
  std::string text = fmt::format("contents of tablet {}: flushed up to commit {}, folded up to {};", tablet,
                                 record->flushed_up_to.value, record->folded_up_to.value);
  for (const TabletContentsRecord::Rowset& rowset : record->rowsets) {
    fmt::format_to(std::back_inserter(text), " {} {} with {} dead rows", rowset.is_segment ? "segment" : "buffer",
                   rowset.id.value, rowset.folded_dead_rows);
  }
  return text;
}

std::string describe_number(std::string_view name, std::string_view value) {
  const Result<uint64_t> number = decode_number(value);
  return fmt::format("{} {}", name, number.ok() ? std::to_string(*number) : number.status().message());
}

/// One record as a line; its kind is the first letter of its key.
std::string describe(std::string_view key, std::string_view value) {
  const uint64_t first = meta_keys::number_at(key, 2);
  const uint64_t second = meta_keys::number_at(key, 10);
  switch (key.empty() ? '\0' : key[0]) {
    case 'm': return describe_number(key, value);
    case 'd': return describe_database(first, value);
    case 't': return describe_table(first, value);
    case 's': return describe_segment(first, value);
    case 'b': return describe_dead_rows("delete delta", first, second, value);
    case 'f': return describe_dead_rows("folded delete bitmap", first, second, value);
    case 'k': return describe_block(first, second, value);
    case 'l': return describe_label(value);
    case 'a': return describe_number(fmt::format("auto increment of table {}: next", first), value);
    case 'g': return fmt::format("obsolete file {}", segment_file_name(RowsetId(first)));
    case 'o':
      if (key.size() < 14 || value.size() < 16) return "stream position: cut off";
      return fmt::format("stream position of job {}, partition {}: next offset {}", first,
                         load_big_endian32(key.data() + 10), load_fixed<int64_t>(value.data() + 8));
    case 'q': return describe_number(fmt::format("history of table {} begins with version", first), value);
    case 'e': return describe_number(fmt::format("carried blocks of tablet {} are flushed up to commit", first), value);
    case 'n': return describe_birth(first, second, value);
    case 'i':
      return describe_number(fmt::format("label '{}' of database {} ended at {}: transaction",
                                         key.substr(std::min<size_t>(key.size(), 18)), second, first),
                             value);
    case 'w': return describe_partitions(first, second, value);
    case 'c': return describe_contents(first, value);
    case 'u': return describe_number(fmt::format("positions of job {} were forgotten after commit", first), value);
    case 'h': return describe_dead_rows("deaths", first, second, value);
    case 'v': return describe_version(first, second, value);
    case 'y': return describe_retired(first, second, value);
    case 'p': return describe_precommit(first, value);
    case 'x': return describe_transaction(first, value);
    case 'r': return fmt::format("record {}: {} bytes", key.substr(2), value.size());
    default: return fmt::format("unknown key of {} bytes", key.size());
  }
}

}  // namespace

Status dump_metadata(MetaStore& meta, std::string& out) {
  return meta.scan("", "\xff", [&](std::string_view key, std::string_view value) {
    out += describe(key, value);
    out += '\n';
    return Status::OK();
  });
}

}  // namespace freshet::storage
