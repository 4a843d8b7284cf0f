#include "storage/commit/precommit_record.h"

#include "storage/base/assert.h"
#include "storage/bitmap/dead_rows.h"
#include "storage/meta/record_seal.h"

namespace freshet::storage {
namespace {

/// Version 1 had no flexible partial updates.
constexpr uint8_t kRecordVersion = 2;
constexpr std::string_view kWhat = "precommitted load";

void put_positions(std::string& out, const std::vector<size_t>& positions) {
  put_fixed<uint32_t>(out, static_cast<uint32_t>(positions.size()));
  for (size_t position : positions) put_fixed<uint32_t>(out, static_cast<uint32_t>(position));
}

std::vector<size_t> read_positions(ByteReader& reader) {
  std::vector<size_t> positions;
  const uint32_t count = reader.fixed<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) positions.push_back(reader.fixed<uint32_t>());
  return positions;
}

void put_partial(std::string& out, const PartialColumnsPtr& partial) {
  put_fixed<uint8_t>(out, partial != nullptr);
  if (partial == nullptr) return;
  const auto& [given, no_default, new_keys_fail, mask] = *partial;
  put_positions(out, given);
  put_positions(out, no_default);
  put_fixed<uint8_t>(out, new_keys_fail);
  put_positions(out, mask ? std::vector<size_t>{*mask} : std::vector<size_t>());
}

PartialColumnsPtr read_partial(ByteReader& reader, uint8_t version) {
  if (reader.fixed<uint8_t>() == 0) return nullptr;
  auto partial = std::make_shared<PartialColumns>();
  partial->given = read_positions(reader);
  partial->no_default = read_positions(reader);
  partial->new_keys_fail = reader.fixed<uint8_t>() != 0;
  if (version > 1) {
    const std::vector<size_t> mask = read_positions(reader);
    if (!mask.empty()) partial->mask = mask.front();
  }
  return partial;
}

void put_tablet(std::string& out, const TableSchema& schema, const TabletRows& rows) {
  const auto& [tablet, segments, block, dead_rows, replaces_all] = rows;
  FRESHET_ASSERT(dead_rows.empty() && !replaces_all);
  put_fixed<uint64_t>(out, tablet.value);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(segments.size()));
  for (const WrittenSegment& segment : segments) {
    put_length_prefixed(out, segment.meta.serialize());
    put_length_prefixed(out, encode_rows(segment.delete_rows));
  }
  put_fixed<uint8_t>(out, block.has_value());
  if (!block) return;
  std::string bytes;
  block->serialize(schema, bytes);
  put_length_prefixed(out, bytes);
}

Result<TabletRows> read_tablet(ByteReader& reader, const TableSchema& schema, const KeyCodec& codec) {
  TabletRows rows;
  rows.tablet = TabletId(reader.fixed<uint64_t>());
  const uint32_t segments = reader.fixed<uint32_t>();
  for (uint32_t i = 0; i < segments && reader.ok(); ++i) {
    FRESHET_ASSIGN_OR_RETURN(SegmentMeta meta, SegmentMeta::deserialize(reader.length_prefixed()));
    FRESHET_ASSIGN_OR_RETURN(std::vector<RowOrdinal> deleted, decode_rows(reader.length_prefixed()));
    rows.segments.push_back({std::move(meta), std::move(deleted), codec.make_run()});
  }
  if (reader.fixed<uint8_t>() != 0) {
    FRESHET_ASSIGN_OR_RETURN(rows.rows, Block::deserialize(schema, reader.length_prefixed()));
  }
  return rows;
}

}  // namespace

std::string encode_precommit(const LoadCommit& load) {
  // A new field must find its place here: this line does not compile with it. Who waits is not there any more when this is
  // read.
  const auto& [table, schema, tablets, partial, read_from, label, offsets, is_cancelled] = load;
  FRESHET_ASSERT(read_from == nullptr);
  FRESHET_ASSERT(label.has_value() && offsets.empty());
  std::string out = begin_record(kRecordVersion);
  put_fixed<uint64_t>(out, table.value);
  put_length_prefixed(out, schema->serialize());
  put_length_prefixed(out, label->serialize());
  put_partial(out, partial);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(tablets.size()));
  for (const TabletRows& rows : tablets) put_tablet(out, *schema, rows);
  return seal(std::move(out));
}

Result<LoadCommit> decode_precommit(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, kWhat, kRecordVersion));
  LoadCommit load;
  load.table = TableId(reader.fixed<uint64_t>());
  FRESHET_ASSIGN_OR_RETURN(TableSchema schema, TableSchema::deserialize(reader.length_prefixed()));
  load.schema = std::make_shared<const TableSchema>(std::move(schema));
  FRESHET_ASSIGN_OR_RETURN(load.label, LabelRecord::deserialize(reader.length_prefixed()));
  load.partial = read_partial(reader, static_cast<uint8_t>(bytes[0]));
  const KeyCodec codec(*load.schema);
  const uint32_t tablets = reader.fixed<uint32_t>();
  for (uint32_t i = 0; i < tablets && reader.ok(); ++i) {
    FRESHET_ASSIGN_OR_RETURN(TabletRows rows, read_tablet(reader, *load.schema, codec));
    load.tablets.push_back(std::move(rows));
  }
  FRESHET_RETURN_IF_ERROR(check_end(reader, kWhat));
  return load;
}

}  // namespace freshet::storage
