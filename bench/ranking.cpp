// SPDX-License-Identifier: MIT
/// \file  Ranking without all scores in memory: the error, size and speed of the quantile sketch on
/// five distributions, merged from 1 to 1,000 parts in several orders; and a file of scores ranked
/// in limited memory, beside a copy of the file.
///
///     bench_ranking sketch [SAMPLES = 1000000] [CAPACITY = 4096]
///     bench_ranking file [SAMPLES = 10000000] [float|double] [MEMORY, bytes = 1 GiB] [FOLDER = .]
///     bench_ranking memory [SAMPLES = 10000000]
///
/// Seconds of files count from the disk to the disk. Prints a Markdown table. Every result is
/// checked; it ends with 1 if one is wrong.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <prefopt/core/hash.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/ranking/external_rank.hpp>
#include <prefopt/ranking/quantile_sketch.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/sketch_exchange.hpp>

namespace {

using namespace prefopt;
using detail::seconds_now;

double uniform(std::uint64_t i)
{
  return (static_cast<double>(detail::mix64(i + 1) >> 11) + 0.5) * 0x1p-53;
}

struct distribution {
  char const* name;
  double (*score)(std::uint64_t i, std::uint64_t n);
};

constexpr distribution distributions[] = {
    {"sorted", [](std::uint64_t i, std::uint64_t) { return static_cast<double>(i); }},
    {"reversed", [](std::uint64_t i, std::uint64_t n) { return static_cast<double>(n - i); }},
    {"constant", [](std::uint64_t, std::uint64_t) { return 2.5; }},
    {"heavy-tailed", [](std::uint64_t i, std::uint64_t) { return std::tan(3.14159 * uniform(i)); }},
    {"two-valued", [](std::uint64_t i, std::uint64_t) { return uniform(i) < 0.3 ? -1.0 : 7.0; }}};

bool wrong = false;

void expect(bool good, char const* what)
{
  if (good) { return; }
  std::printf("WRONG: %s\n", what);
  wrong = true;
}

/// The largest distance of an estimate from the truth, at 2,000 ranks.
index_t worst_error(quantile_sketch const& sketch, std::vector<double> const& sorted)
{
  auto const n = static_cast<index_t>(sorted.size());
  index_t worst = 0;
  for (index_t j = 0; j < 1000; ++j) {
    double const score = sorted[static_cast<std::size_t>(n / 1000 * j + j % 17)];
    auto const look = [&](rank_interval got, auto place) {
      auto const truth = static_cast<index_t>(place - sorted.begin());
      expect(got.low <= truth && truth <= got.high, "a rank is outside of its interval");
      worst = std::max(worst, std::abs(got.estimate - truth));
    };
    look(sketch.samples_below(score), std::ranges::lower_bound(sorted, score));
    look(sketch.samples_up_to(score), std::ranges::upper_bound(sorted, score));
  }
  return worst;
}

void sketches(std::size_t n, index_t capacity)
{
  index_t const bound = quantile_sketch::rank_error_bound(static_cast<index_t>(n), capacity);
  auto const percent = [n](index_t ranks) {
    return 100.0 * static_cast<double>(ranks) / static_cast<double>(n);
  };
  std::printf("%zu scores, capacity %lld: bound %.4f %%\n\n", n, static_cast<long long>(capacity),
              percent(bound));
  std::printf(
      "| distribution | parts | ns per score | error, worst of 5 orders | `rank_error()` | "
      "at once | bytes | `std::sort`, ns per score |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
  for (auto const& from : distributions) {
    std::vector<double> scores(n);
    for (std::size_t i = 0; i < n; ++i) { scores[i] = from.score(i, n); }
    std::vector<double> sorted = scores;
    double const sort_begin = seconds_now();
    std::ranges::sort(sorted);
    double const sort_ns = 1e9 * (seconds_now() - sort_begin) / static_cast<double>(n);
    for (std::size_t const parts : {1u, 32u, 1000u}) {
      double const begin = seconds_now();
      std::vector<quantile_sketch> sketch;
      for (std::size_t p = 0; p < parts; ++p) {
        std::size_t const first = n * p / parts;
        sketch.emplace_back(capacity, p);
        sketch.back().push_column(vector_view<double const>(
            scores.data() + first, static_cast<index_t>(n * (p + 1) / parts - first)));
      }
      double const push_ns = 1e9 * (seconds_now() - begin) / static_cast<double>(n);
      permutation const order(static_cast<index_t>(parts), 1);
      quantile_sketch forwards(capacity), backwards(capacity), shuffled(capacity),
          at_once(capacity);
      for (std::size_t p = 0; p < parts; ++p) {
        forwards.merge(sketch[p]);
        backwards.merge(sketch[parts - 1 - p]);
        shuffled.merge(sketch[static_cast<std::size_t>(order(static_cast<index_t>(p)))]);
      }
      at_once.merge_all(sketch);
      for (std::size_t step = 1; step < parts; step *= 2) {  // a tree, in place
        for (std::size_t p = 0; p + step < parts; p += 2 * step) {
          sketch[p].merge(sketch[p + step]);
        }
      }
      index_t worst = 0, known = 0;
      std::size_t bytes = 0;
      for (auto const* each : {&forwards, &backwards, &shuffled, &at_once, sketch.data()}) {
        index_t const error = worst_error(*each, sorted);
        expect(error <= each->rank_error(), "an error above rank_error()");
        expect(each->rank_error() <= bound, "rank_error() above its bound");
        worst = std::max(worst, error);
        known = std::max(known, each->rank_error());
        bytes = std::max(bytes, encode_sketch(*each).size());
      }
      std::printf("| %s | %zu | %.1f | %.4f %% | %.4f %% | %.4f %% | %zu | %.1f |\n", from.name,
                  parts, push_ns, percent(worst), percent(known), percent(at_once.rank_error()),
                  bytes, sort_ns);
      std::fflush(stdout);
    }
  }
}

double mebibytes_used()
{
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Score i of the file: distinct but for a few.
template <class Real>
Real file_score(std::uint64_t i)
{
  return static_cast<Real>(std::log(uniform(i)));
}

/// Whether the file holds every index once, easy to hard, ties by index.
template <class Real>
bool is_ranking(std::string const& order, std::uint64_t n)
{
  detail::block_file in("bench", order, "rb", "a file");
  std::vector<index_t> block(std::size_t{1} << 17);
  std::uint64_t surplus = 0;
  Real last = -std::numeric_limits<Real>::infinity();
  index_t last_index = -1;
  bool good = true;
  for (std::uint64_t done = 0; done < n;) {
    auto const now = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), n - done));
    in.read(block.data(), now * sizeof(index_t), 0);
    for (std::size_t k = 0; k < now; ++k, ++done) {
      auto const index = static_cast<std::uint64_t>(block[k]);
      Real const score = file_score<Real>(index);
      good = good && (last < score || (last == score && last_index < block[k]));
      surplus += detail::mix64(index + 1) - detail::mix64(done + 1);
      last = score;
      last_index = block[k];
    }
  }
  return good && surplus == 0 && in.at_end();
}

