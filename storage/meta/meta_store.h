#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace freshet::storage {

/// Writes that become durable and visible together, or not at all.
class MetaBatch {
 public:
  struct Operation {
    enum class Kind : uint8_t { kPut, kErase, kEraseRange } kind;
    std::string key;
    std::string value;  ///< kPut: the value; kEraseRange: the end, exclusive; nothing is erased when it is not above `key`
  };
  /// `key` must hold `expected` (nothing = must be absent) when the batch is committed; else Conflict and nothing is
  /// written.
  struct Precondition {
    std::string key;
    std::optional<std::string> expected;
  };

  void put(std::string key, std::string value) {
    operations_.push_back({Operation::Kind::kPut, std::move(key), std::move(value)});
  }
  void erase(std::string key) { operations_.push_back({Operation::Kind::kErase, std::move(key), {}}); }
  void erase_range(std::string begin, std::string end) {
    operations_.push_back({Operation::Kind::kEraseRange, std::move(begin), std::move(end)});
  }
  void require(std::string key, std::optional<std::string> expected) {
    preconditions_.push_back({std::move(key), std::move(expected)});
  }
  /// Adds the operations and preconditions of `other` after those of this batch.
  void append(MetaBatch&& other);

  const std::vector<Operation>& operations() const { return operations_; }
  const std::vector<Precondition>& preconditions() const { return preconditions_; }
  bool empty() const { return operations_.empty(); }
  size_t byte_size() const;

 private:
  std::vector<Operation> operations_;
  std::vector<Precondition> preconditions_;
};

/// Seam to the metadata: ordered keys, range scans, atomic multi-key commits. RocksDB now, etcd in a cluster. Any thread.
class MetaStore {
 public:
  virtual ~MetaStore() = default;
  /// OK = durable. Conflict = a precondition failed, nothing was written. UnknownOutcome = the write failed after it was
  /// sent: it may or may not be found later, and the store takes no further commits. OutOfSpace = there was no room for it:
  /// it may or may not be found after resume(), with which every later commit begins.
  virtual Status commit(const MetaBatch& batch) = 0;
  /// After OutOfSpace: makes the store take commits again. What is found from then on is durable. OutOfSpace while there
  /// still is no room, or another error; it can be called again. OK when nothing was wrong.
  virtual Status resume() = 0;
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  /// Calls `visit` for each key in [begin, end), or to the last key when `end` is empty, in order until it returns a status
  /// that is not OK, which is then returned.
  virtual Status scan(std::string_view begin, std::string_view end,
                      const std::function<Status(std::string_view key, std::string_view value)>& visit) = 0;
};

/// First key after all keys that start with `prefix`; empty when there is none (every byte is FF).
std::string prefix_end(std::string_view prefix);

}  // namespace freshet::storage
