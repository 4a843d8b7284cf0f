#include "storage/meta/meta_records.h"

#include "storage/meta/record_seal.h"

namespace freshet::storage {
namespace {

constexpr uint8_t kRecordVersion = 1;
/// Version 1 had the tablets of the one partition that there was.
constexpr uint8_t kTableRecordVersion = 2;
/// Version 1 ended behind the label.
constexpr uint8_t kTableVersionRecordVersion = 2;
/// Version 1 was the number of the commit alone.
constexpr uint8_t kBirthRecordVersion = 2;

void put_rowsets(std::string& out, const std::vector<RowsetId>& rowsets) {
  put_fixed<uint32_t>(out, static_cast<uint32_t>(rowsets.size()));
  for (RowsetId id : rowsets) put_fixed<uint64_t>(out, id.value);
}
std::vector<RowsetId> read_rowsets(ByteReader& reader) {
  std::vector<RowsetId> rowsets;
  const uint32_t count = reader.fixed<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) rowsets.push_back(RowsetId(reader.fixed<uint64_t>()));
  return rowsets;
}

std::string begin_record() { return storage::begin_record(kRecordVersion); }
Result<ByteReader> unseal(std::string_view bytes, std::string_view what) {
  return storage::unseal(bytes, what, kRecordVersion);
}

}  // namespace

std::string TableRecord::encode() const {
  std::string out = storage::begin_record(kTableRecordVersion);
  put_fixed<uint64_t>(out, database.value);
  put_length_prefixed(out, name);
  put_length_prefixed(out, schema);
  put_partitions(scheme, partitions, out);
  return seal(std::move(out));
}

Result<TableRecord> TableRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, storage::unseal(bytes, "table", kTableRecordVersion));
  TableRecord record;
  record.database = DatabaseId(reader.fixed<uint64_t>());
  record.name = reader.length_prefixed();
  record.schema = reader.length_prefixed();
  if (bytes[0] == 1) {
    Partition all;
    const uint32_t count = reader.fixed<uint32_t>();
    for (uint32_t i = 0; i < count && reader.ok(); ++i) all.tablets.push_back(TabletId(reader.fixed<uint64_t>()));
    if (all.tablets.empty()) return Status::Corruption("table record of '{}' has no tablets", record.name);
    all.id = PartitionId(all.tablets[0].value);
    record.partitions.push_back(std::move(all));
  } else if (!read_partitions(reader, record.scheme, record.partitions)) {
    return Status::Corruption("table record of '{}' has damaged partitions", record.name);
  }
  FRESHET_RETURN_IF_ERROR(check_end(reader, "table"));
  return record;
}

std::string CarriedBlockRecord::encode() const {
  std::string out = begin_record();
  put_fixed<uint64_t>(out, buffer.value);
  put_fixed<uint32_t>(out, first_row);
  put_length_prefixed(out, block);
  return seal(std::move(out));
}

Result<CarriedBlockRecord> CarriedBlockRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "carried block"));
  CarriedBlockRecord record;
  record.buffer = RowsetId(reader.fixed<uint64_t>());
  record.first_row = reader.fixed<uint32_t>();
  record.block = reader.length_prefixed();
  FRESHET_RETURN_IF_ERROR(check_end(reader, "carried block"));
  return record;
}

std::string DeadRowsRecord::encode() const {
  std::string out = begin_record();
  put_fixed<uint32_t>(out, static_cast<uint32_t>(entries.size()));
  for (const Entry& entry : entries) {
    put_fixed<uint64_t>(out, entry.rowset.value);
    put_length_prefixed(out, entry.rows);
  }
  return seal(std::move(out));
}

Result<DeadRowsRecord> DeadRowsRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "delete bitmap"));
  DeadRowsRecord record;
  const uint32_t count = reader.fixed<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    const RowsetId rowset(reader.fixed<uint64_t>());
    record.entries.push_back({rowset, std::string(reader.length_prefixed())});
  }
  FRESHET_RETURN_IF_ERROR(check_end(reader, "delete bitmap"));
  return record;
}

std::string TableVersionRecord::encode() const {
  std::string out = storage::begin_record(kTableVersionRecordVersion);
  put_fixed<int64_t>(out, unix_micros);
  put_fixed<uint64_t>(out, rows_added);
  put_fixed<uint64_t>(out, rows_deleted);
  put_length_prefixed(out, label);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(tablets.size()));
  for (const Tablet& tablet : tablets) {
    put_fixed<uint64_t>(out, tablet.id.value);
    put_fixed<uint8_t>(out, tablet.has_block);
    put_fixed<uint8_t>(out, tablet.has_deaths);
    put_rowsets(out, tablet.segments);
  }
  put_fixed<uint32_t>(out, static_cast<uint32_t>(positions.size()));
  for (const Position& position : positions) {
    put_fixed<uint64_t>(out, position.job.value);
    put_fixed<int32_t>(out, position.partition);
    put_fixed<int64_t>(out, position.next_offset);
  }
  return seal(std::move(out));
}

