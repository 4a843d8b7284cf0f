#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "connectors/net/host_port.h"

namespace freshet::connectors::load_client {

/// Names and values of Stream Load headers, in the order in which they are sent.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// What `freshet load` was asked to do.
struct LoadOptions {
  std::string database;
  std::string table;
  std::vector<std::string> paths;  ///< files, directories, patterns; "-" is the standard input
  HostPort server{"127.0.0.1", 8030};
  std::string user = "root";
  std::string password;
  std::string format;                  ///< empty = by each file's suffix
  Headers headers;                     ///< further ones; an empty value takes a default back
  std::string label;                   ///< empty = labels come from the files' identities
  uint64_t jobs = 0;                   ///< loads at once; 0 = by the table's kind of key
  uint64_t chunk_bytes = 64ull << 20;  ///< a file is cut behind the row that reaches this
  uint64_t retry_seconds = 300;        ///< how long a chunk is tried again without success
  uint64_t answer_seconds = 3600;      ///< the longest wait for an answer
  uint64_t report_seconds = 10;        ///< between two lines of progress, when there is no terminal
  bool keeps_going = false;            ///< after a chunk that failed
  bool has_bar = false;                ///< one line that is written over, for a terminal
};

}  // namespace freshet::connectors::load_client