/// Writes the file to the disk and takes it out of the memory that caches it.
void to_disk(std::string const& file)
{
  int const descriptor = ::open(file.c_str(), O_RDONLY);
  if (descriptor < 0) { detail::throw_file("bench", file, "a file that can be read"); }
  ::fsync(descriptor);
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  ::close(descriptor);
}

/// Seconds to read a file from the disk and to write it there again in blocks.
double copy_seconds(std::string const& from, std::string const& to, std::uint64_t bytes)
{
  to_disk(from);
  double const begin = seconds_now();
  detail::block_file in("bench", from, "rb", "a file"), out("bench", to, "wb", "a file");
  std::vector<char> block(std::size_t{1} << 20);
  for (std::uint64_t done = 0; done < bytes;) {
    auto const now = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), bytes - done));
    in.read(block.data(), now, 0);
    out.write(block.data(), now);
    done += now;
  }
  out.close();
  to_disk(to);
  return seconds_now() - begin;
}

template <class Real>
void file(std::uint64_t n, std::size_t memory, std::string const& folder)
{
  std::string const scores = folder + "/bench_scores", order = folder + "/bench_order";
  {
    detail::block_file out("bench", scores, "wb", "a file");
    std::vector<Real> block(std::size_t{1} << 17);
    for (std::uint64_t done = 0; done < n;) {
      auto const now = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), n - done));
      for (std::size_t k = 0; k < now; ++k) { block[k] = file_score<Real>(done++); }
      out.write(block.data(), now * sizeof(Real));
    }
    out.close();
  }
  double const copy = copy_seconds(scores, order, n * sizeof(Real));
  to_disk(scores);
  double shown = 0;
  double const begin = seconds_now();
  auto const cpu = static_cast<double>(std::clock());
  auto const report = rank_file_easy_to_hard<Real>(
      scores, static_cast<index_t>(n), order, {.memory = memory},
      [&](external_rank_progress const& now) {
        if (now.seconds < shown + 5) { return; }
        shown = now.seconds;
        std::fprintf(stderr, "%5.1f %%  %.0f s, %.0f s left\n", 100 * now.fraction, now.seconds,
                     now.seconds_left);
      });
  double const used = (static_cast<double>(std::clock()) - cpu) / CLOCKS_PER_SEC;
  double const peak = mebibytes_used();
  to_disk(order);
  double const seconds = seconds_now() - begin;
  expect(is_ranking<Real>(order, n), "the order in the file");
  std::printf(
      "| scores | type | memory allowed, MiB | peak of the process, MiB | runs | read and "
      "written, GB | s | of that CPU, s | copy of the scores, s |\n"
      "|--:|---|--:|--:|--:|--:|--:|--:|--:|\n");
  std::printf("| %llu | %s | %.0f | %.0f | %lld | %.1f + %.1f | %.1f | %.1f | %.1f |\n",
              static_cast<unsigned long long>(n), sizeof(Real) == 4 ? "float" : "double",
              static_cast<double>(memory) / 1048576, peak, static_cast<long long>(report.runs),
              static_cast<double>(report.bytes_read) * 1e-9,
              static_cast<double>(report.bytes_written) * 1e-9, seconds, used, copy);
  std::remove(scores.c_str());
  std::remove(order.c_str());
}

