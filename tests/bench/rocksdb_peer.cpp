/// RocksDB as a plain store of keys and values, for tests/bench/peers/rocksdb_peer.py:
///
///   rocksdb_peer FOLDER CACHE_BYTES
///
/// Each line of input is a request {"channel": n, "action": ..., "table": name, ...}, each line of output its answer
/// {"channel": n, "seconds": ..., "rows": ...} or {"channel": n, "error": "..."}. A table is a column family. A key is 8
/// bytes, big-endian; a value is the CSV line behind its first comma.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBloomBits = 10;
constexpr uint64_t kWriteBufferBytes = uint64_t{64} << 20;
constexpr uint64_t kKeyModulus = 1'000'003;

void must(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::string key_bytes(uint64_t number) {
  std::string bytes(8, '\0');
  for (int i = 7; i >= 0; --i, number >>= 8) bytes[static_cast<size_t>(i)] = static_cast<char>(number);
  return bytes;
}

uint64_t key_number(const rocksdb::Slice& bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

struct Answer {
  double seconds = 0;
  uint64_t rows = 0;
  uint64_t key_sum = 0;
  double p99_ms = 0;
};

class Store {
 public:
  Store(const std::string& folder, size_t cache_bytes) : table_options_(options_of(cache_bytes)) {
    rocksdb::Options options(rocksdb::DBOptions(), table_options_);
    options.create_if_missing = true;
    options.IncreaseParallelism(static_cast<int>(std::thread::hardware_concurrency()));
    std::vector<std::string> names;
    if (!rocksdb::DB::ListColumnFamilies(options, folder, &names).ok()) names = {rocksdb::kDefaultColumnFamilyName};
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, table_options_);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    must(rocksdb::DB::Open(options, folder, families, &handles, &opened));
    db_.reset(opened);
    for (size_t i = 0; i < names.size(); ++i) tables_[names[i]] = handles[i];
  }
  ~Store() {
    for (const auto& [name, handle] : tables_) must(db_->DestroyColumnFamilyHandle(handle));
    must(db_->Close());
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void drop(const std::string& table) {
    const auto found = tables_.find(table);
    if (found == tables_.end()) return;
    must(db_->DropColumnFamily(found->second));
    must(db_->DestroyColumnFamilyHandle(found->second));
    tables_.erase(found);
  }

  /// Puts or deletes the rows of a CSV file; a batch is one synced record of the log.
  Answer write(const std::string& table, const std::string& path, uint64_t batch_rows, bool is_delete) {
    rocksdb::ColumnFamilyHandle* family = handle(table);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const auto begin = Clock::now();
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path);
    rocksdb::WriteBatch batch;
    Answer answer;
    for (std::string line; std::getline(file, line); ++answer.rows) {
      uint64_t number = 0;
      const char* rest = std::from_chars(line.data(), line.data() + line.size(), number).ptr;
      if (is_delete) {
        must(batch.Delete(family, key_bytes(number)));
      } else {
        must(batch.Put(family, key_bytes(number),
                       rocksdb::Slice(rest + 1, static_cast<size_t>(line.data() + line.size() - rest - 1))));
      }
      if (batch.Count() >= batch_rows) {
        must(db_->Write(synced, &batch));
        batch.Clear();
      }
    }
    if (batch.Count() > 0) must(db_->Write(synced, &batch));
    answer.seconds = seconds_since(begin);
    return answer;
  }

  Answer count(const std::string& table) {
    const auto begin = Clock::now();
    const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(rocksdb::ReadOptions(), handle(table)));
    Answer answer;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next(), ++answer.rows)
      answer.key_sum += key_number(rows->key()) % kKeyModulus;
    must(rows->status());
    answer.seconds = seconds_since(begin);
    return answer;
  }

  Answer get(const std::string& table, const std::vector<uint64_t>& numbers) {
    const auto begin = Clock::now();
    std::vector<std::string> keys;
    for (const uint64_t number : numbers) keys.push_back(key_bytes(number));
    const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet(rocksdb::ReadOptions(), handle(table), keys.size(), slices.data(), values.data(), statuses.data());
    Answer answer;
    for (const rocksdb::Status& status : statuses) answer.rows += status.ok();
    answer.seconds = seconds_since(begin);
    return answer;
  }

  /// Gets of random keys below `keys_end`, by threads, for some seconds.
  Answer random(const std::string& table, uint64_t keys_end, uint64_t threads, double seconds) {
    rocksdb::ColumnFamilyHandle* family = handle(table);
    std::vector<std::vector<double>> times(threads);
    std::vector<std::thread> running;
    const auto begin = Clock::now();
    for (uint64_t thread = 0; thread < threads; ++thread) {
      running.emplace_back([&, thread] {
        std::mt19937_64 random(thread + 1);
        rocksdb::PinnableSlice value;
        for (auto now = Clock::now(); std::chrono::duration<double>(now - begin).count() < seconds;) {
          value.Reset();
          db_->Get(rocksdb::ReadOptions(), family, key_bytes(random() % keys_end), &value).PermitUncheckedError();
          const auto then = Clock::now();
          times[thread].push_back(std::chrono::duration<double, std::milli>(then - now).count());
          now = then;
        }
      });
    }
    for (std::thread& thread : running) thread.join();
    std::vector<double> all;
    for (const std::vector<double>& part : times) all.insert(all.end(), part.begin(), part.end());
    std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(all.size() * 99 / 100), all.end());
    return {seconds_since(begin), all.size(), 0, all[all.size() * 99 / 100]};
  }

  uint64_t bytes(const std::string& table) {
    uint64_t bytes = 0;
    if (!db_->GetIntProperty(handle(table), rocksdb::DB::Properties::kLiveSstFilesSize, &bytes))
      throw std::runtime_error("no size");
    return bytes;
  }

  Answer compact(const std::string& table) {
    const auto begin = Clock::now();
    must(db_->CompactRange(rocksdb::CompactRangeOptions(), handle(table), nullptr, nullptr));
    return {seconds_since(begin)};
  }

 private:
  static rocksdb::ColumnFamilyOptions options_of(size_t cache_bytes) {
    rocksdb::ColumnFamilyOptions options;
    rocksdb::BlockBasedTableOptions blocks;
    blocks.block_cache = rocksdb::NewLRUCache(cache_bytes);
    blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
    options.compression = rocksdb::kLZ4Compression;
    options.write_buffer_size = kWriteBufferBytes;
    options.max_write_buffer_number = 4;
    options.level_compaction_dynamic_level_bytes = true;
    return options;
  }

  rocksdb::ColumnFamilyHandle* handle(const std::string& table) {
    auto& handle = tables_[table];
    if (handle == nullptr) must(db_->CreateColumnFamily(table_options_, table, &handle));
    return handle;
  }

  rocksdb::ColumnFamilyOptions table_options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> tables_;
};

