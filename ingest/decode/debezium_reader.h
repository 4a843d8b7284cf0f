#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/decode/block_assembler.h"
#include "ingest/decode/debezium_value.h"
#include "ingest/decode/json_fields.h"

namespace freshet::ingest {

/// What one message of a Debezium connector says. Views point into the message.
struct DebeziumEvent {
  enum class Kind : uint8_t {
    kNothing,  ///< a heartbeat, a transaction's mark, a schema change, a logical message, a tombstone
    kTruncate,
    kRow,
  };
  Kind kind = Kind::kNothing;
  bool is_delete = false;
  bool is_update = false;
  std::string_view before;  ///< the row as it was, a JSON object; empty when the event does not tell
  std::string_view after;   ///< the row as it is; empty for a delete
};

/// Reads Debezium's envelopes ({"before", "after", "op", ...}, or that as "payload" beside its "schema") and makes rows of
/// their images. Debezium's types become texts of the columns' types with the help of the schema; without one, numbers in
/// DATE and DATETIME columns are read as debezium_kind_without_schema() tells. Values that the database did not tell
/// (unchanged TOAST values) are taken from the image before, or are missing in a flexible partial update; else they are a
/// fault. Faults are thrown as JsonFault. One thread.
class DebeziumReader {
 public:
  /// The mapping has a source named kDeleteSignColumn.
  DebeziumReader(const ColumnMapping& mapping, const TableSchema& schema, bool is_flexible);

  /// `envelope` has simdjson's padding behind it.
  DebeziumEvent read(std::string_view envelope);
  /// Sets the cells of one row to an image of the event read last. Cells without a value are missing.
  void fill(std::string_view image, bool is_delete, Cell* row, TextArena& texts);
  /// Settles the values of `after` that the database did not tell; `before` is null when the event has no such image.
  void complete(const DebeziumEvent& event, Cell* after, const Cell* before) const;
  /// Whether both rows have the same key, as far as `before` tells it.
  bool same_key(const Cell* before, const Cell* after) const;

 private:
  void follow_schema(std::string_view text);
  DebeziumEvent read_payload(simdjson::ondemand::object payload) const;
  void fill_value(simdjson::ondemand::value value, size_t source, Cell& cell, TextArena& texts) const;
  /// A value that is not as JSON has it; false when it is.
  bool fill_converted(simdjson::ondemand::value& value, size_t source, Cell& cell, TextArena& texts) const;
  std::string column_name(size_t source) const { return "column_name[" + fields_.name(source) + "], "; }

  JsonFields fields_;
  std::vector<DataType> column_types_;  ///< by source; text for what is no column
  std::vector<size_t> keys_;            ///< sources that are the key; empty when expressions make it of any sources
  size_t sign_;                         ///< source of the delete sign
  const bool is_flexible_;
  simdjson::ondemand::parser envelope_parser_;
  simdjson::ondemand::parser image_parser_;
  std::string schema_text_;          ///< of the last event
  std::vector<DebeziumType> types_;  ///< by source, by that schema
};

}  // namespace freshet::ingest
