#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace freshet {

/// Why an operation failed, in classes that callers act on. connectors/ maps each to a MySQL error and an HTTP answer.
enum class StatusCode : uint8_t {
  kOk = 0,
  kInvalidArgument,    ///< The request is wrong: syntax, unknown option, value out of range.
  kNotFound,           ///< A named object (database, table, column, job) does not exist.
  kAlreadyExists,      ///< A named object exists already.
  kLabelExists,        ///< The load label is taken; the message names the transaction.
  kDataQuality,        ///< Too many rows of a load were rejected.
  kConflict,           ///< Lost a race that the caller may run again (stale offset, schema changed, rows changed).
  kCorruption,         ///< Stored bytes are not what was written; the message names file and offset.
  kIoError,            ///< The operating system refused to read or write.
  kOutOfSpace,         ///< The disk is full or below its reserve.
  kResourceExhausted,  ///< A named limit was reached.
  kUnknownOutcome,     ///< A metadata write failed after it was sent: ask by label after a restart.
  kUnavailable,        ///< Not now: shutting down, or the store stopped taking commits.
  kCancelled,          ///< The caller or an administrator ended it.
  kTimeout,            ///< A time limit passed.
  kNotAuthorized,      ///< Missing or wrong credentials, or no privilege.
  kUnsupported,        ///< Understood, but not offered.
  kInternal,           ///< A defect of Freshet itself.
};

/// The name of a code as it is written in messages, e.g. "INVALID_ARGUMENT".
std::string_view status_code_name(StatusCode code);

/// Success, or a code and a message for people. Cheap when OK. Not thread-safe for writing.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status OK() { return {}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  /// "CODE: message", for logs.
  std::string to_string() const;
  /// The same code with `context` and ": " before the message. No effect on OK.
  Status with_context(std::string_view context) const;

#define FRESHET_STATUS_FACTORY(Name)                                              \
  template <typename... Args>                                                     \
  static Status Name(fmt::format_string<Args...> text, Args&&... args) {          \
    return {StatusCode::k##Name, fmt::format(text, std::forward<Args>(args)...)}; \
  }
  FRESHET_STATUS_FACTORY(InvalidArgument)
  FRESHET_STATUS_FACTORY(NotFound)
  FRESHET_STATUS_FACTORY(AlreadyExists)
  FRESHET_STATUS_FACTORY(LabelExists)
  FRESHET_STATUS_FACTORY(DataQuality)
  FRESHET_STATUS_FACTORY(Conflict)
  FRESHET_STATUS_FACTORY(Corruption)
  FRESHET_STATUS_FACTORY(IoError)
  FRESHET_STATUS_FACTORY(OutOfSpace)
  FRESHET_STATUS_FACTORY(ResourceExhausted)
  FRESHET_STATUS_FACTORY(UnknownOutcome)
  FRESHET_STATUS_FACTORY(Unavailable)
  FRESHET_STATUS_FACTORY(Cancelled)
  FRESHET_STATUS_FACTORY(Timeout)
  FRESHET_STATUS_FACTORY(NotAuthorized)
  FRESHET_STATUS_FACTORY(Unsupported)
  FRESHET_STATUS_FACTORY(Internal)
#undef FRESHET_STATUS_FACTORY

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

}  // namespace freshet

/// Returns from the enclosing function when `expression` is not OK.
#define FRESHET_RETURN_IF_ERROR(expression)            \
  do {                                                 \
    ::freshet::Status freshet_status_ = (expression);  \
    if (!freshet_status_.ok()) return freshet_status_; \
  } while (false)
