#pragma once

#include <string>
#include <string_view>

#include "storage/base/ids.h"

/// The key layout of the metadata store (FORMAT.md, "Metadata keys"). Ids and commit numbers are big-endian, so that a
/// prefix scan returns them in order.
namespace freshet::storage::meta_keys {

inline constexpr std::string_view kFormat = "m/format";
inline constexpr std::string_view kReservedIds = "m/reserved_ids";
inline constexpr std::string_view kReservedCommits = "m/reserved_commits";
inline constexpr std::string_view kLastCommit = "m/last_commit";
inline constexpr std::string_view kCheckedCommits = "m/checked_commits";
inline constexpr std::string_view kCheckedIds = "m/checked_ids";
inline constexpr std::string_view kCatalogSize = "m/catalog_size";
inline constexpr std::string_view kLabelsHaveEnds = "m/labels_have_ends";

inline constexpr std::string_view kDatabases = "d/";
inline constexpr std::string_view kTables = "t/";
inline constexpr std::string_view kSegments = "s/";
inline constexpr std::string_view kDeleteDeltas = "b/";
inline constexpr std::string_view kFoldedBitmaps = "f/";
inline constexpr std::string_view kCarriedBlocks = "k/";
inline constexpr std::string_view kLabels = "l/";
inline constexpr std::string_view kStreamPositions = "o/";
inline constexpr std::string_view kAutoIncrements = "a/";
inline constexpr std::string_view kObsoleteFiles = "g/";
inline constexpr std::string_view kRecords = "r/";
inline constexpr std::string_view kVersions = "v/";
inline constexpr std::string_view kHistoryStarts = "q/";
inline constexpr std::string_view kHistoryDeaths = "h/";
inline constexpr std::string_view kBirths = "n/";
inline constexpr std::string_view kRetiredRowsets = "y/";
inline constexpr std::string_view kFlushedUpTo = "e/";
inline constexpr std::string_view kPrecommittedLoads = "p/";
inline constexpr std::string_view kTransactions = "x/";
inline constexpr std::string_view kTabletContents = "c/";
inline constexpr std::string_view kForgottenStreams = "u/";
inline constexpr std::string_view kPartitionsBefore = "w/";
inline constexpr std::string_view kLabelEnds = "i/";

std::string database(DatabaseId id);
std::string table(TableId id);
std::string segment(TabletId tablet, RowsetId rowset);
std::string delete_delta(TabletId tablet, CommitNumber commit);
std::string folded_bitmap(TabletId tablet, RowsetId rowset);
std::string carried_block(TabletId tablet, CommitNumber commit);
std::string label(DatabaseId database, std::string_view label);
std::string stream_position(JobId job, int32_t partition);
std::string auto_increment(TableId id);
std::string obsolete_file(RowsetId rowset);
std::string record(std::string_view kind, std::string_view key);
std::string version(TableId id, CommitNumber commit);
std::string history_start(TableId id);
std::string history_deaths(TabletId tablet, CommitNumber commit);
std::string birth(TabletId tablet, RowsetId rowset);
std::string retired_rowset(TabletId tablet, RowsetId rowset);
std::string flushed_up_to(TabletId tablet);
std::string precommitted_load(TransactionId transaction);
std::string transaction(TransactionId transaction);
std::string tablet_contents(TabletId tablet);
std::string forgotten_stream(JobId job);
/// `unix_seconds` when its load ended, not negative.
std::string label_end(int64_t unix_seconds, DatabaseId database, std::string_view label);
std::string partitions_before(TableId id, CommitNumber commit);

/// All keys of one tablet, job or database below a kind: `prefix` and the id.
std::string of(std::string_view prefix, uint64_t id);
/// The number of 8 bytes at `position` of a key; 0 when the key is too short.
uint64_t number_at(std::string_view key, size_t position);

}  // namespace freshet::storage::meta_keys
