#include "storage/meta/meta_records.h"

#include "storage/meta/record_seal.h"

namespace freshet::storage {
namespace {

constexpr uint8_t kRecordVersion = 1;
/// Version 1 had the tablets of the one partition that there was.
constexpr uint8_t kTableRecordVersion = 2;

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
  std::string out = begin_record();
  put_fixed<int64_t>(out, unix_micros);
  put_fixed<uint64_t>(out, rows_added);
  put_fixed<uint64_t>(out, rows_deleted);
  put_length_prefixed(out, label);
  return seal(std::move(out));
}

Result<TableVersionRecord> TableVersionRecord::decode(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "table version"));
  TableVersionRecord record;
  record.unix_micros = reader.fixed<int64_t>();
  record.rows_added = reader.fixed<uint64_t>();
  record.rows_deleted = reader.fixed<uint64_t>();
  record.label = reader.length_prefixed();
  FRESHET_RETURN_IF_ERROR(check_end(reader, "table version"));
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
