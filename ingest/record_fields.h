#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ingest/load_request.h"
#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/result.h"

namespace freshet::ingest {

/// Records of ingest: a version byte, the fields one after another, and the CRC32C of all before it. A function that visits
/// the fields with field() serves both sides, so that they cannot differ; it asks version() for fields that came later.
class RecordWriter {
 public:
  explicit RecordWriter(uint8_t version) : out_(1, static_cast<char>(version)) {}

  uint8_t version() const { return static_cast<uint8_t>(out_[0]); }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void field(const T& value) { put_fixed<T>(out_, value); }
  template <typename T>
  requires std::is_enum_v<T>
  void field(const T& value) { put_fixed<uint8_t>(out_, static_cast<uint8_t>(value)); }
  void field(const std::string& value) { put_length_prefixed(out_, value); }
  void field(const ColumnExpression& value) {
    field(value.column);
    field(value.expression);
  }
  template <typename A, typename B>
  void field(const std::pair<A, B>& value) {
    field(value.first);
    field(value.second);
  }
  template <typename T>
  void field(const std::vector<T>& values) {
    put_fixed<uint32_t>(out_, static_cast<uint32_t>(values.size()));
    for (const T& value : values) field(value);
  }
  std::string finish() && {
    put_fixed<uint32_t>(out_, crc32c(out_));
    return std::move(out_);
  }

 private:
  std::string out_;
};

class RecordReader {
 public:
  /// Corruption names `what` when the checksum is wrong or the version is not 1 to `newest_version`.
  static Result<RecordReader> open(std::string_view bytes, uint8_t newest_version, const char* what) {
    constexpr size_t kChecksumBytes = 4;
    const bool is_whole =
        bytes.size() > kChecksumBytes && crc32c(bytes.substr(0, bytes.size() - kChecksumBytes)) ==
                                             load_fixed<uint32_t>(bytes.data() + bytes.size() - kChecksumBytes);
    if (!is_whole || bytes[0] < 1 || static_cast<uint8_t>(bytes[0]) > newest_version) {
      return Status::Corruption("{} has a wrong checksum or version", what);
    }
    return RecordReader(static_cast<uint8_t>(bytes[0]), bytes.substr(1, bytes.size() - 1 - kChecksumBytes), what);
  }

  uint8_t version() const { return version_; }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void field(T& value) { value = in_.fixed<T>(); }
  template <typename T>
  requires std::is_enum_v<T>
  void field(T& value) { value = static_cast<T>(in_.fixed<uint8_t>()); }
  void field(std::string& value) { value = in_.length_prefixed(); }
  void field(ColumnExpression& value) {
    field(value.column);
    field(value.expression);
  }
  template <typename A, typename B>
  void field(std::pair<A, B>& value) {
    field(value.first);
    field(value.second);
  }
  template <typename T>
  void field(std::vector<T>& values) {
    const uint32_t count = in_.fixed<uint32_t>();
    for (uint32_t i = 0; i < count && in_.ok(); ++i) field(values.emplace_back());
  }
  Status finish() const {
    return in_.ok() && in_.at_end() ? Status::OK() : Status::Corruption("{} has a wrong length", what_);
  }

 private:
  RecordReader(uint8_t version, std::string_view fields, const char* what) : version_(version), in_(fields), what_(what) {}

  uint8_t version_;
  ByteReader in_;
  const char* what_;
};

}  // namespace freshet::ingest
