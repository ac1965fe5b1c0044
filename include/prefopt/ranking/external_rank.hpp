// SPDX-License-Identifier: MIT
#pragma once
/// \file  The exact easy-to-hard order of more scores than fit in memory, from file to file.
///
/// Sorted runs by radix sort, then one merge by a tree of losers (Knuth, TAOCP 3, 5.4.1).

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/file.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/ranking/order_key.hpp>
#include <prefopt/ranking/radix_sort.hpp>

namespace prefopt {

struct external_rank_options {
  std::size_t memory = std::size_t{1} << 30;  ///< bytes of all buffers together, at most
};

/// How far an external ranking has come.
struct external_rank_progress {
  double fraction;      ///< of the bytes to be read and written, in [0, 1]
  double seconds;       ///< since it began
  double seconds_left;  ///< at the mean pace so far
};

struct external_rank_report {
  index_t samples = 0;
  index_t runs = 0;  ///< sorted pieces; with one, nothing is written but the order
  std::uint64_t bytes_read = 0, bytes_written = 0;
  double seconds = 0;
};

/// Progress that nobody looks at.
struct no_progress {
  void operator()(external_rank_progress const&) const {}
};

namespace detail {

inline double seconds_now()
{
  std::timespec now{};
  std::timespec_get(&now, TIME_UTC);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Names beside the order's file; what has them is removed with the value.
class scratch_files {
 public:
  static constexpr index_t most_runs = 256;

  explicit scratch_files(std::string order) : order_(std::move(order)) { remove(); }
  scratch_files(scratch_files const&) = delete;
  scratch_files& operator=(scratch_files const&) = delete;
  ~scratch_files() { remove(); }

  std::string part() const { return order_ + ".part"; }
  std::string run(index_t k) const { return order_ + ".run" + std::to_string(k); }

 private:
  void remove() const  // also what a killed process left
  {
    std::remove(part().c_str());
    for (index_t k = 0; k < most_runs; ++k) { std::remove(run(k).c_str()); }
  }

  std::string order_;
};

template <class Real, class Progress>
class external_ranking {
 public:
  external_ranking(std::string const& scores, index_t samples, std::string const& order,
                   external_rank_options options, Progress& progress)
      : scores_(scores),
        order_(order),
        samples_(static_cast<std::uint64_t>(samples)),
        options_(options),
        block_(min(options.memory / 8, std::size_t{1} << 20)),
        progress_(progress),
        start_(seconds_now())
  {
    // Two arrays of records, a block to read and one to write, the counts of the radix sort.
    std::size_t const rest = 2 * block_ + (std::size_t{1} << 17);
    std::uint64_t const least =
        max(std::uint64_t{1} << 20,
            (samples_ / scratch_files::most_runs + 1) * 2 * sizeof(record) + rest);
    if (samples < 0) { throw_invalid(name, "samples", "0 or more", std::to_string(samples)); }
    if (options.memory < least) {
      throw_invalid(
          name, "memory",
          std::to_string(least) + " bytes or more for " + std::to_string(samples) + " samples",
          std::to_string(options.memory));
    }
    if (scores == order) { throw_invalid(name, "file of the order", "another file", scores); }
    run_ = min(std::uint64_t{(options.memory - rest) / (2 * sizeof(record))},
               (std::uint64_t{1} << 32) - 1);
    report_.samples = samples;
    report_.runs = static_cast<index_t>(max((samples_ + run_ - 1) / run_, std::uint64_t{1}));
    std::uint64_t const moved = report_.runs == 1 ? 0 : 2 * run_record_bytes;
    total_ = samples_ * (sizeof(Real) + moved + sizeof(index_t));
  }

  external_rank_report rank()
  {
    scratch_files const scratch(order_);
    block_file in(name, scores_, "rb", readable);
    require_size(in.size());
    block_file out(name, scratch.part(), "wb", writable);  // fails now rather than after hours
    {
      auto const longest = static_cast<std::size_t>(min(run_, samples_));
      std::vector<record> records, other;
      records.reserve(longest);
      other.reserve(longest);
      for (index_t k = 0; k < report_.runs; ++k) {
        std::uint64_t const first = static_cast<std::uint64_t>(k) * run_;
        read_run(in, first, min(run_, samples_ - first), records);
        other.resize(records.size());
        auto const& sorted = radix_sort(records, other);
        if (report_.runs == 1) {
          write_blocks<index_t>(out, sorted, [](record const& r, char* to) {
            auto const index = static_cast<index_t>(r.index);
            std::memcpy(to, &index, sizeof index);
          });
        } else {
          block_file run(name, scratch.run(k), "wb", writable);
          write_blocks<char[run_record_bytes]>(run, sorted, [](record const& r, char* to) {
            std::memcpy(to, &r.key, sizeof r.key);
            std::memcpy(to + sizeof r.key, &r.index, sizeof r.index);
          });
          run.close();
        }
      }
      if (!in.at_end()) { require_size(-2); }
    }
    if (report_.runs > 1) { merge_runs(scratch, out); }
    out.close();
    if (std::rename(scratch.part().c_str(), order_.c_str()) != 0) {
      throw_file(name, order_, writable);
    }
    report_.seconds = seconds_now() - start_;
    return report_;
  }

 private:
  static constexpr char const* name = "rank_file_easy_to_hard";
  static constexpr char const* readable = "a file that can be read";
  static constexpr char const* writable = "a file that can be written";
  using key = decltype(order_key(Real()));
  using record = indexed_key<key>;
  static constexpr std::size_t run_record_bytes = sizeof(key) + sizeof(std::uint32_t);

  void require_size(long bytes) const
  {
    std::uint64_t const expected = samples_ * sizeof(Real);
    if (bytes == -1 || static_cast<std::uint64_t>(bytes) == expected) { return; }
    throw_invalid(name, "file '" + scores_ + "'",
                  std::to_string(expected) + " bytes, " + std::to_string(samples_) + " scores of " +
                      std::to_string(sizeof(Real)),
                  bytes < 0 ? "more" : std::to_string(bytes));
  }

  void moved(std::size_t read, std::size_t written)
  {
    report_.bytes_read += read;
    report_.bytes_written += written;
    auto const done = static_cast<double>(report_.bytes_read + report_.bytes_written);
    double const fraction = min(done / static_cast<double>(total_), 1.0);
    double const seconds = max(seconds_now() - start_, 0.0);
    progress_(external_rank_progress{fraction, seconds, seconds * (1 - fraction) / fraction});
  }

  void read_run(block_file& in, std::uint64_t first, std::uint64_t count,
                std::vector<record>& records)
  {
    std::vector<Real> block(block_ / sizeof(Real));
    records.clear();
    for (std::uint64_t done = 0; done < count;) {
      auto const now = static_cast<std::size_t>(min(std::uint64_t{block.size()}, count - done));
      in.read(block.data(), now * sizeof(Real), (first + done) * sizeof(Real));
      for (std::size_t i = 0; i < now; ++i, ++done) {
        if (block[i] != block[i]) {
          throw_invalid(name, "score of sample " + std::to_string(first + done), "a number", "NaN");
        }
        records.push_back({order_key(block[i]), static_cast<std::uint32_t>(done)});
      }
      moved(now * sizeof(Real), 0);
    }
  }

  template <class Element, class Encode>
  void write_blocks(block_file& out, std::vector<record> const& sorted, Encode encode)
  {
    std::vector<char> block(block_ / sizeof(Element) * sizeof(Element));
    for (std::size_t next = 0; next < sorted.size();) {
      std::size_t bytes = 0;
      for (; bytes < block.size() && next < sorted.size(); bytes += sizeof(Element)) {
        encode(sorted[next++], block.data() + bytes);
      }
      out.write(block.data(), bytes);
      moved(0, bytes);
    }
  }

  struct reader {
    block_file file;
    std::uint64_t left;  // records that are not in the block yet
    std::vector<char> block;
    std::size_t at, end;
    record head;
  };

  /// Its next record; beyond the last one a key above all others.
  void advance(reader& run)
  {
    if (run.at == run.end) {
      if (run.left == 0) {
        run.head.key = static_cast<key>(~key(0));
        return;
      }
      auto const bytes = static_cast<std::size_t>(
          min(std::uint64_t{run.block.size()}, run.left * run_record_bytes));
      run.file.read(run.block.data(), bytes, 0);
      run.left -= bytes / run_record_bytes;
      run.at = 0;
      run.end = bytes;
      moved(bytes, 0);
    }
    std::memcpy(&run.head.key, run.block.data() + run.at, sizeof(key));
    std::memcpy(&run.head.index, run.block.data() + run.at + sizeof(key), sizeof(std::uint32_t));
    run.at += run_record_bytes;
  }

  struct player {
    key score;
    std::uint32_t run;

    bool before(player const& other) const
    {
      return score < other.score || (score == other.score && run < other.run);
    }
  };

  void merge_runs(scratch_files const& scratch, block_file& out)
  {
    auto const count = static_cast<std::size_t>(report_.runs);
    std::size_t const share = min(options_.memory / (count + 1), std::size_t{1} << 24);
    std::vector<reader> runs;
    runs.reserve(count);
    for (std::size_t k = 0; k < count; ++k) {
      std::uint64_t const left = min(run_, samples_ - k * run_);
      runs.push_back({block_file(name, scratch.run(static_cast<index_t>(k)), "rb", readable), left,
                      std::vector<char>(share / run_record_bytes * run_record_bytes), 0, 0,
                      record{}});
      advance(runs[k]);
    }
    // loser[n] lost the match of node n > 0, whose sons are 2n and 2n + 1; runs are the leaves from
    // `count` on. loser[0] has won all.
    std::vector<player> loser(count), winner(2 * count);
    for (std::size_t n = 2 * count; n-- > 1;) {
      if (n >= count) {
        winner[n] = {runs[n - count].head.key, static_cast<std::uint32_t>(n - count)};
        continue;
      }
      bool const left = winner[2 * n].before(winner[2 * n + 1]);
      winner[n] = winner[left ? 2 * n : 2 * n + 1];
      loser[n] = winner[left ? 2 * n + 1 : 2 * n];
    }
    player best = winner[1];
    std::vector<index_t> order(share / sizeof(index_t));
    for (std::uint64_t done = 0; done < samples_;) {
      auto const now = static_cast<std::size_t>(min(std::uint64_t{order.size()}, samples_ - done));
      for (std::size_t i = 0; i < now; ++i) {
        reader& run = runs[best.run];
        order[i] = static_cast<index_t>(best.run * run_ + run.head.index);
        advance(run);
        best.score = run.head.key;
        for (std::size_t n = (best.run + count) / 2; n > 0; n /= 2) {
          if (loser[n].before(best)) { std::swap(loser[n], best); }
        }
      }
      out.write(order.data(), now * sizeof(index_t));
      moved(0, now * sizeof(index_t));
      done += now;
    }
  }

  std::string scores_, order_;
  std::uint64_t samples_;
  external_rank_options options_;
  std::size_t block_;
  Progress& progress_;
  double start_;
  std::uint64_t run_ = 0, total_ = 0;
  external_rank_report report_{};
};

}  // namespace detail

/// Ranks the scores of a file (`Real`: float or double, native byte order, score i is that of
/// sample i) into a file of `index_t` sample indices, easy to hard: as `rank_easy_to_hard` does in
/// memory, equal scores by index, -infinity first, +infinity last.
///
///     rank_file_easy_to_hard<float>("scores.f32", 1'000'000'000, "order.i64", {.memory = 1 <<
///     30});
///
/// Memory: `options.memory` and some KiB. Disk: beside the order (8 bytes per sample) runs of 12
/// bytes per sample for double and 8 for float, unless the set fits into one run (memory of 32 or
/// 16 bytes per sample). The scores are read once, the runs written and read once, the order
/// written once, all in sequence; O(n log runs). At most 256 runs: the least memory is n / 8 bytes,
/// 1 MiB.
///
/// Runs lie in "<order>.run<k>" and the result in "<order>.part", which is renamed at the end: a
/// killed process leaves the old order or the new one. The next call for the same order begins anew
/// and overwrites what was left; two at a time must not write the same order. `progress` is called
/// after every block with an `external_rank_progress`; it may throw to end the ranking.
///
/// Throws `std::invalid_argument` naming the first sample that is NaN, for a file of another size
/// or cut short, for a file that cannot be read or written (disk full), for too little memory. Then
/// no file is left behind and the order is as it was.
template <class Real, class Progress = no_progress>
external_rank_report rank_file_easy_to_hard(std::string const& scores, index_t samples,
                                            std::string const& order,
                                            external_rank_options options = {},
                                            Progress progress = {})
{
  return detail::external_ranking<Real, Progress>(scores, samples, order, options, progress).rank();
}

}  // namespace prefopt
