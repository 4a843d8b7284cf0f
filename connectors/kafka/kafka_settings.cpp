#include "connectors/kafka/kafka_settings.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "storage/base/log.h"

namespace freshet::connectors {

namespace {

struct Setting {
  const char* name;
  const char* value;
};

/// What a user may set otherwise. librdkafka's own values wait up to 500 ms for data or after an error, which alone would
/// make rows half a second late.
constexpr Setting kDefaults[] = {
    {"client.id", "freshet"},
    {"isolation.level", "read_committed"},
    {"fetch.wait.max.ms", "10"},
    {"fetch.error.backoff.ms", "10"},
    {"fetch.message.max.bytes", "4194304"},
    {"queued.min.messages", "100000"},
    {"queued.max.messages.kbytes", "65536"},
    {"topic.metadata.refresh.interval.ms", "5000"},
    {"topic.metadata.refresh.fast.interval.ms", "100"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"socket.timeout.ms", "10000"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
};

/// librdkafka's own values lose rows or positions.
constexpr Setting kFixed[] = {
    {"enable.auto.commit", "false"},  {"enable.auto.offset.store", "false"},

    {"auto.offset.reset", "error"},   {"check.crcs", "true"},
    {"enable.partition.eof", "true"},
};

/// They make the process load a library or run a command of the user's choice.
constexpr std::string_view kForbidden[] = {
    "plugin.library.paths", "ssl.engine.location", "ssl_engine_callback_data", "sasl.kerberos.kinit.cmd", "opaque",
};

Status put(rd_kafka_conf_t* settings, const std::string& name, const std::string& value) {
  char reason[512];
  if (rd_kafka_conf_set(settings, name.c_str(), value.c_str(), reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
    return Status::OK();
  return Status::InvalidArgument("Kafka property '{}': {}", name, reason);
}

/// librdkafka puts the sasl.kerberos values into a shell command.
bool is_safe_in_a_command(std::string_view value) {
  return std::ranges::all_of(value, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("_-./@:").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Status check_harmless(const std::string& name, const std::string& value) {
  if (std::ranges::find(kForbidden, name) != std::end(kForbidden)) {
    return Status::InvalidArgument("Kafka property '{}' is not allowed: it would run code of your choice in the server",
                                   name);
  }
  if (name.starts_with("sasl.kerberos.") && !is_safe_in_a_command(value)) {
    return Status::InvalidArgument("Kafka property '{}' may have letters, digits and _-./@: only", name);
  }
  return Status::OK();
}

Status put_users(rd_kafka_conf_t* settings, const ingest::StreamProperties& properties) {
  for (const auto& [name, value] : properties.client_properties) {
    if (name == "group.id") continue;
    FRESHET_RETURN_IF_ERROR(check_harmless(name, value));
    FRESHET_RETURN_IF_ERROR(put(settings, name, value));
    const auto fixed = std::ranges::find_if(kFixed, [&name](const Setting& setting) { return name == setting.name; });
    if (fixed != std::end(kFixed) && value != fixed->value) {
      log_warning("Kafka property '{}' of topic {} stays '{}': '{}' would lose or repeat rows", name, properties.topic,
                  fixed->value, value);
    }
  }
  return Status::OK();
}

void write_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  constexpr int kSyslogWarning = 4;
  log_message(level <= kSyslogWarning ? LogLevel::kWarning : LogLevel::kDebug, fmt::format("kafka {}: {}", facility, text));
}

}  // namespace

Result<KafkaSettings> kafka_settings(const ingest::StreamProperties& properties) {
  if (properties.brokers.empty())
    return Status::InvalidArgument("kafka_broker_list is empty: give HOST:PORT[,HOST:PORT...]");
  if (properties.topic.empty()) return Status::InvalidArgument("kafka_topic is empty");

  KafkaSettings settings(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(settings.get(), &write_log);
  for (const Setting& setting : kDefaults) FRESHET_RETURN_IF_ERROR(put(settings.get(), setting.name, setting.value));
  FRESHET_RETURN_IF_ERROR(put_users(settings.get(), properties));
  for (const Setting& setting : kFixed) FRESHET_RETURN_IF_ERROR(put(settings.get(), setting.name, setting.value));
  FRESHET_RETURN_IF_ERROR(put(settings.get(), "bootstrap.servers", properties.brokers));
  return settings;
}

}  // namespace freshet::connectors
