#include "ingest/routine_load_tables.h"

#include <algorithm>

#include "ingest/trim.h"
#include "storage/base/failpoint.h"

namespace freshet::ingest {
namespace {

constexpr size_t kMostTableNameBytes = 256;

}  // namespace

RoutineLoadTables::Target& RoutineLoadTables::add(const std::string& table, int32_t place) {
  LoadRequest load = load_;
  load.table = table;
  return targets_[table] = Target{std::make_unique<RoutineLoadTable>(parts_, std::move(load)), place};
}

StreamPositions RoutineLoadTables::open(const std::vector<std::string>& named, const StreamPositions& stored) {
  targets_.clear();
  if (!is_multi_table()) {
    add(load_.table, 0);
    return stored;
  }
  for (const std::string& table : named) add(table, static_cast<int32_t>(targets_.size() + 1));
  StreamPositions positions;
  for (const auto& [there, position] : stored) {
    const int32_t place = there / kPartitionsOfAPlace;
    const int32_t partition = there % kPartitionsOfAPlace;
    if (place == 0) positions[partition] = position;
    for (auto& [table, target] : targets_) {
      if (target.place == place) target.loaded[partition] = position;
    }
  }
  return positions;
}

void RoutineLoadTables::move(StreamPositions& from, StreamPositions& to) {
  const StreamPositions moved = to;
  for (auto& [table, target] : targets_) {
    for (const auto& [partition, position] : moved) {
      const auto loaded = target.loaded.find(partition);
      if (loaded == target.loaded.end()) continue;
      const int32_t there = target.place * kPartitionsOfAPlace + partition;
      from[there] = loaded->second;
      loaded->second = to[there] = position;
    }
  }
}

Status RoutineLoadTables::begin_batch() {
  for (auto& [table, target] : targets_) {
    if (!is_multi_table()) return target.rows->begin();
    target.rows->drop_batch();
  }
  return Status::OK();
}

bool RoutineLoadTables::has_changed() const {
  return std::ranges::any_of(
      targets_, [](const auto& target) { return target.second.rows->is_begun() && target.second.rows->has_changed(); });
}

Status RoutineLoadTables::feed(const StreamMessage& message) {
  return is_multi_table() ? feed_named(message) : targets_.begin()->second.rows->feed(message.value);
}

Status RoutineLoadTables::feed_named(const StreamMessage& message) {
  const size_t bar = message.value.find('|');
  std::string table;
  if (bar <= kMostTableNameBytes) table = trim(message.value.substr(0, bar));
  if (const std::string own = load_.database + "."; table.starts_with(own)) table.erase(0, own.size());
  if (table.empty() || parts_.storage.snapshot()->find_table(load_.database, table) == nullptr) {
    parts_.errors.add(fmt::format("the message must begin with the name of a table of {} and '|'", load_.database),
                      message.value);
    return Status::OK();
  }
  auto found = targets_.find(table);
  if (found == targets_.end()) {
    if (targets_.size() >= kMostTables) {
      return Status::InvalidArgument("a routine load takes rows for {} tables at most", kMostTables);
    }
    FRESHET_ASSIGN_OR_RETURN(const int32_t place, name_table_(table));
    add(table, place);
    found = targets_.find(table);
  }
  Target& target = found->second;
  const auto loaded = target.loaded.find(message.partition);
  if (loaded != target.loaded.end() && message.offset < loaded->second) return Status::OK();
  if (!target.rows->is_begun()) FRESHET_RETURN_IF_ERROR(target.rows->begin());
  return target.rows->feed(message.value.substr(bar + 1));
}

Result<uint64_t> RoutineLoadTables::prepare_commit() {
  uint64_t rows = 0;
  for (auto& [table, target] : targets_) {
    if (!target.rows->is_begun()) continue;
    FRESHET_RETURN_IF_ERROR(target.rows->prepare_commit());
    rows += target.rows->row_count();
  }
  return rows;
}

std::vector<storage::OffsetAdvance> RoutineLoadTables::advances(const Reader& reader, const StreamPositions& from,
                                                                const StreamPositions& to) {
  std::vector<storage::OffsetAdvance> offsets;
  for (const auto& [partition, position] : from) {
    offsets.push_back({reader.job, reader.epoch, partition, position, to.at(partition)});
  }
  return offsets;
}

Status RoutineLoadTables::commit(const Reader& reader, const StreamPositions& from, const StreamPositions& to,
                                 storage::RoomRecord record) {
  std::vector<storage::OffsetAdvance> offsets = advances(reader, from, to);
  offsets.front().record = std::move(record);
  if (!is_multi_table()) return targets_.begin()->second.rows->commit(std::move(offsets));
  for (auto& [table, target] : targets_) {
    if (!target.rows->is_begun()) continue;
    StreamPositions table_from;
    StreamPositions table_to;
    for (const auto& [partition, position] : to) {
      const auto loaded = target.loaded.find(partition);
      const int64_t begin = loaded != target.loaded.end() ? loaded->second : from.at(partition);
      if (begin >= position) continue;
      const int32_t there = target.place * kPartitionsOfAPlace + partition;
      table_from[there] = begin;
      table_to[there] = position;
    }
    FRESHET_RETURN_IF_ERROR(target.rows->commit(advances(reader, table_from, table_to)));
    for (const auto& [there, position] : table_to) target.loaded[there % kPartitionsOfAPlace] = position;
    failpoint(Failpoint::kRoutineLoadCommit);
  }
  return parts_.storage.set_stream_positions(offsets);
}

}  // namespace freshet::ingest
