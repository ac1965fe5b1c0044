// SPDX-License-Identifier: MIT
#pragma once
/// \file  A file of scores ranked in limited memory, beside a copy of the file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <prefopt/core/file.hpp>
#include <prefopt/ranking/external_rank.hpp>

#include "common.hpp"

namespace bench {

inline double mebibytes_used()
{
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
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
      Real const score = some_score<Real>(index);
      good = good && (last < score || (last == score && last_index < block[k]));
      surplus += detail::mix64(index + 1) - detail::mix64(done + 1);
      last = score;
      last_index = block[k];
    }
  }
  return good && surplus == 0 && in.at_end();
}

/// Writes the file to the disk and takes it out of the memory that caches it.
inline void to_disk(std::string const& file)
{
  int const descriptor = ::open(file.c_str(), O_RDONLY);
  if (descriptor < 0) { detail::throw_file("bench", file, "a file that can be read"); }
  ::fsync(descriptor);
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  ::close(descriptor);
}

/// Seconds to read a file from the disk and to write it there again in blocks.
inline double copy_seconds(std::string const& from, std::string const& to, std::uint64_t bytes)
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
      for (std::size_t k = 0; k < now; ++k) { block[k] = some_score<Real>(done++); }
      out.write(block.data(), now * sizeof(Real));
    }
    out.close();
  }
  double const copy = copy_seconds(scores, order, n * sizeof(Real));
  std::remove(order.c_str());  // a copy of the scores, which no ranking overwrites
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

}  // namespace bench
