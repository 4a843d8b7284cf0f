#include "storage/commit/label_record.h"

#include "storage/meta/record_seal.h"

namespace freshet::storage {
namespace {

constexpr uint8_t kRecordVersion = 2;
/// Ends behind the filtered rows; read still.
constexpr uint8_t kRecordVersionOfOnePhase = 1;

}  // namespace

std::string LabelRecord::serialize() const {
  std::string out = begin_record(kRecordVersion);
  put_length_prefixed(out, label);
  put_fixed<uint64_t>(out, database.value);
  put_fixed<uint64_t>(out, table.value);
  put_fixed<uint64_t>(out, transaction.value);
  put_fixed<uint8_t>(out, static_cast<uint8_t>(state));
  put_fixed<int64_t>(out, finished_unix_seconds);
  put_fixed<uint64_t>(out, loaded_rows);
  put_fixed<uint64_t>(out, filtered_rows);
  put_fixed<uint8_t>(out, is_two_phase);
  put_fixed<int64_t>(out, begun_unix_seconds);
  put_fixed<int64_t>(out, precommitted_unix_seconds);
  put_fixed<uint64_t>(out, precommit_timeout_seconds);
  put_length_prefixed(out, reason);
  return seal(std::move(out));
}

Result<LabelRecord> LabelRecord::deserialize(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "label", kRecordVersion));
  LabelRecord record;
  record.label = reader.length_prefixed();
  record.database = DatabaseId(reader.fixed<uint64_t>());
  record.table = TableId(reader.fixed<uint64_t>());
  record.transaction = TransactionId(reader.fixed<uint64_t>());
  record.state = static_cast<LabelState>(reader.fixed<uint8_t>());
  record.finished_unix_seconds = reader.fixed<int64_t>();
  record.loaded_rows = reader.fixed<uint64_t>();
  record.filtered_rows = reader.fixed<uint64_t>();
  if (static_cast<uint8_t>(bytes[0]) > kRecordVersionOfOnePhase) {
    record.is_two_phase = reader.fixed<uint8_t>() != 0;
    record.begun_unix_seconds = reader.fixed<int64_t>();
    record.precommitted_unix_seconds = reader.fixed<int64_t>();
    record.precommit_timeout_seconds = reader.fixed<uint64_t>();
    record.reason = reader.length_prefixed();
  }
  FRESHET_RETURN_IF_ERROR(check_end(reader, "label"));
  return record;
}

}  // namespace freshet::storage
