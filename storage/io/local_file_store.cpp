#include "storage/io/local_file_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "storage/io/open_files.h"

namespace freshet::storage {
namespace {

constexpr size_t kWriteBufferBytes = 256 * 1024;
constexpr const char* kQuarantine = "quarantine";

/// "cannot <action> file <path>: <errno text>"; a full disk has a code of its own.
Status os_error(std::string_view action, const std::string& path, int error) {
  const std::string reason = std::system_category().message(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT: return Status::OutOfSpace("cannot {} {}: {}", action, path, reason);
    case ENOENT: return Status::NotFound("cannot {} {}: {}", action, path, reason);
    case EEXIST: return Status::AlreadyExists("cannot {} {}: {}", action, path, reason);
    default: return Status::IoError("cannot {} {}: {}", action, path, reason);
  }
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int get() const { return number_; }
  /// 0, or the errno of close(2). The descriptor is gone either way.
  int close() { return ::close(std::exchange(number_, -1)) == 0 ? 0 : errno; }

 private:
  int number_;
};

Status short_file(const std::string& path, uint64_t offset, size_t count) {
  return Status::Corruption("file {} ends before byte {}: {} bytes at offset {} are missing or cut off", path,
                            offset + count, count, offset);
}

Status read_all(const Descriptor& descriptor, const std::string& path, uint64_t offset, std::span<char> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = ::pread(descriptor.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("read", path, errno);
    if (count == 0) return short_file(path, offset, out.size());
    done += static_cast<size_t>(count);
  }
  return Status::OK();
}

class LocalWritableFile final : public WritableFile {
 public:
  LocalWritableFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {
    buffer_.reserve(kWriteBufferBytes);
  }

  Status append(std::string_view bytes) override {
    FRESHET_RETURN_IF_ERROR(check_open());
    size_ += bytes.size();
    if (buffer_.size() + bytes.size() <= kWriteBufferBytes) {
      buffer_.append(bytes);
      return Status::OK();
    }
    FRESHET_RETURN_IF_ERROR(flush());
    if (bytes.size() >= kWriteBufferBytes) return write_all(bytes);
    buffer_.append(bytes);
    return Status::OK();
  }

  uint64_t size() const override { return size_; }

  Status read(uint64_t offset, std::span<char> out) override {
    FRESHET_RETURN_IF_ERROR(check_open());
    if (offset > size_ || out.size() > size_ - offset) return short_file(path_, offset, out.size());
    if (offset + out.size() > size_ - buffer_.size()) FRESHET_RETURN_IF_ERROR(flush());
    return read_all(descriptor_, path_, offset, out);
  }

  Status finish() override {
    FRESHET_RETURN_IF_ERROR(check_open());
    FRESHET_RETURN_IF_ERROR(flush());
    // After a failed sync the kernel forgets the dirty pages: a second sync that succeeds would prove nothing.
    if (::fdatasync(descriptor_.get()) != 0) return fail("sync", errno);
    if (const int error = descriptor_.close()) return fail("close", error);
    is_finished_ = true;
    return Status::OK();
  }

 private:
  Status check_open() const {
    if (is_finished_) return Status::Internal("file {} is finished and takes no more writes", path_);
    return failure_;
  }

  Status fail(std::string_view action, int error) { return failure_ = os_error(action, path_, error); }

  Status flush() {
    FRESHET_RETURN_IF_ERROR(write_all(buffer_));
    buffer_.clear();
    return Status::OK();
  }

  Status write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail("write", errno);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return Status::OK();
  }

  Descriptor descriptor_;
  const std::string path_;
  std::string buffer_;
  uint64_t size_ = 0;
  bool is_finished_ = false;
  Status failure_;
};

class LocalReadableFile final : public ReadableFile, private ClosableFile {
 public:
  LocalReadableFile(Descriptor descriptor, std::string name, std::string path, uint64_t size,
                    std::shared_ptr<OpenFiles> open_files)
      : name_(std::move(name)),
        path_(std::move(path)),
        size_(size),
        open_files_(std::move(open_files)),
        descriptor_(std::make_shared<const Descriptor>(std::move(descriptor))) {
    open_files_->add(*this);
  }
  ~LocalReadableFile() override { open_files_->remove(*this); }

  uint64_t size() const override { return size_; }
  const std::string& name() const override { return name_; }

  Status read(uint64_t offset, std::span<char> out) const override {
    if (offset > size_ || out.size() > size_ - offset) return short_file(path_, offset, out.size());
    FRESHET_ASSIGN_OR_RETURN(const auto descriptor, opened());
    return read_all(*descriptor, path_, offset, out);
  }

