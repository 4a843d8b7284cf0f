#include "query/views.h"

#include "storage/base/coding.h"
#include "storage/meta/record_seal.h"

namespace freshet::query {
namespace {

constexpr const char* kRecordKind = "view";
constexpr uint8_t kRecordVersion = 2;
/// Had no checksum.
constexpr char kUnsealedVersion = 1;

std::string record_key(const std::string& database, const std::string& name) { return database + '\0' + name; }

std::string encode(const View& view) {
  std::string out = storage::begin_record(kRecordVersion);
  for (const std::string* field : {&view.database, &view.name, &view.comment, &view.home, &view.text}) {
    put_length_prefixed(out, *field);
  }
  for (const std::string& column : view.columns) put_length_prefixed(out, column);
  return storage::seal(std::move(out));
}

Result<View> decode(std::string_view bytes) {
  const bool is_unsealed = !bytes.empty() && bytes[0] == kUnsealedVersion;
  FRESHET_ASSIGN_OR_RETURN(ByteReader in, is_unsealed ? Result<ByteReader>(ByteReader(bytes.substr(1)))
                                                      : storage::unseal(bytes, "view", kRecordVersion));
  View view;
  for (std::string* field : {&view.database, &view.name, &view.comment, &view.home, &view.text}) {
    *field = in.length_prefixed();
  }
  while (in.ok() && !in.at_end()) view.columns.emplace_back(in.length_prefixed());
  FRESHET_RETURN_IF_ERROR(storage::check_end(in, "view"));
  return view;
}

}  // namespace

Result<std::unique_ptr<Views>> Views::open(storage::StorageEngine& storage) {
  std::unique_ptr<Views> views(new Views(storage));
  FRESHET_ASSIGN_OR_RETURN(const auto records, storage.list_records(kRecordKind));
  for (const auto& [key, bytes] : records) {
    FRESHET_ASSIGN_OR_RETURN(View view, decode(bytes));
    Key name(view.database, view.name);
    views->views_.emplace(std::move(name), std::move(view));
  }
  return views;
}

std::optional<View> Views::find(const std::string& database, const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = views_.find({database, name});
  return found == views_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<View> Views::list(const std::string& database) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<View> result;
  for (auto view = views_.lower_bound({database, ""}); view != views_.end() && view->first.first == database; ++view) {
    result.push_back(view->second);
  }
  return result;
}

std::vector<View> Views::all() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<View> result;
  for (const auto& [key, view] : views_) result.push_back(view);
  return result;
}

Status Views::put(const View& view, bool replaces) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Key key(view.database, view.name);
  if (!replaces && views_.contains(key)) return Status::AlreadyExists("Table '{}' already exists", view.name);
  FRESHET_RETURN_IF_ERROR(storage_.put_record(kRecordKind, record_key(view.database, view.name), encode(view)));
  views_[key] = view;
  return Status::OK();
}

Status Views::drop(const std::string& database, const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = views_.find({database, name});
  if (found == views_.end()) return Status::NotFound("Unknown table '{}.{}'", database, name);
  FRESHET_RETURN_IF_ERROR(storage_.erase_record(kRecordKind, record_key(database, name)));
  views_.erase(found);
  return Status::OK();
}

Status Views::drop_database(const std::string& database) {
  for (const View& view : list(database)) FRESHET_RETURN_IF_ERROR(drop(database, view.name));
  return Status::OK();
}

}  // namespace freshet::query