Result<TableVersionRecord> TableVersionRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, storage::unseal(bytes, "table version", kTableVersionRecordVersion));
  TableVersionRecord record;
  record.unix_micros = reader.fixed<int64_t>();
  record.rows_added = reader.fixed<uint64_t>();
  record.rows_deleted = reader.fixed<uint64_t>();
  record.label = reader.length_prefixed();
  if (bytes[0] > 1) {
    const uint32_t tablets = reader.fixed<uint32_t>();
    for (uint32_t i = 0; i < tablets && reader.ok(); ++i) {
      Tablet tablet;
      tablet.id = TabletId(reader.fixed<uint64_t>());
      tablet.has_block = reader.fixed<uint8_t>() != 0;
      tablet.has_deaths = reader.fixed<uint8_t>() != 0;
      tablet.segments = read_rowsets(reader);
      record.tablets.push_back(std::move(tablet));
    }
    const uint32_t positions = reader.fixed<uint32_t>();
    for (uint32_t i = 0; i < positions && reader.ok(); ++i) {
      Position position;
      position.job = JobId(reader.fixed<uint64_t>());
      position.partition = reader.fixed<int32_t>();
      position.next_offset = reader.fixed<int64_t>();
      record.positions.push_back(position);
    }
  }
  FRESHET_RETURN_IF_ERROR(check_end(reader, "table version"));
  return record;
}

std::string BirthRecord::encode() const {
  std::string out = storage::begin_record(kBirthRecordVersion);
  put_fixed<uint64_t>(out, commit.value);
  put_rowsets(out, inputs);
  return seal(std::move(out));
}

Result<BirthRecord> BirthRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, storage::unseal(bytes, "birth of a rowset", kBirthRecordVersion));
  BirthRecord record;
  record.commit = CommitNumber(reader.fixed<uint64_t>());
  if (bytes[0] > 1) record.inputs = read_rowsets(reader);
  FRESHET_RETURN_IF_ERROR(check_end(reader, "birth of a rowset"));
  return record;
}

std::string TabletContentsRecord::encode() const {
  std::string out = begin_record();
  put_fixed<uint64_t>(out, flushed_up_to.value);
  put_fixed<uint64_t>(out, folded_up_to.value);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(rowsets.size()));
  for (const Rowset& rowset : rowsets) {
    put_fixed<uint64_t>(out, rowset.id.value);
    put_fixed<uint8_t>(out, rowset.is_segment);
    put_fixed<uint32_t>(out, rowset.folded_dead_rows);
  }
  return seal(std::move(out));
}

Result<TabletContentsRecord> TabletContentsRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "contents of a tablet"));
  TabletContentsRecord record;
  record.flushed_up_to = CommitNumber(reader.fixed<uint64_t>());
  record.folded_up_to = CommitNumber(reader.fixed<uint64_t>());
  const uint32_t count = reader.fixed<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    Rowset rowset;
    rowset.id = RowsetId(reader.fixed<uint64_t>());
    rowset.is_segment = reader.fixed<uint8_t>() != 0;
    rowset.folded_dead_rows = reader.fixed<uint32_t>();
    record.rowsets.push_back(rowset);
  }
  FRESHET_RETURN_IF_ERROR(check_end(reader, "contents of a tablet"));
  return record;
}

std::string RetiredRowsetRecord::encode() const {
  std::string out = begin_record();
  put_fixed<uint64_t>(out, gone.value);
  put_length_prefixed(out, segment);
  put_fixed<uint64_t>(out, last_block.value);
  put_length_prefixed(out, dead);
  return seal(std::move(out));
}

Result<RetiredRowsetRecord> RetiredRowsetRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "retired rowset"));
  RetiredRowsetRecord record;
  record.gone = CommitNumber(reader.fixed<uint64_t>());
  record.segment = reader.length_prefixed();
  record.last_block = CommitNumber(reader.fixed<uint64_t>());
  record.dead = reader.length_prefixed();
  FRESHET_RETURN_IF_ERROR(check_end(reader, "retired rowset"));
  return record;
}

std::string PartitionsRecord::encode() const {
  std::string out = begin_record();
  put_partitions(scheme, partitions, out);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(emptied.size()));
  for (const Emptied& one : emptied) {
    put_fixed<uint64_t>(out, one.tablet.value);
    put_rowsets(out, one.rowsets);
  }
  return seal(std::move(out));
}

Result<PartitionsRecord> PartitionsRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "earlier partitions"));
  PartitionsRecord record;
  if (!read_partitions(reader, record.scheme, record.partitions)) {
    return Status::Corruption("earlier partitions record has damaged partitions");
  }
  const uint32_t count = reader.fixed<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    const TabletId tablet(reader.fixed<uint64_t>());
    record.emptied.push_back({tablet, read_rowsets(reader)});
  }
  FRESHET_RETURN_IF_ERROR(check_end(reader, "earlier partitions"));
  return record;
}

std::string encode_database_name(std::string_view name) {
  std::string out = begin_record();
  put_length_prefixed(out, name);
  return seal(std::move(out));
}

Result<std::string> decode_database_name(std::string_view bytes) {
  // No name begins with a control character, no version is a letter.
  if (!bytes.empty() && static_cast<uint8_t>(bytes[0]) >= ' ') return std::string(bytes);
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "database"));
  std::string name(reader.length_prefixed());
  FRESHET_RETURN_IF_ERROR(check_end(reader, "database"));
  return name;
}

std::string encode_number(uint64_t value) {
  std::string out = begin_record();
  put_fixed<uint64_t>(out, value);
  return seal(std::move(out));
}

Result<uint64_t> decode_number(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "number"));
  const uint64_t value = reader.fixed<uint64_t>();
  FRESHET_RETURN_IF_ERROR(check_end(reader, "number"));
  return value;
}

}  // namespace freshet::storage
