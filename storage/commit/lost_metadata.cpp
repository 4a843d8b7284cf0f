#include "storage/commit/lost_metadata.h"

#include <algorithm>
#include <vector>

#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/segment_meta.h"

namespace freshet::storage {
namespace {

Result<uint64_t> stored_number(MetaStore& meta, std::string_view key) {
  FRESHET_ASSIGN_OR_RETURN(const auto stored, meta.get(key));
  return stored ? decode_number(*stored) : Result<uint64_t>(uint64_t{0});
}

Status lost_records(const std::string& file, const std::string& what) {
  return Status::Corruption(
      "the metadata store has lost records: segment file {} {}. Remedy: restore the newest backup of the whole data "
      "directory; who "
      "wants to go on with what is left, and lose the rest, moves the file away first",
      file, what);
}

}  // namespace

Status check_not_older_than_files(MetaStore& meta, FileStore& files, size_t most_footers) {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t ids_end, stored_number(meta, meta_keys::kReservedIds));
  FRESHET_ASSIGN_OR_RETURN(const uint64_t commits_end, stored_number(meta, meta_keys::kReservedCommits));
  FRESHET_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.list());
  std::vector<RowsetId> newest_first;
  for (const std::string& name : names) {
    if (const auto id = parse_segment_file_name(name)) newest_first.push_back(*id);
  }
  std::sort(newest_first.rbegin(), newest_first.rend());
  size_t read = 0;
  for (RowsetId id : newest_first) {
    const std::string name = segment_file_name(id);
    if (id.value > ids_end) {
      return lost_records(name, fmt::format("has a number that was never reserved, {} is the last", ids_end));
    }
    if (read >= most_footers) break;
    // Files that were not finished have no end; those that records name are checked when they are read.
    const auto file = files.open(name);
    const Result<SegmentFooter> footer = file.ok() ? read_segment_footer(**file) : Result<SegmentFooter>(file.status());
    if (!footer.ok()) continue;
    ++read;
    if (footer->newest_commit.value > commits_end) {
      return lost_records(name, fmt::format("was written after commit {}, but none beyond {} was ever reserved",
                                            footer->newest_commit.value, commits_end));
    }
  }
  return Status::OK();
}

}  // namespace freshet::storage
