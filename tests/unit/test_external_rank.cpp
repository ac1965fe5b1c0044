// SPDX-License-Identifier: MIT
/// \file  The ranking from file to file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/ranking/external_rank.hpp>
#include <prefopt/ranking/rank.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/score_distributions.hpp"

using namespace prefopt;
using namespace prefopt::test;

namespace {

using column = score_column;

/// The bytes of a column of numbers in memory.
template <class T>
std::string bytes_of(std::vector<T> const& values)
{
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) { std::memcpy(bytes.data(), values.data(), bytes.size()); }
  return bytes;
}

std::string text_of(std::filesystem::path const& file)
{
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

namespace {

/// The order of the file of scores, ranked with so much memory.
template <class Real>
std::vector<index_t> ranked(temporary_folder const& folder, std::vector<Real> const& scores,
                            std::size_t memory, external_rank_report& report)
{
  auto const file = put_file(folder / "scores", bytes_of(scores));
  report = rank_file_easy_to_hard<Real>(file.string(), static_cast<index_t>(scores.size()),
                                        (folder / "order").string(), {.memory = memory});
  std::string const bytes = text_of(folder / "order");
  std::vector<index_t> order(bytes.size() / sizeof(index_t));
  if (!order.empty()) { std::memcpy(order.data(), bytes.data(), bytes.size()); }
  return order;
}

std::vector<std::string> names_in(temporary_folder const& folder)
{
  std::vector<std::string> names;
  for (auto const& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEMPLATE_TEST_CASE("a file of scores is ranked as in memory", "[external_rank]", float, double)
{
  temporary_folder const folder;
  std::size_t const memory = std::size_t{1} << 20;
  for (std::size_t const n : {0u, 1u, 2u, 1000u, 70001u}) {
    for (auto const& from : distributions) {
      INFO(from.name << ", " << n);
      std::vector<TestType> scores(n);
      for (std::size_t i = 0; i < n; ++i) { scores[i] = static_cast<TestType>(from.score(i, n)); }
      for (std::size_t i = 0; i + 6 < n; i += 101) {  // ties and edges, in every run
        scores[i] = TestType(0);
        scores[i + 1] = TestType(-0.0);
        scores[i + 2] = static_cast<TestType>(infinity);
        scores[i + 3] = static_cast<TestType>(-infinity);
        scores[i + 4] = std::numeric_limits<TestType>::denorm_min();
        scores[i + 5] = std::numeric_limits<TestType>::lowest();
        scores[i + 6] = std::numeric_limits<TestType>::max();
      }
      std::vector<index_t> expected(n);
      rank_easy_to_hard(scores, expected);
      external_rank_report report;
      CHECK((ranked(folder, scores, memory, report) == expected));
      std::uint64_t const in = n * sizeof(TestType), out = n * sizeof(index_t);
      std::uint64_t const runs = report.runs == 1 ? 0 : n * (sizeof(TestType) + 4);
      CHECK(report.samples == static_cast<index_t>(n));
      CHECK((report.runs > 1) == (n > 65000));
      CHECK(report.bytes_read == in + runs);
      CHECK(report.bytes_written == runs + out);
      CHECK(names_in(folder) == std::vector<std::string>{"order", "scores"});
    }
  }
}

TEST_CASE("an external ranking that fails says why, and leaves the old order alone",
          "[external_rank]")
{
  temporary_folder const folder;
  std::size_t const n = 100000;
  std::vector<float> scores(n, 1.0f);
  auto const file = put_file(folder / "scores", bytes_of(scores)).string();
  auto const order = put_file(folder / "order", "old").string();
  auto const message = [&](index_t samples, external_rank_options options = {1u << 20}) {
    return error_of<std::invalid_argument>(
        [&] { rank_file_easy_to_hard<float>(file, samples, order, options); });
  };
  CHECK(mentions(message(n + 1), {"scores'", "400004 bytes", "400000"}));
  CHECK(mentions(message(n - 1), {"scores'", "399996 bytes", "400000"}));
  CHECK(mentions(message(-1), {"samples", "-1"}));
  CHECK(mentions(message(n, {1000}), {"memory", "1048576 bytes or more", "1000"}));
  CHECK(mentions(message(index_t(1) << 40), {"memory", "1099511627776 samples"}));
  scores[77777] = std::numeric_limits<float>::quiet_NaN();
  put_file(folder / "scores", bytes_of(scores));
  CHECK(mentions(message(n), {"score of sample 77777: expected a number, got NaN"}));
  scores[77777] = 1;
  put_file(folder / "scores", bytes_of(scores));
  CHECK(mentions(
      error_of<std::invalid_argument>([&] { rank_file_easy_to_hard<float>(file, n, file); }),
      {"another file"}));
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { rank_file_easy_to_hard<float>((folder / "none").string(), n, order); }),
                 {"none'", "can be read", "No such file"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   rank_file_easy_to_hard<float>(file, n, (folder / "none/order").string());
                 }),
                 {"none/order.part'", "can be written", "No such file"}));
  CHECK(text_of(order) == "old");
  CHECK(names_in(folder) == std::vector<std::string>{"order", "scores"});
}

