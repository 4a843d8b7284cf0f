#include "connectors/http/counters.h"

namespace freshet::connectors::http {

void Counters::write(PrometheusText& out) const {
  const auto number = [](const std::atomic<uint64_t>& counter) { return static_cast<double>(counter.load()); };
  out.gauge("freshet_http_connections_open", "HTTP connections open now.", number(connections_open));
  out.counter("freshet_http_connections_total", "HTTP connections by whether they were let in.",
              number(connections_accepted), {{"outcome", "accepted"}});
  out.counter("freshet_http_connections_total", "", number(connections_refused), {{"outcome", "refused"}});
  out.counter("freshet_http_answers_total", "HTTP answers by the class of their status.", number(answers_ok),
              {{"status", "ok"}});
  out.counter("freshet_http_answers_total", "", number(answers_client_error), {{"status", "client_error"}});
  out.counter("freshet_http_answers_total", "", number(answers_server_error), {{"status", "server_error"}});
  out.counter("freshet_stream_loads_total", "Stream Loads by their answer.", number(loads_success), {{"status", "Success"}});
  out.counter("freshet_stream_loads_total", "", number(loads_fail), {{"status", "Fail"}});
  out.counter("freshet_stream_loads_total", "", number(loads_label_exists), {{"status", "Label Already Exists"}});
  out.counter("freshet_stream_load_body_bytes_total", "Bytes of Stream Load bodies received.", number(load_body_bytes));
}

}  // namespace freshet::connectors::http
