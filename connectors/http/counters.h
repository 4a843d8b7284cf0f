#pragma once

#include <atomic>
#include <cstdint>

#include "connectors/http/prometheus_text.h"

namespace freshet::connectors::http {

/// What the HTTP server counts about itself since its start. Any thread.
struct Counters {
  std::atomic<uint64_t> connections_open{0};
  std::atomic<uint64_t> connections_accepted{0};
  std::atomic<uint64_t> connections_refused{0};
  std::atomic<uint64_t> answers_ok{0};            ///< status below 400
  std::atomic<uint64_t> answers_client_error{0};  ///< status 4xx
  std::atomic<uint64_t> answers_server_error{0};  ///< status 5xx
  std::atomic<uint64_t> loads_success{0};
  std::atomic<uint64_t> loads_fail{0};
  std::atomic<uint64_t> loads_label_exists{0};
  std::atomic<uint64_t> load_body_bytes{0};

  void count_answer(unsigned status) {
    (status < 400 ? answers_ok : status < 500 ? answers_client_error : answers_server_error)++;
  }
  void write(PrometheusText& out) const;
};

}  // namespace freshet::connectors::http
