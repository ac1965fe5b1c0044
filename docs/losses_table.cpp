// SPDX-License-Identifier: MIT
/// \file  Prints docs/losses.md from the headers of include/prefopt/losses: what the compiler knows
/// (the columns that a loss reads) and what its doc comment says (formula, source, other names).
/// `all_losses.inc` is generated: one LOSS(name) per header.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/columns.hpp>
#include <prefopt/prefopt.hpp>

namespace {

struct loss_row {
  std::string name;
  prefopt::column_set columns;
  std::string needs;
};

struct list_columns {
  std::string text;
  void operator()(prefopt::column_name name, int) { add(name, ""); }
  void optional(prefopt::column_name name, int) { add(name, " (optional)"); }

  void add(prefopt::column_name name, std::string const& remark)
  {
    if (name.index > 0) { return; }
    if (!text.empty()) { text += ", "; }
    text += "`" + std::string(name.text) + (name.count > 1 ? "[]" : "") + "`" + remark;
  }
};

template <class Loss>
loss_row row_of(std::string const& name)
{
  using record = prefopt::record_of<Loss, int>;
  record x;
  list_columns list;
  record::visit_policy(list, x);
  record::visit_constant(list, x);
  return {name, record::columns, list.text};
}

/// The text of a header, and what is found in it.
class header_text {
 public:
  header_text(std::string const& folder, std::string const& loss) : name_(loss)
  {
    std::ifstream file(folder + "/" + loss + ".hpp");
    if (!file) { throw std::runtime_error("cannot read the header of " + loss); }
    std::string line;
    while (std::getline(file, line)) { lines_.push_back(line); }
    auto const at = std::find_if(lines_.begin(), lines_.end(), [&](std::string const& l) {
      return l == "struct " + name_ + " {" || l.starts_with("struct " + name_ + " : ");
    });
    if (at == lines_.end()) { throw std::runtime_error(loss + ".hpp has no struct " + loss); }
    struct_line_ = static_cast<std::size_t>(at - lines_.begin());
  }

  /// The sentence of `\file`.
  std::string title() const
  {
    std::string result;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      auto const at = lines_[i].find("\\file");
      if (at == std::string::npos) { continue; }
      result = lines_[i].substr(at + 5);
      while (i + 1 < lines_.size() && lines_[i + 1].starts_with("///")) {
        result += " " + lines_[++i].substr(3);
      }
      break;
    }
    return squeezed(result);
  }

  /// The doc comment of the struct.
  std::string comment() const
  {
    std::size_t first = struct_line_;
    while (first > 0 && !lines_[first - 1].starts_with("///")) { --first; }  // template <...>
    std::size_t const last = first;
    while (first > 0 && lines_[first - 1].starts_with("///")) { --first; }
    std::string result;
    for (std::size_t i = first; i < last; ++i) { result += lines_[i].substr(3) + "\n"; }
    return result;
  }

  std::string formula() const
  {
    std::string const text = comment();
    auto const from = text.find("\\f["), to = text.find("\\f]");
    if (from == std::string::npos || to == std::string::npos) {
      throw std::runtime_error(name_ + ".hpp: the struct's comment has no \\f[ formula \\f]");
    }
    return squeezed(text.substr(from + 3, to - from - 3));
  }

  std::string also_called() const
  {
    std::string const text = comment();
    std::string const tag = "Also called:";
    auto const from = text.find(tag);
    if (from == std::string::npos) { return ""; }
    auto to = text.find("\n\n", from);
    if (to == std::string::npos) { to = text.size(); }
    return squeezed(text.substr(from + tag.size(), to - from - tag.size()));
  }

  /// `beta` 0.1, ...: the members that have a default value.
  std::string defaults() const
  {
    std::string result;
    for (std::size_t i = struct_line_ + 1; i < lines_.size() && lines_[i] != "};"; ++i) {
      std::string line = squeezed(lines_[i]);
      auto const equals = line.find(" = ");
      bool const member = equals != std::string::npos && line.find('(') > equals &&
                          !line.starts_with("static") && lines_[i].starts_with("  ") &&
                          !lines_[i].starts_with("   ") && line.find(';') != std::string::npos;
      if (!member) { continue; }
      std::string value = line.substr(equals + 3, line.find(';') - equals - 3);
      if (value.starts_with("Real(") && value.ends_with(")")) {
        value = value.substr(5, value.size() - 6);
      }
      auto const space = line.rfind(' ', equals - 1);
      std::string const parameter = line.substr(space + 1, equals - space - 1);
      if (!result.empty()) { result += ", "; }
      result += "`" + parameter + "` " + value;
    }
    return result;
  }

