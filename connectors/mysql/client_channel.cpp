#include "connectors/mysql/client_channel.h"

namespace freshet::connectors::mysql {

ptrdiff_t ClientChannel::receive(char* buffer, size_t size) {
  return compressed_ ? compressed_->receive(buffer, size) : receive_uncompressed(buffer, size);
}

Status ClientChannel::send_all(std::string_view bytes) {
  return compressed_ ? compressed_->send_all(bytes) : send_uncompressed(bytes);
}

ClientChannel::Source ClientChannel::resumed(std::string received, Source source) {
  size_t taken = 0;
  return [received = std::move(received), source = std::move(source), taken](char* buffer, size_t size) mutable {
    if (taken == received.size()) return source(buffer, size);
    const size_t count = received.copy(buffer, size, taken);
    taken += count;
    return static_cast<ptrdiff_t>(count);
  };
}

Status ClientChannel::start_tls(std::shared_ptr<const TlsContext> context, std::string received) {
  FRESHET_ASSIGN_OR_RETURN(tls_, TlsStream::accept(std::move(context), resumed(std::move(received), source_), sink_));
  return Status::OK();
}

void ClientChannel::start_compression(std::string received) {
  compressed_ = std::make_unique<CompressedStream>(
      resumed(std::move(received), [this](char* buffer, size_t size) { return receive_uncompressed(buffer, size); }),
      [this](std::string_view bytes) { return send_uncompressed(bytes); });
}

ptrdiff_t ClientChannel::receive_uncompressed(char* buffer, size_t size) {
  return tls_ ? tls_->receive(buffer, size) : source_(buffer, size);
}

Status ClientChannel::send_uncompressed(std::string_view bytes) { return tls_ ? tls_->send_all(bytes) : sink_(bytes); }

}  // namespace freshet::connectors::mysql
