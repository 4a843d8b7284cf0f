#include "fuzz/corpus_replay.h"
#include "fuzz/targets.h"

namespace freshet::fuzz {
namespace {

TEST(FuzzCorpus, CsvBodies) { replay_corpus("csv", csv); }
TEST(FuzzCorpus, JsonBodies) { replay_corpus("json", json); }
TEST(FuzzCorpus, ArrowBodies) { replay_corpus("arrow", arrow); }
TEST(FuzzCorpus, ChangeEvents) { replay_corpus("debezium", debezium); }
TEST(FuzzCorpus, CompressedBodies) { replay_corpus("compression", compression); }

}  // namespace
}  // namespace freshet::fuzz