 private:
  static std::string squeezed(std::string const& text)
  {
    std::istringstream words(text);
    std::string word, result;
    while (words >> word) { result += (result.empty() ? "" : " ") + word; }
    return result;
  }

  std::string name_;
  std::vector<std::string> lines_;
  std::size_t struct_line_ = 0;
};

std::string replaced(std::string text, std::string const& from, std::string const& to)
{
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// "arXiv 2305.18290" as a link.
std::string linked(std::string text)
{
  std::string const tag = "arXiv ";
  for (auto at = text.find(tag); at != std::string::npos; at = text.find(tag, at + 1)) {
    auto end = at + tag.size();
    while (end < text.size() &&
           (std::isdigit(static_cast<unsigned char>(text[end])) != 0 || text[end] == '.')) {
      ++end;
    }
    std::string const id = text.substr(at + tag.size(), end - at - tag.size());
    std::string const link = "[arXiv " + id + "](https://arxiv.org/abs/" + id + ")";
    text.replace(at, end - at, link);
    at += link.size() - 1;
  }
  return text;
}

/// A pipe would end a cell.
std::string in_cell(std::string const& text)
{
  return replaced(text, "|", "\\|");
}
std::string formula_in_cell(std::string const& text)
{
  return "$" + replaced(replaced(text, "\\|", "\\parallel "), "|", "\\vert ") + "$";
}

std::string family_of(prefopt::column_set const& c)
{
  auto const& p = c.policy;
  if (p.completion) { return "Single answers"; }
  if (p.perturbed > 0 || p.rejected_perturbed > 0 || p.chosen_blind || p.rejected_blind) {
    return "Several modalities";
  }
  bool const reference = c.reference.size() > 0 || c.extra.matched_reference;
  return reference ? "Pairs, with reference" : "Pairs, without reference";
}

void print_family(std::string const& family, std::vector<loss_row> const& rows,
                  std::string const& folder)
{
  std::printf("\n## %s\n\n", family.c_str());
  std::printf(
      "| loss | formula | defaults | reads | what others call it |\n|---|---|---|---|---|\n");
  for (auto const& row : rows) {
    if (family_of(row.columns) != family) { continue; }
    header_text const header(folder, row.name);
    std::string const link = "[`" + row.name + "`](../include/prefopt/losses/" + row.name + ".hpp)";
    std::printf("| %s<br>%s | %s | %s | %s | %s |\n", link.c_str(),
                in_cell(linked(header.title())).c_str(), formula_in_cell(header.formula()).c_str(),
                in_cell(header.defaults()).c_str(), row.needs.c_str(),
                in_cell(linked(header.also_called())).c_str());
  }
}

}  // namespace

int main(int count, char** arguments)
try {
  if (count != 2) { throw std::runtime_error("usage: losses_table <include/prefopt/losses>"); }
  std::vector<loss_row> rows;
#define LOSS(name) rows.push_back(row_of<prefopt::name<float>>(#name));
#include "all_losses.inc"
#undef LOSS
  std::printf("# Losses\n\n");
  std::printf(
      "%d losses. This page is generated from the headers; `cmake --build --preset dev --target "
      "docs_losses` writes it anew, and a test compares it.\n\n"
      "$p_w, p_l$ are summed log-probabilities of the chosen and the rejected answer under the "
      "policy, $q$ under the reference, $r = p - q$; $p_{w|m'}$ is the chosen answer given a "
      "perturbed modality, $p_{w|\\emptyset}$ given none; $|y|$ is a length in tokens, $\\sigma$ "
      "the logistic function, $\\mathrm{sg}$ a stop-gradient. How they are built from terms: "
      "[concepts](concepts.md). Who else has them, and where their numbers fail: "
      "[coverage](coverage.md).\n",
      static_cast<int>(rows.size()));
  for (auto const* family : {"Pairs, with reference", "Pairs, without reference", "Single answers",
                             "Several modalities"}) {
    print_family(family, rows, arguments[1]);
  }
  return 0;
} catch (std::exception const& e) {
  std::fprintf(stderr, "losses_table: %s\n", e.what());
  return 1;
}
