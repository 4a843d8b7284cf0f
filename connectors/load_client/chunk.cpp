#include "connectors/load_client/chunk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace freshet::connectors::load_client {

namespace {

constexpr size_t kPieceBytes = 256 * 1024;
constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

Result<std::shared_ptr<const OpenFile>> OpenFile::open(const Input& input) {
  const int fd = ::open(input.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Status::IoError("cannot read {}: {}", input.path, std::strerror(errno));
  return std::shared_ptr<const OpenFile>(new OpenFile(fd, input));
}

OpenFile::~OpenFile() { close(fd_); }

Result<size_t> OpenFile::read(uint64_t offset, char* buffer, size_t bytes) const {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t count = pread(fd_, buffer + done, bytes - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Status::IoError("cannot read {}: {}", input_.path, std::strerror(errno));
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

Status OpenFile::check_unchanged() const {
  struct stat facts {};
  const bool is_known = fstat(fd_, &facts) == 0;
  const int64_t changed_ns = facts.st_mtim.tv_sec * kNanosecondsPerSecond + facts.st_mtim.tv_nsec;
  if (is_known && changed_ns == input_.changed_ns && static_cast<uint64_t>(facts.st_size) == input_.bytes) {
    return Status::OK();
  }
  return Status::Conflict("{} was changed while it was loaded", input_.path);
}

Result<std::string_view> ChunkBody::next() {
  const uint64_t data_bytes = chunk_.end - chunk_.begin;
  std::string_view piece;
  if (sent_ < chunk_.before.size()) {
    piece = std::string_view(chunk_.before).substr(sent_);
  } else if (sent_ < chunk_.before.size() + data_bytes) {
    const uint64_t done = sent_ - chunk_.before.size();
    const size_t wanted = std::min<uint64_t>(kPieceBytes, data_bytes - done);
    if (chunk_.stream != nullptr) {
      piece = std::string_view(*chunk_.stream).substr(done, wanted);
    } else {
      buffer_.resize(wanted);
      FRESHET_ASSIGN_OR_RETURN(const size_t count, chunk_.file->read(chunk_.begin + done, buffer_.data(), wanted));
      // The last piece is held back from the server when the file has changed, so that nothing of the chunk is loaded.
      if (count < wanted || done + wanted == data_bytes) FRESHET_RETURN_IF_ERROR(chunk_.file->check_unchanged());
      piece = std::string_view(buffer_).substr(0, count);
    }
  } else {
    piece = std::string_view(chunk_.behind).substr(sent_ - chunk_.before.size() - data_bytes);
  }
  sent_ += piece.size();
  return piece;
}

}  // namespace freshet::connectors::load_client
