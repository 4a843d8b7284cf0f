#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/column_files.h"
#include "ingest/decode/arrow_message.h"
#include "ingest/decode/text_arena.h"

namespace freshet::ingest {

/// The arrays of one batch. Holds its body; columns view it.
struct ArrowBody {
  std::string bytes;
  std::vector<std::string> unpacked;  ///< of compressed buffers
};

/// Values of a dictionary, in the pieces in which they came.
struct ArrowDictionary;

/// One array of a batch, whose buffers are known to be long enough for its rows.
struct ArrowColumn {
  ArrowType type;
  uint64_t rows = 0;
  std::string_view validity;  ///< empty = no NULL
  std::string_view values;    ///< of fixed width; offsets of texts; positions in the dictionary
  std::string_view data;      ///< of texts
  std::shared_ptr<const ArrowDictionary> dictionary;
};

struct ArrowDictionary {
  struct Piece {
    uint64_t first_row;
    ArrowColumn column;
    std::shared_ptr<const ArrowBody> body;
  };
  std::vector<Piece> pieces;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

/// Finds the arrays of `fields` in a batch, each with the rows of the batch; arrays that cannot be read are passed over.
/// Compressed buffers are unpacked into `body`, together at most `max_bytes`. InvalidArgument when something does not fit,
/// ResourceExhausted beyond the limit.
Result<std::vector<ArrowColumn>> read_arrow_columns(const std::vector<ArrowField>& fields, const ArrowBatch& batch,
                                                    uint64_t max_bytes, ArrowBody& body);

/// Row `row` as text, by the rules of CellColumns. Texts lie in the column or in the arena. REQUIRES: row < column.rows, and
/// the type is readable.
Status read_arrow_cell(const ArrowColumn& column, uint64_t row, const DataType& target, TextArena& texts, Cell& cell);

}  // namespace freshet::ingest
