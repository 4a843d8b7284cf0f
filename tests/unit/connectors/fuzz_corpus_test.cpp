#include "fuzz/corpus_replay.h"
#include "fuzz/targets.h"

namespace freshet::fuzz {
namespace {

TEST(FuzzCorpus, HttpHeads) { replay_corpus("http_head", http_head); }
TEST(FuzzCorpus, MySqlPackets) { replay_corpus("mysql_packets", mysql_packets); }

}  // namespace
}  // namespace freshet::fuzz
