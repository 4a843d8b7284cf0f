#include <CLI/CLI.hpp>
#include <cstdio>

namespace {

constexpr const char* kVersion = FRESHET_VERSION;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Freshet: a database that deduplicates rows by key while they are written"};
  app.require_subcommand(1);
  app.add_subcommand("version", "prints the version")->callback([] { std::printf("freshet %s\n", kVersion); });
  CLI11_PARSE(app, argc, argv);
  return 0;
}
