#include "ingest/spool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace freshet::ingest {
namespace {

constexpr std::string_view kPrefix = "body-";

}  // namespace

Result<std::unique_ptr<SpoolFile>> SpoolFile::create(const std::string& directory) {
  std::string path = directory + "/" + std::string(kPrefix) + "XXXXXX";
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return Status::IoError("cannot make a file in {}: {}", directory, std::strerror(errno));
  return std::unique_ptr<SpoolFile>(new SpoolFile(std::move(path), fd));
}

void SpoolFile::remove_leftovers(const std::string& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().filename().string().starts_with(kPrefix)) leftovers.push_back(entry.path());
  }
  for (const std::filesystem::path& path : leftovers) std::filesystem::remove(path, error);
}

SpoolFile::~SpoolFile() {
  close(fd_);
  unlink(path_.c_str());
}

Status SpoolFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == ENOSPC || errno == EDQUOT)) {
      return Status::OutOfSpace("the disk is full after {} bytes of the body; free space and load again", size_);
    }
    if (written < 0) return Status::IoError("cannot write {}: {}", path_, std::strerror(errno));
    size_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Status::OK();
}

}  // namespace freshet::ingest
