#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace freshet::ingest {

/// Arrow's types by the numbers of its format; only those that are read or can be skipped.
enum class ArrowKind : uint8_t {
  kNull = 1,
  kInt = 2,
  kFloat = 3,
  kBinary = 4,
  kUtf8 = 5,
  kBool = 6,
  kDecimal = 7,
  kDate = 8,
  kTime = 9,
  kTimestamp = 10,
  kInterval = 11,
  kList = 12,
  kStruct = 13,
  kFixedBinary = 15,
  kFixedList = 16,
  kMap = 17,
  kDuration = 18,
  kLargeBinary = 19,
  kLargeUtf8 = 20,
  kLargeList = 21,
};

struct ArrowType {
  ArrowKind kind = ArrowKind::kNull;
  uint32_t bytes = 0;      ///< of a value of fixed width; 0 = none, or a bit
  bool is_signed = false;  ///< kInt
  uint8_t scale = 0;       ///< kDecimal
  uint8_t unit = 0;        ///< kTime, kTimestamp: 0 = s, 1 = ms, 2 = us, 3 = ns; kDate: 0 = days, 1 = ms

  /// "timestamp", for messages.
  std::string_view name() const;
  /// Whether its values can fill columns.
  bool is_readable() const;
};

struct ArrowField {
  std::string name;
  ArrowType type;                     ///< of the values, when there is a dictionary
  std::optional<int64_t> dictionary;  ///< its id
  ArrowType index;                    ///< with a dictionary: of the positions in it
  std::vector<ArrowField> children;
};

/// Where the arrays of a batch lie in the body behind its message.
struct ArrowBatch {
  enum class Compression : uint8_t { kNone, kLz4, kZstd };
  struct Span {
    int64_t offset;
    int64_t length;
  };
  int64_t rows = 0;
  std::vector<int64_t> lengths;  ///< of each array, children behind their parents
  std::vector<Span> buffers;
  Compression compression = Compression::kNone;
};

struct ArrowMessage {
  enum class Kind : uint8_t { kSchema, kDictionary, kBatch };
  Kind kind = Kind::kSchema;
  uint64_t body_bytes = 0;
  std::vector<ArrowField> fields;  ///< kSchema
  ArrowBatch batch;                ///< kBatch; kDictionary: the values
  int64_t dictionary = 0;          ///< kDictionary: its id
  bool is_delta = false;           ///< kDictionary: more values, behind those before
};

/// Reads the head of one message of an Arrow stream (all but its body). InvalidArgument when it is none, Unsupported for
/// what is not read (big-endian data, unions, views).
Result<ArrowMessage> parse_arrow_message(std::string_view head);

}  // namespace freshet::ingest
