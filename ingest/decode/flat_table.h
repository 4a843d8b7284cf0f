#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace freshet::ingest {

/// A table of a FlatBuffers message from outside, as Arrow's messages are made of. Every read is checked: what lies beyond
/// the message, or is not there, is 0, empty, or a table without fields. Fields are numbered from 0 in the order of their
/// schema; tables may be nested without bound only as deep as the caller follows. Views the message.
class FlatTable {
 public:
  FlatTable() = default;
  /// The root table of a message.
  static FlatTable root(std::string_view message) { return FlatTable(message, load<uint32_t>(message, 0)); }

  /// Whether there is a table at all.
  bool exists() const { return !message_.empty(); }

  template <typename T>
  T scalar(size_t field, T otherwise = 0) const {
    const size_t at = place(field);
    return at == 0 || at + sizeof(T) > message_.size() ? otherwise : load<T>(message_, at);
  }
  FlatTable table(size_t field) const {
    const size_t at = place(field);
    return at == 0 ? FlatTable() : FlatTable(message_, at + load<uint32_t>(message_, at));
  }
  std::string_view text(size_t field) const { return vector(field, 1); }
  /// A vector of structs or scalars of `width` bytes: its bytes.
  std::string_view vector(size_t field, size_t width) const {
    const size_t at = place(field);
    if (at == 0) return {};
    const size_t begin = at + load<uint32_t>(message_, at);
    const size_t bytes = load<uint32_t>(message_, begin) * width;
    if (begin + sizeof(uint32_t) > message_.size() || bytes > message_.size() - begin - sizeof(uint32_t)) return {};
    return message_.substr(begin + sizeof(uint32_t), bytes);
  }
  /// Number of the tables of a vector.
  size_t table_count(size_t field) const { return vector(field, sizeof(uint32_t)).size() / sizeof(uint32_t); }
  /// REQUIRES: index < table_count(field).
  FlatTable table_at(size_t field, size_t index) const {
    const std::string_view offsets = vector(field, sizeof(uint32_t));
    const size_t at = static_cast<size_t>(offsets.data() - message_.data()) + index * sizeof(uint32_t);
    return FlatTable(message_, at + load<uint32_t>(message_, at));
  }

 private:
  FlatTable(std::string_view message, size_t begin) : begin_(begin) {
    if (begin + sizeof(int32_t) <= message.size()) message_ = message;
  }

  template <typename T>
  static T load(std::string_view bytes, size_t at) {
    T value{};
    if (at <= bytes.size() && sizeof(T) <= bytes.size() - at) std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
  }

  /// Where the field lies in the message; 0 = it is not there.
  size_t place(size_t field) const {
    if (!exists()) return 0;
    const int64_t fields = static_cast<int64_t>(begin_) - load<int32_t>(message_, begin_);
    if (fields < 0 || static_cast<size_t>(fields) + 4 > message_.size()) return 0;
    const size_t slot = 4 + 2 * field;
    if (slot + 2 > load<uint16_t>(message_, static_cast<size_t>(fields))) return 0;
    const uint16_t offset = load<uint16_t>(message_, static_cast<size_t>(fields) + slot);
    return offset == 0 || begin_ + offset >= message_.size() ? 0 : begin_ + offset;
  }

  std::string_view message_;
  size_t begin_ = 0;
};

}  // namespace freshet::ingest
