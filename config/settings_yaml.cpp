#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "config/read_settings.h"
#include "config/settings_table.h"

namespace freshet::config {
namespace {

/// Walks a parsed file and assigns what it names, collecting every problem on the way.
class YamlReader {
 public:
  explicit YamlReader(Settings& settings) : table_(settings_table(settings)) {}

  ConfigProblems read(const YAML::Node& file) {
    if (file.IsNull()) return {};
    if (!file.IsMap()) return {{line_of(file), "", "the file must be a map of settings, like 'data_dir: ./freshet-data'"}};
    read_map(file, "");
    return std::move(problems_);
  }

 private:
  static int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

  void read_map(const YAML::Node& map, const std::string& prefix) {
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        problems_.push_back({line_of(entry.first), prefix, "the name of a setting must be plain text"});
        continue;
      }
      std::string name = prefix + entry.first.Scalar();
      int line = line_of(entry.first);
      if (!seen_.insert(name).second) {
        problems_.push_back({line, name, "is set twice: keep one"});
      } else if (is_section(name)) {
        read_section(entry.second, name, line);
      } else {
        read_value(entry.second, name, line);
      }
    }
  }

  bool is_section(const std::string& name) const {
    return std::ranges::any_of(table_, [&](const Setting& setting) { return setting.name.starts_with(name + "."); });
  }

  void read_section(const YAML::Node& node, const std::string& name, int line) {
    if (node.IsMap()) return read_map(node, name + ".");
    if (!node.IsNull()) problems_.push_back({line, name, "is a section: its settings belong below it, indented"});
  }

  void read_value(const YAML::Node& node, const std::string& name, int line) {
    auto setting = std::ranges::find(table_, name, &Setting::name);
    if (setting == table_.end()) return report_unknown(name, line);
    if (!node.IsScalar() && !node.IsNull()) {
      problems_.push_back({line, name, "must be a single value"});
      return;
    }
    std::string text = node.IsNull() ? "" : node.Scalar();
    if (auto message = assign_setting(*setting, text)) problems_.push_back({line, name, *message});
  }

  void report_unknown(const std::string& name, int line) {
    std::vector<std::string_view> names;
    for (const Setting& setting : table_) {
      names.push_back(setting.name);
      size_t dot = setting.name.find('.');
      if (dot != std::string_view::npos) names.push_back(setting.name.substr(0, dot));
    }
    std::string_view near = nearest_name(name, names);
    std::string hint = near.empty() ? "config/freshet.yaml lists all" : "did you mean '" + std::string(near) + "'?";
    problems_.push_back({line, name, "unknown setting; " + hint});
  }

  std::vector<Setting> table_;
  std::set<std::string> seen_;
  ConfigProblems problems_;
};

}  // namespace

ConfigProblems read_settings_yaml(std::string_view yaml, Settings& settings) {
  try {
    return YamlReader(settings).read(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& problem) {
    return {{problem.mark.line + 1, "", "not readable as YAML: " + problem.msg}};
  }
}

ConfigProblems read_settings_file(const std::string& path, Settings& settings) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return {{0, "", "cannot read the configuration file '" + path + "'"}};
  return read_settings_yaml(text.str(), settings);
}

ConfigProblems set_setting(Settings& settings, std::string_view name, std::string_view text) {
  auto table = settings_table(settings);
  auto setting = std::ranges::find(table, name, &Setting::name);
  if (setting == table.end()) return {{0, std::string(name), "unknown setting"}};
  if (auto message = assign_setting(*setting, text)) return {{0, std::string(name), *message}};
  return {};
}

}  // namespace freshet::config
