// SPDX-License-Identifier: MIT
#include "llava/support/json.hpp"

#include <set>
#include <stdexcept>
#include <vector>

namespace llava {
namespace {

/// Sees every key of the text in order, before later duplicates replace earlier ones.
struct duplicate_key_check {
  std::string const& where;
  std::vector<std::set<std::string>> open_objects;

  bool operator()(int, nlohmann::json::parse_event_t event, nlohmann::json const& parsed)
  {
    using parse_event = nlohmann::json::parse_event_t;
    if (event == parse_event::object_start) {
      open_objects.emplace_back();
    } else if (event == parse_event::object_end) {
      open_objects.pop_back();
    } else if (event == parse_event::key) {
      auto const& key = parsed.get_ref<std::string const&>();
      if (!open_objects.back().insert(key).second) {
        throw std::runtime_error(where + ": expected unique JSON keys, got '" + key + "' twice");
      }
    }
    return true;
  }
};

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string const& where)
{
  duplicate_key_check check{where, {}};
  try {
    return nlohmann::json::parse(
        text.begin(), text.end(),
        [&check](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
          return check(depth, event, parsed);
        });
  } catch (nlohmann::json::exception const& error) {  // also numbers beyond double
    throw std::runtime_error(where + ": expected well-formed JSON in UTF-8, got " + error.what());
  }
}

}  // namespace llava
