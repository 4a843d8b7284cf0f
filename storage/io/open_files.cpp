#include "storage/io/open_files.h"

namespace freshet::storage {

void OpenFiles::add(const ClosableFile& file) {
  const std::lock_guard lock(mutex_);
  if (places_.contains(&file)) return;
  // Each is spared at most once in a round, so that the search ends though others go on reading.
  for (size_t spared = 0; files_.size() >= most_ && !files_.empty();) {
    const ClosableFile* const oldest = files_.front();
    if (oldest->was_used() && spared++ < files_.size()) {
      files_.splice(files_.end(), files_, files_.begin());
      continue;
    }
    oldest->close();
    places_.erase(oldest);
    files_.pop_front();
  }
  places_[&file] = files_.insert(files_.end(), &file);
}

void OpenFiles::remove(const ClosableFile& file) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(&file);
  if (place == places_.end()) return;
  files_.erase(place->second);
  places_.erase(place);
}

size_t OpenFiles::count() const {
  const std::lock_guard lock(mutex_);
  return files_.size();
}

}  // namespace freshet::storage
