#include "query/accounts/secret_box.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support/temp_dir.h"

namespace freshet::query {
namespace {

TEST(SecretBox, OpensWhatItSealedAndNothingElse) {
  const SecretBox box{SecretBox::Key{1, 2, 3}};
  for (const std::string& text : {std::string(), std::string("secret"), std::string(10'000, 'x')}) {
    const std::string sealed = *box.seal(text);
    EXPECT_EQ(*box.unseal(sealed), text);
    EXPECT_NE(sealed, *box.seal(text)) << "the same text twice";
    EXPECT_TRUE(text.empty() || sealed.find(text) == std::string::npos);
    for (size_t i = 0; i < sealed.size(); i += sealed.size() / 16) {
      std::string changed = sealed;
      changed[i] ^= 1;
      EXPECT_EQ(box.unseal(changed).status().code(), StatusCode::kCorruption) << i;
    }
    EXPECT_FALSE(SecretBox(SecretBox::Key{1, 2, 4}).unseal(sealed).ok()) << "another key";
    EXPECT_FALSE(box.unseal(std::string_view(sealed).substr(0, sealed.size() - 1)).ok());
  }
  EXPECT_FALSE(box.unseal("").ok());
}

TEST(SecretBox, KeepsItsKeyReadableForTheOwnerAlone) {
  const test::TempDir folder;
  const std::string keys = folder.path() + "/keys";
  const std::string sealed = *SecretBox::open(keys)->seal("secret");
  EXPECT_EQ(*SecretBox::open(keys)->unseal(sealed), "secret");
  struct stat found {};
  ASSERT_EQ(stat((keys + "/secrets.key").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(keys.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
  std::ofstream(keys + "/secrets.key", std::ios::trunc) << "short";
  EXPECT_EQ(SecretBox::open(keys).status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace freshet::query
