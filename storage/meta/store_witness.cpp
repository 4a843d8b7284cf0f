#include "storage/meta/store_witness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/log.h"

namespace freshet::storage {
namespace {

constexpr std::string_view kMagic = "FRESHSEQ";
constexpr size_t kFileBytes = 8 + 8 + 4;

Status os_error(std::string_view what, const std::string& path, int error) {
  return Status::IoError("cannot {} {}: {}", what, path, std::generic_category().message(error));
}

std::string encode(uint64_t newest_write) {
  std::string bytes(kMagic);
  put_fixed<uint64_t>(bytes, newest_write);
  put_fixed<uint32_t>(bytes, crc32c(bytes));
  return bytes;
}

bool write_at_begin(int file, uint64_t newest_write) {
  const std::string bytes = encode(newest_write);
  ssize_t written = 0;
  do {
    written = ::pwrite(file, bytes.data(), bytes.size(), 0);
  } while (written < 0 && errno == EINTR);
  return written == static_cast<ssize_t>(bytes.size());
}

/// Makes the name of a file durable in its folder.
Status sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return os_error("open directory", folder, errno);
  const bool is_synced = ::fsync(opened) == 0;
  const int error = errno;
  ::close(opened);
  return is_synced ? Status::OK() : os_error("sync directory", folder, error);
}

}  // namespace

Result<std::optional<uint64_t>> StoreWitness::read(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::optional<uint64_t>();
  if (file < 0) return os_error("open", path, errno);
  std::array<char, kFileBytes + 1> bytes;
  const ssize_t count = ::pread(file, bytes.data(), bytes.size(), 0);
  const int error = errno;
  ::close(file);
  if (count < 0) return os_error("read", path, error);
  const std::string_view found(bytes.data(), static_cast<size_t>(count));
  if (found.size() == kFileBytes && found.starts_with(kMagic)) {
    const auto number = load_fixed<uint64_t>(found.data() + kMagic.size());
    if (found == encode(number)) return std::optional(number);
  }
  log_warning("{} is damaged: whether the metadata store has lost writes is not known", path);
  return std::optional<uint64_t>();
}

Result<std::unique_ptr<StoreWitness>> StoreWitness::open(const std::string& path, uint64_t newest_write) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0640);
  if (file < 0) return os_error("open", path, errno);
  std::unique_ptr<StoreWitness> witness(new StoreWitness(path, file, newest_write));
  // What was in a damaged file may have been longer.
  if (::ftruncate(file, kFileBytes) != 0 || !write_at_begin(file, newest_write) || ::fsync(file) != 0) {
    return os_error("write", path, errno);
  }
  FRESHET_RETURN_IF_ERROR(sync_folder_of(path));
  return witness;
}

StoreWitness::~StoreWitness() { ::close(file_); }

void StoreWitness::saw(uint64_t newest_write) {
  const std::lock_guard lock(mutex_);
  if (newest_write <= newest_write_) return;
  newest_write_ = newest_write;
  if (write_at_begin(file_, newest_write) || has_failed_) return;
  has_failed_ = true;
  log_warning("{}; lost writes may go unnoticed", os_error("write", path_, errno).message());
}

}  // namespace freshet::storage
