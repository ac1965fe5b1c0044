// SPDX-License-Identifier: MIT
#include <bit>
#include <cstdint>
#include <functional>
#include <string_view>

#include "curriculum_lab/data/csv.hpp"
#include "curriculum_lab/data/parse.hpp"
#include "curriculum_lab/data/scores.hpp"
#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

namespace curriculum_lab {
namespace {

using line_reader = std::function<void(std::string_view line, std::string const& where)>;

/// Calls for every line that is not blank, with "file:line".
void for_each_line(std::string_view text, std::string const& file, line_reader const& read)
{
  for (index_t number = 1; !text.empty(); ++number) {
    auto const end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) { line.remove_suffix(1); }
    if (line.find_first_not_of(" \t") != line.npos) {
      read(line, file + ":" + std::to_string(number));
    }
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

void read_csv(std::string_view text, score_file const& file, sample_scores& to)
{
  std::vector<std::string> names;
  std::size_t score = 0, group = 0;
  for_each_line(text, file.path.string(), [&](std::string_view line, std::string const& where) {
    auto const fields = csv_fields(line, where);
    if (names.empty()) {
      names = fields;
      score = csv_column(names, file.column, where);
      group =
          file.group_column.empty() ? names.size() : csv_column(names, file.group_column, where);
      return;
    }
    if (fields.size() != names.size()) {
      fail(where, std::to_string(names.size()) + " fields", std::to_string(fields.size()));
    }
    to.score.push_back(parse_number(fields[score], where + ": column '" + names[score] + "'"));
    if (group < names.size()) {
      to.group.push_back(parse_count(fields[group], where + ": column '" + names[group] + "'"));
    }
  });
}

double number_of(nlohmann::json const& row, std::string const& name, std::string const& where)
{
  if (!row.is_object() || !row.contains(name)) {
    fail(where, "an object with the field '" + name + "'", row.dump().substr(0, 60));
  }
  if (!row[name].is_number()) {
    fail(where + ": field '" + name + "'", "a number", row[name].dump().substr(0, 60));
  }
  return row[name].get<double>();
}

void read_jsonl(std::string_view text, score_file const& file, sample_scores& to)
{
  for_each_line(text, file.path.string(), [&](std::string_view line, std::string const& where) {
    auto const row = llava::parse_json(line, where);
    to.score.push_back(row.is_number() ? row.get<double>() : number_of(row, file.column, where));
    if (file.group_column.empty()) { return; }
    double const group = number_of(row, file.group_column, where);
    if (!(group >= 0 && group < 1e9)) {
      fail(where + ": field '" + file.group_column + "'", "0 or more", std::to_string(group));
    }
    to.group.push_back(static_cast<index_t>(group));
  });
}

void read_fp32(std::string_view bytes, score_file const& file, sample_scores& to)
{
  if (bytes.size() % 4 != 0) {
    fail(file.path.string(), "a multiple of 4 bytes", std::to_string(bytes.size()));
  }
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      word |= std::uint32_t{static_cast<unsigned char>(bytes[i + k])} << (8 * k);
    }
    to.score.push_back(static_cast<double>(std::bit_cast<float>(word)));
  }
}

std::string format_of(score_file const& file)
{
  if (file.format != "auto") { return file.format; }
  std::string const end = file.path.extension().string();
  if (end == ".txt") { return "text"; }
  if (end == ".csv") { return "csv"; }
  if (end == ".jsonl" || end == ".json") { return "jsonl"; }
  if (end == ".fp32" || end == ".f32" || end == ".bin") { return "fp32"; }
  fail(file.path.string(), "a name that ends in .txt, .csv, .jsonl or .fp32, or --format",
       as_quote(end));
}

}  // namespace

sample_scores read_scores(score_file const& file)
{
  std::string const format = format_of(file);
  constexpr index_t most_bytes = index_t{16} << 30;
  std::string const bytes = llava::read_file(file.path, most_bytes);
  sample_scores read;
  read.origin = file.path.filename().string();
  if (format == "text") {
    for_each_line(bytes, file.path.string(), [&](std::string_view line, std::string const& where) {
      read.score.push_back(parse_number(line, where));
    });
  } else if (format == "csv") {
    read_csv(bytes, file, read);
  } else if (format == "jsonl") {
    read_jsonl(bytes, file, read);
  } else if (format == "fp32") {
    read_fp32(bytes, file, read);
  } else {
    fail("--format", "one of auto, text, csv, jsonl, fp32", as_quote(format));
  }
  if (!file.group_column.empty() && (format == "text" || format == "fp32")) {
    fail("--group-column", "a csv or jsonl file", format);
  }
  if (read.score.empty()) { fail(file.path.string(), "at least one score", "none"); }
  return read;
}

}  // namespace curriculum_lab
