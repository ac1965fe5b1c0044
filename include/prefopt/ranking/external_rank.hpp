// SPDX-License-Identifier: MIT
#pragma once
/// \file  The exact easy-to-hard order of more scores than fit in memory, from file to file.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/file.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/radix_sort.hpp>
#include <prefopt/ranking/external_plan.hpp>
#include <prefopt/ranking/external_progress.hpp>
#include <prefopt/ranking/loser_tree.hpp>
#include <prefopt/ranking/order_key.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/run_file.hpp>
#include <prefopt/ranking/scratch_files.hpp>

namespace prefopt {

struct external_rank_options {
  std::size_t memory = std::size_t{1} << 30;  ///< bytes of all buffers together, at most
};

namespace detail {

/// Sorted runs by radix sort, then one merge.
template <class Real, class Progress>
class external_ranking {
 public:
  external_ranking(std::string const& scores, index_t samples, std::string const& order,
                   external_rank_options options, Progress& progress)
      : scores_(scores),
        order_(order),
        plan_(plan_external_rank(name, samples, options.memory, sizeof(record))),
        report_{.samples = samples, .runs = plan_.runs},
        progress_(report_, bytes_to_move(), progress)
  {
    require_scores_apart(name, scores, samples, order);
  }

  external_rank_report rank()
  {
    scratch_files const scratch(order_);
    block_file in(name, scores_, "rb", readable);
    require_size(in.size());
    block_file out(name, scratch.part(), "wb", writable);  // fails now rather than after hours
    sort_runs(in, scratch, out);
    if (plan_.runs > 1) { merge_runs(scratch, out); }
    out.close();
    if (std::rename(scratch.part().c_str(), order_.c_str()) != 0) {
      throw_file(name, order_, writable);
    }
    report_.seconds = progress_.seconds();
    return report_;
  }

 private:
  static constexpr char const* name = "rank_file_easy_to_hard";
  static constexpr char const* readable = "a file that can be read";
  static constexpr char const* writable = "a file that can be written";
  using key = score_key<Real>;
  using record = indexed_key<key>;

  std::uint64_t bytes_to_move() const
  {
    std::size_t const of_runs = plan_.runs == 1 ? 0 : 2 * run_record_bytes<key>;
    return plan_.samples * (sizeof(Real) + of_runs + sizeof(index_t));
  }

  void require_size(long bytes) const
  {
    std::uint64_t const expected = plan_.samples * sizeof(Real);
    if (bytes == -1 || static_cast<std::uint64_t>(bytes) == expected) { return; }
    throw_invalid(name, "file '" + scores_ + "'",
                  std::to_string(expected) + " bytes, " + std::to_string(plan_.samples) +
                      " scores of " + std::to_string(sizeof(Real)),
                  bytes < 0 ? "more" : std::to_string(bytes));
  }

  /// Every run to a file of its own; if there is but one, its order to `out`.
  void sort_runs(block_file& in, scratch_files const& scratch, block_file& out)
  {
    auto const longest = static_cast<std::size_t>(plan_.size(0));
    std::vector<record> records, other;
    records.reserve(longest);
    other.reserve(longest);
    for (index_t k = 0; k < plan_.runs; ++k) {
      read_run(in, plan_.first(k), plan_.size(k), records);
      other.resize(records.size());
      record const* const first =
          radix_sort(records.data(), other.data(), static_cast<index_t>(records.size()),
                     [](record const& r) { return r.key; });
      auto const& sorted = first == records.data() ? records : other;
      if (plan_.runs == 1) {
        write_blocks(out, sizeof(index_t), sorted, [](record const& r, char* to) {
          auto const index = static_cast<index_t>(r.index);
          std::memcpy(to, &index, sizeof index);
        });
      } else {
        block_file run(name, scratch.run(k), "wb", writable);
        write_blocks(run, run_record_bytes<key>, sorted, encode_run_record<key>);
        run.close();
      }
    }
    if (!in.at_end()) { require_size(-2); }
  }

  void read_run(block_file& in, std::uint64_t first, std::uint64_t count,
                std::vector<record>& records)
  {
    std::vector<Real> block(plan_.block / sizeof(Real));
    records.clear();
    for (std::uint64_t done = 0; done < count;) {
      auto const now = static_cast<std::size_t>(min(std::uint64_t{block.size()}, count - done));
      in.read(block.data(), now * sizeof(Real), (first + done) * sizeof(Real));
      for (std::size_t i = 0; i < now; ++i, ++done) {
        if (block[i] != block[i]) { throw_nan_score(name, static_cast<index_t>(first + done)); }
        records.push_back({order_key(block[i]), static_cast<std::uint32_t>(done)});
      }
      progress_.read(now * sizeof(Real));
    }
  }

  template <class Encode>
  void write_blocks(block_file& out, std::size_t record_bytes, std::vector<record> const& sorted,
                    Encode const& encode)
  {
    std::vector<char> block(plan_.block / record_bytes * record_bytes);
    for (std::size_t next = 0; next < sorted.size();) {
      std::size_t bytes = 0;
      for (; bytes < block.size() && next < sorted.size(); bytes += record_bytes) {
        encode(sorted[next++], block.data() + bytes);
      }
      out.write(block.data(), bytes);
      progress_.written(bytes);
    }
  }

  void merge_runs(scratch_files const& scratch, block_file& out)
  {
    auto const count = static_cast<std::size_t>(plan_.runs);
    std::size_t const share = min(plan_.memory / (count + 1), std::size_t{1} << 24);
    std::vector<run_reader<key>> runs;
    std::vector<key> heads;
    runs.reserve(count);
    for (index_t k = 0; k < plan_.runs; ++k) {
      runs.emplace_back(block_file(name, scratch.run(k), "rb", readable), plan_.size(k), share);
      runs.back().advance(progress_);
      heads.push_back(runs.back().head().key);
    }
    loser_tree<key> tree(heads);
    std::vector<index_t> order(share / sizeof(index_t));
    for (std::uint64_t done = 0; done < plan_.samples;) {
      auto const now =
          static_cast<std::size_t>(min(std::uint64_t{order.size()}, plan_.samples - done));
      for (std::size_t i = 0; i < now; ++i) {
        run_reader<key>& run = runs[tree.best()];
        order[i] = static_cast<index_t>(tree.best() * plan_.run + run.head().index);
        run.advance(progress_);
        tree.replace_best(run.head().key);
      }
      out.write(order.data(), now * sizeof(index_t));
      progress_.written(now * sizeof(index_t));
      done += now;
    }
  }

  std::string scores_, order_;
  external_rank_plan plan_;
  external_rank_report report_;
  byte_progress<Progress> progress_;
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
/// or cut short, for a file that cannot be read or written (disk full), for too little memory, and
/// where a file to be written is that of the scores, by this or another path, or a copy of it. Then
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
