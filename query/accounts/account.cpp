#include "query/accounts/account.h"

#include "storage/meta/record_seal.h"

namespace freshet::query {
namespace {

constexpr uint8_t kRecordVersion = 1;

void put_rights(std::string& out, const Rights& rights) {
  put_fixed<uint32_t>(out, static_cast<uint32_t>(rights.levels().size()));
  for (const auto& [level, privileges] : rights.levels()) {
    put_length_prefixed(out, level.database);
    put_length_prefixed(out, level.table);
    put_fixed<uint32_t>(out, privileges.bits());
  }
}

Rights take_rights(ByteReader& in) {
  Rights rights;
  for (auto count = in.fixed<uint32_t>(); count > 0 && in.ok(); --count) {
    GrantLevel level;
    level.database = in.length_prefixed();
    level.table = in.length_prefixed();
    rights.grant(level, Privileges::of_bits(in.fixed<uint32_t>()));
  }
  return rights;
}

}  // namespace

Rights AccountBook::rights_of(const Account& account) const {
  Rights rights = account.rights;
  for (const std::string& name : account.roles) {
    const auto role = roles.find(name);
    if (role != roles.end()) rights.add(role->second.rights);
  }
  return rights;
}

Result<std::string> encode_account(const Account& account, const SecretBox& secrets) {
  FRESHET_ASSIGN_OR_RETURN(const std::string sealed, secrets.seal(account.credential.serialize()));
  std::string out = storage::begin_record(kRecordVersion);
  put_length_prefixed(out, account.name.user);
  put_length_prefixed(out, account.name.host);
  put_length_prefixed(out, sealed);
  put_length_prefixed(out, account.comment);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(account.roles.size()));
  for (const std::string& role : account.roles) put_length_prefixed(out, role);
  put_rights(out, account.rights);
  return storage::seal(std::move(out));
}

Result<Account> decode_account(std::string_view bytes, const SecretBox& secrets) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader in, storage::unseal(bytes, "account", kRecordVersion));
  Account account;
  account.name.user = in.length_prefixed();
  account.name.host = in.length_prefixed();
  const Result<std::string> opened = secrets.unseal(in.length_prefixed());
  account.comment = in.length_prefixed();
  for (auto count = in.fixed<uint32_t>(); count > 0 && in.ok(); --count) account.roles.emplace(in.length_prefixed());
  account.rights = take_rights(in);
  FRESHET_RETURN_IF_ERROR(storage::check_end(in, "account"));
  account.can_log_in = opened.ok();
  if (opened.ok()) {
    FRESHET_ASSIGN_OR_RETURN(account.credential, Credential::deserialize(*opened));
  }
  return account;
}

std::string encode_role(const Role& role) {
  std::string out = storage::begin_record(kRecordVersion);
  put_length_prefixed(out, role.name);
  put_length_prefixed(out, role.comment);
  put_rights(out, role.rights);
  return storage::seal(std::move(out));
}

Result<Role> decode_role(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader in, storage::unseal(bytes, "role", kRecordVersion));
  Role role;
  role.name = in.length_prefixed();
  role.comment = in.length_prefixed();
  role.rights = take_rights(in);
  FRESHET_RETURN_IF_ERROR(storage::check_end(in, "role"));
  return role;
}

}  // namespace freshet::query
