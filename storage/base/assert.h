#pragma once

namespace freshet {
/// Logs the broken invariant to stderr and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}  // namespace freshet

/// An invariant of the code (never of stored bytes: those answer Status::Corruption). On in every build.
#define FRESHET_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::freshet::assertion_failed(#expression, __FILE__, __LINE__))

/// Like FRESHET_ASSERT where the check itself is dear: off in release builds.
#ifdef NDEBUG
#define FRESHET_DCHECK(expression) static_cast<void>(sizeof(!(expression)))
#else
#define FRESHET_DCHECK(expression) FRESHET_ASSERT(expression)
#endif
