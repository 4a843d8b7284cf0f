#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingest/decode/block_assembler.h"
#include "ingest/decode/decoder.h"
#include "ingest/decode/json_splitter.h"
#include "ingest/decode/text_arena.h"
#include "ingest/json_path.h"

namespace freshet::ingest {

class DebeziumReader;

/// JSON objects as rows: one a line (read_json_by_line), the elements of one array (strip_outer_array), both (an array a
/// line), or neither: objects over as many lines as they like, one after another. With json_root, the part of the document
/// that it names. Fields fill columns by their names (exactly, else ignoring case), or by jsonpaths in the order of the
/// columns.
///
/// A broken line or object is a rejected row. Arrays are read element by element, in memory bounded by the longest element;
/// a broken array ends the load with the place of the fault, since what comes after it has no certain beginning. Only an
/// array below a json_root is kept whole, up to kWholeBodyBytes. Numbers keep their text, so that no digit is lost.
///
/// Debezium's change events, one a line, are read by DebeziumReader: each becomes a row that is stored or deletes its key,
/// or both when the key has changed.
class JsonDecoder final : public Decoder {
 public:
  static constexpr size_t kWholeBodyBytes = 100u << 20;

  static Result<std::unique_ptr<JsonDecoder>> create(const LoadRequest& request, BlockAssembler assembler);
  ~JsonDecoder() override;

  Status feed(std::string_view bytes) override;
  Status feed_record(std::string_view record) override;
  Status flush() override { return assembler_.end_batch(); }
  Status finish() override;

 private:
  struct Parser;
  enum class Mode : uint8_t { kLines, kDocuments, kArray, kWhole };

  JsonDecoder(const LoadRequest& request, BlockAssembler assembler, JsonPath root, std::vector<JsonPath> paths);
  static Mode mode_of(const LoadRequest& request, const JsonPath& root);
  Status feed_lines();
  Status feed_documents();
  Status feed_array();
  /// What was split off the front of the body is done.
  void drop_split();
  /// Parses one document; `text` has simdjson's padding behind it. What is wrong with it is answered, not rejected.
  Status add_document(std::string_view text);
  /// Adds the rows of one Debezium event. Throws JsonFault. REQUIRES: room for two rows.
  void add_event(std::string_view text);
  /// The same; what is wrong with it is a rejected row.
  Status add_or_reject(std::string_view text);
  Status convert_batch();

  BlockAssembler assembler_;
  RowBatch batch_;
  TextArena texts_;
  const Mode mode_;
  const bool strip_outer_array_;
  const JsonPath root_;
  const std::vector<JsonPath> paths_;
  std::unique_ptr<Parser> parser_;
  std::unique_ptr<DebeziumReader> events_;  ///< null: documents are rows
  std::vector<Cell> event_row_;
  JsonSplitter splitter_;
  std::string buffer_;       ///< what is not decoded yet
  Status sink_status_;       ///< why converted rows were not taken: ends the load
  uint64_t decoded_ = 0;     ///< bytes of the body before buffer_
  bool is_started_ = false;  ///< the body has more than what could be a byte order mark
};

}  // namespace freshet::ingest