Answer run(Store& store, simdjson::dom::element request) {
  const std::string action(request["action"].get_string().value());
  const std::string table(request["table"].get_string().value());
  if (action == "drop") {
    store.drop(table);
    return {};
  }
  if (action == "write" || action == "delete") {
    return store.write(table, std::string(request["file"].get_string().value()), request["batch_rows"].get_uint64().value(),
                       action == "delete");
  }
  if (action == "count") return store.count(table);
  if (action == "bytes") return {0, store.bytes(table)};
  if (action == "compact") return store.compact(table);
  if (action == "random") {
    return store.random(table, request["keys_end"].get_uint64().value(), request["threads"].get_uint64().value(),
                        request["seconds"].get_double().value());
  }
  if (action == "get") {
    std::vector<uint64_t> keys;
    const simdjson::dom::array numbers = request["keys"].get_array();
    for (const auto key : numbers) keys.push_back(key.get_uint64().value());
    return store.get(table, keys);
  }
  throw std::runtime_error("unknown action " + action);
}

void answer(Store& store, simdjson::dom::element request) {
  const long channel = static_cast<long>(request["channel"].get_int64().value());
  if (request["action"].get_string().value() == "version") {
    std::printf("{\"channel\":%ld,\"version\":\"%d.%d.%d\"}\n", channel, ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH);
    return;
  }
  try {
    const Answer done = run(store, request);
    std::printf("{\"channel\":%ld,\"seconds\":%.6f,\"rows\":%lu,\"key_sum\":%lu,\"p99_ms\":%.6f}\n", channel, done.seconds,
                done.rows, done.key_sum, done.p99_ms);
  } catch (const std::exception& error) {
    std::string text = error.what();
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '"' || c == '\\' || c < ' '; }, '\'');
    std::printf("{\"channel\":%ld,\"error\":\"%s\"}\n", channel, text.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "rocksdb_peer FOLDER CACHE_BYTES\n");
    return 2;
  }
  Store store(argv[1], std::strtoull(argv[2], nullptr, 10));
  simdjson::dom::parser parser;
  for (std::string line; std::getline(std::cin, line);) {
    answer(store, parser.parse(line));
    std::fflush(stdout);
  }
  return 0;
}