 private:
  Result<std::shared_ptr<const Descriptor>> opened() const {
    if (!was_used_.load(std::memory_order_relaxed)) was_used_.store(true, std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      if (descriptor_ != nullptr) return descriptor_;
    }
    auto again = std::make_shared<const Descriptor>(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (again->get() < 0) return os_error("open", path_, errno);
    {
      const std::lock_guard lock(mutex_);
      if (descriptor_ != nullptr) return descriptor_;
      descriptor_ = again;
    }
    open_files_->add(*this);
    return again;
  }

  bool was_used() const override { return was_used_.exchange(false, std::memory_order_relaxed); }
  void close() const override {
    const std::lock_guard lock(mutex_);
    descriptor_ = nullptr;
  }

  const std::string name_;
  const std::string path_;
  const uint64_t size_;
  const std::shared_ptr<OpenFiles> open_files_;
  mutable std::atomic<bool> was_used_{false};
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Descriptor> descriptor_;  ///< null while it is closed
};

Status check_name(std::string_view name) {
  const bool is_plain = !name.empty() && name != "." && name != ".." && name != kQuarantine &&
                        name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
  if (is_plain) return Status::OK();
  return Status::InvalidArgument("'{}' is not a name of a file in the store", name);
}

class LocalFileStore final : public FileStore {
 public:
  LocalFileStore(std::string directory, Descriptor descriptor, size_t most_open)
      : directory_(std::move(directory)),
        descriptor_(std::move(descriptor)),
        open_files_(std::make_shared<OpenFiles>(most_open)) {}

  Result<std::unique_ptr<WritableFile>> create(std::string_view name) override {
    FRESHET_RETURN_IF_ERROR(check_name(name));
    const std::string file(name);
    Descriptor created(::openat(descriptor_.get(), file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640));
    if (created.get() < 0) return os_error("create", path_of(file), errno);
    return std::make_unique<LocalWritableFile>(std::move(created), path_of(file));
  }

  Result<std::shared_ptr<const ReadableFile>> open(std::string_view name) override {
    FRESHET_RETURN_IF_ERROR(check_name(name));
    std::string file(name);
    std::string path = path_of(file);
    Descriptor opened(::openat(descriptor_.get(), file.c_str(), O_RDONLY | O_CLOEXEC));
    if (opened.get() < 0) return os_error("open", path, errno);
    struct stat info;
    if (::fstat(opened.get(), &info) != 0) return os_error("stat", path, errno);
    return std::make_shared<const LocalReadableFile>(std::move(opened), std::move(file), std::move(path),
                                                     static_cast<uint64_t>(info.st_size), open_files_);
  }

  Status sync_names() override {
    if (::fsync(descriptor_.get()) != 0) return os_error("sync directory", directory_, errno);
    return Status::OK();
  }

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory_, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->is_regular_file(error)) names.push_back(entry->path().filename().string());
      error.clear();  // a file that is removed meanwhile is not listed
    }
    if (error) return os_error("list directory", directory_, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Status remove(std::string_view name) override {
    FRESHET_RETURN_IF_ERROR(check_name(name));
    const std::string file(name);
    if (::unlinkat(descriptor_.get(), file.c_str(), 0) != 0) return os_error("remove", path_of(file), errno);
    return Status::OK();
  }

  Status quarantine(std::string_view name) override {
    FRESHET_RETURN_IF_ERROR(check_name(name));
    const std::string file(name);
    if (::mkdirat(descriptor_.get(), kQuarantine, 0750) != 0 && errno != EEXIST) {
      return os_error("make directory", path_of(kQuarantine), errno);
    }
    std::string target = std::string(kQuarantine) + "/" + file;
    for (int copy = 1; ::faccessat(descriptor_.get(), target.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0; ++copy) {
      target = fmt::format("{}/{}.{}", kQuarantine, file, copy);
    }
    if (::renameat(descriptor_.get(), file.c_str(), descriptor_.get(), target.c_str()) != 0) {
      return os_error("quarantine", path_of(file), errno);
    }
    // From here on its modification time says when it came there.
    if (::utimensat(descriptor_.get(), target.c_str(), nullptr, 0) != 0) return os_error("touch", path_of(target), errno);
    return Status::OK();
  }

  Result<size_t> remove_quarantined(int64_t before_unix_seconds) override {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(directory_) / kQuarantine;
    std::error_code error;
    size_t removed = 0;
    if (!fs::exists(folder, error)) return removed;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      struct stat info;
      const std::string path = entry->path().string();
      if (::stat(path.c_str(), &info) != 0) return os_error("inspect", path, errno);
      if (info.st_mtime >= before_unix_seconds) continue;
      if (::unlink(path.c_str()) != 0) return os_error("remove", path, errno);
      ++removed;
    }
    if (error) return os_error("list", folder.string(), error.value());
    return removed;
  }

  Result<uint64_t> free_bytes() override {
    struct statvfs info;
    if (::fstatvfs(descriptor_.get(), &info) != 0) return os_error("ask the free space of", directory_, errno);
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

 private:
  std::string path_of(const std::string& file) const { return directory_ + "/" + file; }

  const std::string directory_;
  const Descriptor descriptor_;
  const std::shared_ptr<OpenFiles> open_files_;
};

/// Makes the name of a new directory durable in its parent.
Status sync_parent(const std::filesystem::path& directory) {
  const std::filesystem::path parent = std::filesystem::absolute(directory).parent_path();
  Descriptor opened(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) return os_error("sync directory", parent.string(), errno);
  return Status::OK();
}

}  // namespace

Result<std::unique_ptr<FileStore>> open_local_file_store(const std::string& directory, size_t most_open) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(directory, error);
  if (error) return os_error("make directory", directory, error.value());
  if (is_new) FRESHET_RETURN_IF_ERROR(sync_parent(directory));
  Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return os_error("open directory", directory, errno);
  return std::make_unique<LocalFileStore>(directory, std::move(opened), most_open);
}

}  // namespace freshet::storage
