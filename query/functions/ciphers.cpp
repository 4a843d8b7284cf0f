#include "query/functions/ciphers.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

namespace freshet::query {
namespace {

constexpr size_t kKeyBytes = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

std::optional<std::string> through_cipher(std::string_view input, std::string_view key, bool encrypts) {
  std::array<unsigned char, kKeyBytes> folded{};
  for (size_t i = 0; i < key.size(); ++i) folded[i % kKeyBytes] ^= static_cast<unsigned char>(key[i]);
  const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> cipher(EVP_CIPHER_CTX_new());
  if (EVP_CipherInit_ex(cipher.get(), EVP_aes_128_ecb(), nullptr, folded.data(), nullptr, encrypts ? 1 : 0) != 1) {
    return std::nullopt;
  }
  std::string output(input.size() + kKeyBytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(output.data());
  const auto* in = reinterpret_cast<const unsigned char*>(input.data());
  int size = 0;
  int rest = 0;
  if (EVP_CipherUpdate(cipher.get(), out, &size, in, static_cast<int>(input.size())) != 1) return std::nullopt;
  if (EVP_CipherFinal_ex(cipher.get(), out + size, &rest) != 1) return std::nullopt;
  output.resize(static_cast<size_t>(size + rest));
  return output;
}

}  // namespace

std::optional<std::string> aes_encrypted(std::string_view text, std::string_view key) {
  return through_cipher(text, key, true);
}
std::optional<std::string> aes_decrypted(std::string_view bytes, std::string_view key) {
  return through_cipher(bytes, key, false);
}

}  // namespace freshet::query