void in_memory(std::size_t n)
{
  std::vector<double> scores(n);
  for (std::size_t i = 0; i < n; ++i) { scores[i] = file_score<double>(i); }
  std::vector<index_t> order(n);
  double const begin = seconds_now();
  rank_easy_to_hard(scores, order);
  double const seconds = seconds_now() - begin;
  expect(std::ranges::is_sorted(order,
                                [&](index_t a, index_t b) {
                                  return scores[static_cast<std::size_t>(a)] <
                                         scores[static_cast<std::size_t>(b)];
                                }),
         "the order in memory");
  std::printf("%zu scores of double by `rank_easy_to_hard`: %.1f s, peak %.0f MiB\n", n, seconds,
              mebibytes_used());
}

}  // namespace

int main(int argc, char** argv)
{
#ifndef NDEBUG
  std::fprintf(stderr, "%s: build with NDEBUG (Release); assertions are not timed\n", argv[0]);
  return 1;
#endif
  std::string const what = argc > 1 ? argv[1] : "sketch";
  auto const number = [&](int k, double other) {
    return static_cast<std::size_t>(argc > k ? std::strtod(argv[k], nullptr) : other);
  };
  if (what == "sketch") {
    sketches(number(2, 1e6), static_cast<index_t>(number(3, 4096)));
  } else if (what == "file") {
    bool const single = argc > 3 && std::string(argv[3]) == "float";
    std::string const folder = argc > 5 ? argv[5] : ".";
    std::size_t const memory = number(4, 0x1p30);
    single ? file<float>(number(2, 1e7), memory, folder)
           : file<double>(number(2, 1e7), memory, folder);
  } else if (what == "memory") {
    in_memory(number(2, 1e7));
  } else {
    std::fprintf(stderr, "usage: %s sketch|file|memory [SAMPLES] ... (see bench/ranking.cpp)\n",
                 argv[0]);
    return 2;
  }
  return wrong ? 1 : 0;
}
