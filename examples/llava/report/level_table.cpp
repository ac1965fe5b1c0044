// SPDX-License-Identifier: MIT
#include "llava/report/level_table.hpp"

#include <cmath>
#include <cstdio>

#include <prefopt/margins/fairness.hpp>

namespace llava {

namespace {

std::string number(double value, int decimals)
{
  if (std::isnan(value)) { return "-"; }
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string percent(double share)
{
  return number(100 * share, 1);
}

/// "before -> after" in a cell of fixed width.
std::string change(std::string const& before, std::string const& after)
{
  char text[48];
  std::snprintf(text, sizeof text, "%7s -> %-7s", before.c_str(), after.c_str());
  return text;
}

std::string fairness(level_scores const& s)
{
  return number(prefopt::margin_fairness(s.text_margin, s.image_margin), 2);
}

}  // namespace

std::string level_name(index_t level, index_t levels)
{
  constexpr char const* names[] = {"easy", "medium", "hard"};
  return levels == 3 ? names[level] : "level " + std::to_string(level + 1);
}

std::string format_table(std::vector<level_result> const& results)
{
  std::string table =
      "                 loss               reward margin, nats                 fairness         "
      "reward accuracy, %                  log p higher for, %\n"
      "level   pairs                       text              image                            "
      "text              image             chosen            real image\n";
  for (level_result const& r : results) {
    char head[32];
    std::snprintf(head, sizeof head, "%-8s%5lld", r.name.c_str(), static_cast<long long>(r.pairs));
    level_scores const& b = r.before;
    level_scores const& a = r.after;
    table += head + change(number(b.loss, 3), number(a.loss, 3)) +
             change(number(b.text_margin, 3), number(a.text_margin, 3)) +
             change(number(b.image_margin, 3), number(a.image_margin, 3)) +
             change(fairness(b), fairness(a)) +
             change(percent(b.text_accuracy), percent(a.text_accuracy)) +
             change(percent(b.image_accuracy), percent(a.image_accuracy)) +
             change(percent(b.prefers_chosen), percent(a.prefers_chosen)) +
             change(percent(b.prefers_clean), percent(a.prefers_clean));
    table.erase(table.find_last_not_of(' ') + 1);
    table += '\n';
  }
  return table;
}

}  // namespace llava
