#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/load_request.h"
#include "storage/base/result.h"

namespace freshet::connectors::load_client {

/// How the text of an input can be cut into texts that hold whole rows.
enum class Cutting {
  kWhole,      ///< not at all: it is compressed, or one document
  kAnywhere,   ///< behind each byte '\n' (or another delimiter of one byte), wherever one begins to look
  kFromFront,  ///< at borders that are found by reading everything before them
};
Cutting cutting_of(const ingest::LoadRequest& request);

/// Finds rows one after another, by the rules of the decoder that will read them. One thread.
class RowFinder {
 public:
  virtual ~RowFinder() = default;

  struct Row {
    size_t begin = 0;  ///< what lies before separates rows
    size_t end = 0;
  };
  /// The first row of `text` that is complete; call again with the text behind its end. Nothing: call again with the same
  /// text and more behind it.
  virtual std::optional<Row> next(std::string_view text) = 0;
  /// The input ends with `rest`, in which next() found no row: whether it is the last row, or why it must not be.
  virtual Result<bool> end(std::string_view rest) const = 0;
};

/// REQUIRES: cutting_of(request) != kWhole.
std::unique_ptr<RowFinder> make_row_finder(const ingest::LoadRequest& request);

/// Rows at the front of a CSV text that hold names and types, or are to be skipped: each text gets them.
uint64_t header_rows(const ingest::LoadRequest& request);

/// What stands before and behind the rows of each text that is cut from a JSON array.
struct Frame {
  std::string before;
  std::string behind;
};
Frame frame_of(const ingest::LoadRequest& request);

}  // namespace freshet::connectors::load_client
