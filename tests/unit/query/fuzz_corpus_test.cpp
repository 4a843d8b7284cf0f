#include "fuzz/corpus_replay.h"
#include "fuzz/targets.h"

namespace freshet::fuzz {
namespace {

TEST(FuzzCorpus, SqlStatements) { replay_corpus("sql", sql); }

}  // namespace
}  // namespace freshet::fuzz
