#include "connectors/load_client/inputs.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

#include "connectors/load_client/file_format.h"

namespace freshet::connectors::load_client {

namespace {

namespace fs = std::filesystem;

constexpr size_t kLookedAtBytes = 4096;
constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

Result<std::vector<std::string>> files_below(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator at(directory, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    if (is_hidden(at->path())) {
      if (at->is_directory()) at.disable_recursion_pending();
    } else if (at->is_regular_file()) {
      files.push_back(at->path());
    }
  }
  if (error) return Status::IoError("cannot read the directory {}: {}", directory, error.message());
  if (files.empty()) return Status::NotFound("there is no file in {}", directory);
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::vector<std::string>> files_like(const std::string& pattern) {
  glob_t found{};
  const std::unique_ptr<glob_t, decltype(&globfree)> guard(&found, &globfree);
  const int code = glob(pattern.c_str(), GLOB_ERR, nullptr, &found);
  if (code == GLOB_NOMATCH) return Status::NotFound("there is no file like {}", pattern);
  if (code != 0) return Status::IoError("cannot look for files like {}", pattern);
  return std::vector<std::string>(found.gl_pathv, found.gl_pathv + found.gl_pathc);
}

Result<std::vector<std::string>> expand(const std::string& path) {
  struct stat facts {};
  if (path == "-") return std::vector<std::string>{path};
  if (stat(path.c_str(), &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return files_below(path);
    return std::vector<std::string>{path};
  }
  if (path.find_first_of("*?[") == std::string::npos) return Status::NotFound("{}: {}", path, std::strerror(errno));
  FRESHET_ASSIGN_OR_RETURN(const std::vector<std::string> found, files_like(path));
  std::vector<std::string> files;
  for (const std::string& name : found) {
    if (!fs::is_directory(name)) {
      files.push_back(name);
      continue;
    }
    FRESHET_ASSIGN_OR_RETURN(const std::vector<std::string> below, files_below(name));
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
}

Result<Input> input_of(const std::string& path, const LoadOptions& options) {
  Input input;
  input.path = path;
  struct stat facts {};
  input.is_stream = path == "-" || (stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode));
  FRESHET_ASSIGN_OR_RETURN(Headers headers, headers_of(path, options.format));
  input.headers = merged(std::move(headers), options.headers);
  if (input.is_stream) return input;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Status::IoError("cannot read {}: {}", path, std::strerror(errno));
  std::array<char, kLookedAtBytes> first;
  const ssize_t count = read(fd, first.data(), first.size());
  close(fd);
  if (count < 0) return Status::IoError("cannot read {}: {}", path, std::strerror(errno));
  settle_json(input.headers, {first.data(), static_cast<size_t>(count)});
  input.path = fs::canonical(path);
  input.bytes = static_cast<uint64_t>(facts.st_size);
  input.changed_ns = facts.st_mtim.tv_sec * kNanosecondsPerSecond + facts.st_mtim.tv_nsec;
  return input;
}

}  // namespace

Result<std::vector<Input>> find_inputs(const LoadOptions& options) {
  std::vector<Input> inputs;
  std::set<std::string> seen;
  for (const std::string& path : options.paths) {
    FRESHET_ASSIGN_OR_RETURN(const std::vector<std::string> files, expand(path));
    for (const std::string& file : files) {
      FRESHET_ASSIGN_OR_RETURN(Input input, input_of(file, options));
      if (!seen.insert(input.path).second) return Status::InvalidArgument("{} is named twice", input.path);
      inputs.push_back(std::move(input));
    }
  }
  return inputs;
}

}  // namespace freshet::connectors::load_client
