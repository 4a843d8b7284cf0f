#pragma once

namespace CLI {
class App;
}

namespace freshet::connectors::load_client {

/// Adds `load` to the commands of `app`, which it outlives the parsing of; the command's exit code goes to `exit_code`.
void add_load_command(CLI::App& app, int& exit_code);

}  // namespace freshet::connectors::load_client
