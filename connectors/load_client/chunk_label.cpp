#include "connectors/load_client/chunk_label.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <random>

namespace freshet::connectors::load_client {

namespace {

constexpr size_t kShownNameBytes = 40;

/// Of where the rows go and how they are read; of the file, too, when it gives the name.
std::string hash_of(const LoadOptions& options, const Input& input) {
  std::string identity;
  // Lengths before the texts, so that no two identities are written alike.
  const auto add = [&](std::string_view text) { identity += fmt::format("{}:{}", text.size(), text); };
  add(options.database);
  add(options.table);
  add(fmt::format("{}", options.chunk_bytes));
  for (const auto& [name, value] : input.headers) add(name), add(value);
  if (options.label.empty()) {
    add(input.path);
    add(fmt::format("{} {}", input.bytes, input.changed_ns));
  }
  const XXH128_hash_t hash = XXH3_128bits(identity.data(), identity.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// The file's name with what a label may hold.
std::string shown_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string().substr(0, kShownNameBytes);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '.'; }, '_');
  return name;
}

}  // namespace

ChunkLabels::ChunkLabels(const LoadOptions& options, const Input& input, size_t input_number) {
  if (!options.label.empty()) {
    beginning_ = fmt::format("{}_{}_{}", options.label, hash_of(options, input), input_number);
  } else if (input.is_stream) {
    beginning_ = "stream_" + random_name();
  } else {
    beginning_ = fmt::format("{}_{}", shown_name(input.path), hash_of(options, input));
  }
}

std::string ChunkLabels::label(uint64_t chunk_number) const { return fmt::format("{}_{}", beginning_, chunk_number); }

}  // namespace freshet::connectors::load_client
