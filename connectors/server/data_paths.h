#pragma once

#include <filesystem>
#include <string>

namespace freshet::connectors {

/// Where things lie in a data directory.
struct DataPaths {
  std::filesystem::path root;
  std::string meta() const { return root / "meta"; }
  std::string segments() const { return root / "segments"; }
  std::string error_logs() const { return root / "error_logs"; }
  std::string temporary() const { return root / "temporary"; }
  std::string bodies() const { return root / "temporary" / "bodies"; }
  std::string spilled() const { return root / "temporary" / "queries"; }
  std::string ports() const { return root / "ports.json"; }
  std::string tls() const { return root / "tls"; }
  std::string logs() const { return root / "logs"; }
  std::string keys() const { return root / "keys"; }
};

}  // namespace freshet::connectors
