#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connectors/load_client/load_options.h"
#include "storage/base/result.h"

namespace freshet::connectors::load_client {

/// A file, or a stream that can be read only once (the standard input, a pipe).
struct Input {
  std::string path;  ///< of a file: absolute, without links, so that it is the same from every folder
  bool is_stream = false;
  uint64_t bytes = 0;      ///< of a file when the loading began
  int64_t changed_ns = 0;  ///< of a file: when it was last written
  Headers headers;         ///< what it holds, and what the user said
};

/// The inputs that the paths of `options` name, in their order; the files of a directory (with those below it) and of a
/// pattern in the order of their names, those whose name begins with a dot left out. InvalidArgument or NotFound names what
/// is not there, cannot be read, holds nothing, is named twice, or has no format.
Result<std::vector<Input>> find_inputs(const LoadOptions& options);

}  // namespace freshet::connectors::load_client
