#include "storage/meta/meta_keys.h"

#include "storage/base/coding.h"

namespace freshet::storage::meta_keys {

std::string of(std::string_view prefix, uint64_t id) {
  std::string key(prefix);
  put_big_endian64(key, id);
  return key;
}

namespace {

std::string of(std::string_view prefix, uint64_t first, uint64_t second) {
  std::string key = meta_keys::of(prefix, first);
  put_big_endian64(key, second);
  return key;
}

}  // namespace

std::string database(DatabaseId id) { return of(kDatabases, id.value); }
std::string table(TableId id) { return of(kTables, id.value); }
std::string segment(TabletId tablet, RowsetId rowset) { return of(kSegments, tablet.value, rowset.value); }
std::string delete_delta(TabletId tablet, CommitNumber commit) { return of(kDeleteDeltas, tablet.value, commit.value); }
std::string folded_bitmap(TabletId tablet, RowsetId rowset) { return of(kFoldedBitmaps, tablet.value, rowset.value); }
std::string carried_block(TabletId tablet, CommitNumber commit) { return of(kCarriedBlocks, tablet.value, commit.value); }
std::string auto_increment(TableId id) { return of(kAutoIncrements, id.value); }
std::string obsolete_file(RowsetId rowset) { return of(kObsoleteFiles, rowset.value); }

std::string label(DatabaseId database, std::string_view label) { return of(kLabels, database.value).append(label); }

std::string stream_position(JobId job, int32_t partition) {
  std::string key = of(kStreamPositions, job.value);
  put_big_endian32(key, static_cast<uint32_t>(partition));
  return key;
}

std::string version(TableId id, CommitNumber commit) { return of(kVersions, id.value, commit.value); }
std::string history_start(TableId id) { return of(kHistoryStarts, id.value); }
std::string history_deaths(TabletId tablet, CommitNumber commit) { return of(kHistoryDeaths, tablet.value, commit.value); }
std::string birth(TabletId tablet, RowsetId rowset) { return of(kBirths, tablet.value, rowset.value); }
std::string retired_rowset(TabletId tablet, RowsetId rowset) { return of(kRetiredRowsets, tablet.value, rowset.value); }
std::string flushed_up_to(TabletId tablet) { return of(kFlushedUpTo, tablet.value); }

std::string precommitted_load(TransactionId transaction) { return of(kPrecommittedLoads, transaction.value); }
std::string transaction(TransactionId transaction) { return of(kTransactions, transaction.value); }
std::string label_end(int64_t unix_seconds, DatabaseId database, std::string_view label) {
  return of(kLabelEnds, static_cast<uint64_t>(unix_seconds), database.value).append(label);
}
std::string forgotten_stream(JobId job) { return of(kForgottenStreams, job.value); }
std::string partitions_before(TableId id, CommitNumber commit) { return of(kPartitionsBefore, id.value, commit.value); }
std::string tablet_contents(TabletId tablet) { return of(kTabletContents, tablet.value); }

std::string record(std::string_view kind, std::string_view key) {
  return std::string(kRecords).append(kind).append("/").append(key);
}

uint64_t number_at(std::string_view key, size_t position) {
  return key.size() < position + 8 ? 0 : load_big_endian64(key.data() + position);
}

}  // namespace freshet::storage::meta_keys
