#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "ingest/load_request.h"

namespace freshet::ingest {

/// One compression format, step by step. One thread.
class Codec {
 public:
  struct Step {
    size_t consumed = 0;  ///< of the input
    size_t produced = 0;  ///< bytes of output
    bool is_member_end = false;
  };

  virtual ~Codec() = default;
  /// Decompresses some of `in` into `out`. Neither consumed nor produced: more input is needed. InvalidArgument says what is
  /// damaged. REQUIRES: out is at least kCodecOutputBytes.
  virtual Result<Step> step(std::string_view in, std::span<char> out) = 0;
  /// Begins the next member, after one that has ended.
  virtual void restart() = 0;
};

inline constexpr size_t kCodecOutputBytes = 256 * 1024;

/// REQUIRES: compression != kNone.
std::unique_ptr<Codec> make_codec(Compression compression);

/// Snappy's framing format; each chunk is a member.
std::unique_ptr<Codec> make_snappy_codec();

}  // namespace freshet::ingest
