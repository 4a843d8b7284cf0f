#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/base/result.h"
#include "storage/types/column.h"

namespace freshet::ingest {

/// What the SQL expressions of a load (COLUMNS, WHERE, DELETE ON, PRECEDING FILTER) make of its source rows. Expressions are
/// texts in MySQL's and Doris's dialect; names compare without case.
struct RowTransformSpec {
  struct Source {
    std::string name;
    DataType type;
    /// Text of no column of the table: where a number is needed, it is read as a DOUBLE, and what is none is NULL.
    bool is_untyped = false;
  };
  /// A column of the table that an expression over the sources fills. A result that does not fit `type` is NULL; texts keep
  /// their length.
  struct Computed {
    std::string name;
    DataType type;
    std::string expression;
  };
  std::vector<Source> sources;
  std::vector<Computed> computed;
  /// Conditions; empty = none, and NULL is as good as false. The first sees the sources, the other two see the computed
  /// columns and those sources whose names are not taken by one.
  std::string preceding_filter;
  std::string where;
  std::string delete_condition;
  /// That the expressions are meant in; empty = UTC.
  std::string time_zone;
};

/// What became of a run of source rows; by row, but failures.
struct TransformedRows {
  enum class Fate : uint8_t { kKept, kUnselected, kFailed };
  std::vector<Column> computed;  ///< as RowTransformSpec::computed; NULL in rows that are not kept
  std::vector<Fate> fates;
  std::vector<uint8_t> deletes;  ///< 1 = the delete condition is true
  struct Failure {
    size_t row;
    std::string reason;
  };
  std::vector<Failure> failures;  ///< of the rows whose expressions cannot be computed, in their order
};

/// The expressions of one load, bound to its columns. One thread.
class RowTransform {
 public:
  virtual ~RowTransform() = default;
  /// now() and the like are the same for all rows of a batch: the time of make(), or of the first apply() after this.
  virtual void begin_batch() = 0;
  /// REQUIRES: `sources` are the spec's, all of one length. A row whose expressions fail is a Failure; an error ends the
  /// load.
  virtual Status apply(const std::vector<Column>& sources, TransformedRows& out) = 0;
};

/// Makes transforms; something above ingest implements it. Any thread; outlives its transforms.
class RowTransforms {
 public:
  virtual ~RowTransforms() = default;
  /// InvalidArgument names the expression with an error of syntax, an unknown column or function, an aggregate, a subquery;
  /// Unsupported the function to which a time zone matters that is not UTC.
  virtual Result<std::unique_ptr<RowTransform>> make(const RowTransformSpec& spec) = 0;
};

}  // namespace freshet::ingest