TEMPLATE_TEST_CASE("an external ranking never writes over its scores, whatever they are called",
                   "[external_rank]", float, double)
{
  temporary_folder const folder;
  for (auto const& scores : {std::vector<TestType>{3, 1, 2}, std::vector<TestType>(40000)}) {
    std::string const bytes = bytes_of(scores);
    auto const refused = [&](std::filesystem::path const& from, std::filesystem::path const& to) {
      INFO(from << " to " << to);
      CHECK(mentions(error_of<std::invalid_argument>([&] {
                       rank_file_easy_to_hard<TestType>(
                           from.string(), static_cast<index_t>(scores.size()), to.string());
                     }),
                     {"file of the order", "another file"}));
      CHECK(text_of(from) == bytes);
    };
    auto const file = put_file(folder / "scores", bytes);
    std::filesystem::create_directory(folder / "sub");
    std::filesystem::create_hard_link(file, folder / "hard");
    std::filesystem::create_symlink(file, folder / "soft");
    refused(file, folder / "./scores");
    refused(file, folder / "sub/../scores");
    refused(file, folder / "hard");
    refused(file, folder / "soft");
    refused(folder / "soft", file);
    for (char const* const scratch : {"order.part", "order.run0", "order.run255"}) {
      refused(put_file(folder / scratch, bytes), folder / "order");
      std::filesystem::remove(folder / scratch);
    }
    put_file(folder / "order", bytes);  // a copy
    refused(file, folder / "order");
    put_file(folder / "order", bytes + '\0');
    rank_file_easy_to_hard<TestType>(file.string(), static_cast<index_t>(scores.size()),
                                     (folder / "order").string());
    rank_file_easy_to_hard<TestType>(file.string(), static_cast<index_t>(scores.size()),
                                     (folder / "order").string());
    CHECK(text_of(folder / "order").size() == scores.size() * sizeof(index_t));
    for (char const* const name : {"hard", "soft", "order", "scores"}) {
      std::filesystem::remove(folder / name);
    }
  }
}

TEST_CASE("one sample of score 0, whose order is the same bytes, is ranked again and again",
          "[external_rank]")
{
  temporary_folder const folder;
  external_rank_report report;
  for (int k = 0; k < 2; ++k) {
    CHECK(ranked<double>(folder, {0.0}, std::size_t{1} << 20, report) == std::vector<index_t>{0});
  }
}

TEST_CASE("an external ranking can be ended and begun anew", "[external_rank]")
{
  temporary_folder const folder;
  std::vector<double> scores(70001);
  for (std::size_t i = 0; i < scores.size(); ++i) { scores[i] = uniform(i); }
  auto const file = put_file(folder / "scores", bytes_of(scores)).string();
  auto const order = (folder / "order").string();
  auto const n = static_cast<index_t>(scores.size());

  // Progress rises to 1; a callback that throws ends the ranking at any point.
  std::vector<double> fractions;
  bool sane = true;
  auto const count = [&](external_rank_progress const& now) {
    sane = sane && now.seconds >= 0 && now.seconds_left >= 0;
    fractions.push_back(now.fraction);
  };
  rank_file_easy_to_hard<double>(file, n, order, {1u << 20}, count);
  CHECK(sane);
  CHECK(std::is_sorted(fractions.begin(), fractions.end()));
  CHECK(fractions.front() > 0);
  CHECK(fractions.back() == 1);
  std::string const whole = text_of(order);
  put_file(folder / "order", "old");
  for (std::size_t stop = 0; stop < fractions.size(); ++stop) {
    std::size_t blocks = 0;
    auto const end = [&](external_rank_progress const&) {
      if (blocks++ == stop) { throw std::runtime_error("enough"); }
    };
    CHECK(error_of<std::runtime_error>([&] {
            rank_file_easy_to_hard<double>(file, n, order, {1u << 20}, end);
          }) == "enough");
    REQUIRE(text_of(order) == "old");
    REQUIRE(names_in(folder) == std::vector<std::string>{"order", "scores"});
  }

  // What a killed process left, longer runs and more of them, does no harm and goes away.
  put_file(folder / "order.part", std::string(1000000, 'x'));
  for (int k : {0, 1, 17, 255}) {
    put_file(folder / ("order.run" + std::to_string(k)), std::string(300000, 'y'));
  }
  rank_file_easy_to_hard<double>(file, n, order, {1u << 20});
  CHECK(text_of(order) == whole);
  CHECK(names_in(folder) == std::vector<std::string>{"order", "scores"});
}

TEST_CASE("a disk that is full and a file that is cut short while it is read are noticed",
          "[external_rank]")
{
  temporary_folder const folder;
  std::vector<float> const scores(100000, 1.0f);
  auto const file = put_file(folder / "scores", bytes_of(scores)).string();
  auto const order = (folder / "order").string();
  if (std::filesystem::exists("/dev/full")) {
    detail::block_file full("rank", "/dev/full", "wb", "a file");
    CHECK(mentions(error_of<std::invalid_argument>([&] { full.write("text", 4); }),
                   {"/dev/full", "space on the disk", "No space left"}));
  }
  int blocks = 0;
  auto const cut = [&](external_rank_progress const&) {
    if (blocks++ == 0) { std::filesystem::resize_file(file, 200000); }
  };
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { rank_file_easy_to_hard<float>(file, 100000, order, {1u << 20}, cut); }),
                 {"scores'", "got 200000: cut short"}));
  CHECK(names_in(folder) == std::vector<std::string>{"scores"});
}
