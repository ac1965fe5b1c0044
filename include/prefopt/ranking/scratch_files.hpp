// SPDX-License-Identifier: MIT
#pragma once
/// \file  The files that an external ranking writes beside its order.

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/file.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt::detail {

/// Names beside the order's file; what has them is removed with the value.
class scratch_files {
 public:
  static constexpr index_t most_runs = 256;

  static std::string part_of(std::string const& order) { return order + ".part"; }
  static std::string run_of(std::string const& order, index_t k)
  {
    return order + ".run" + std::to_string(k);
  }

  explicit scratch_files(std::string order) : order_(std::move(order)) { remove(); }
  scratch_files(scratch_files const&) = delete;
  scratch_files& operator=(scratch_files const&) = delete;
  ~scratch_files() { remove(); }

  std::string part() const { return part_of(order_); }
  std::string run(index_t k) const { return run_of(order_, k); }

 private:
  void remove() const  // also what a killed process left
  {
    std::remove(part().c_str());
    for (index_t k = 0; k < most_runs; ++k) { std::remove(run(k).c_str()); }
  }

  std::string order_;
};

/// Whether both can be read and hold the same bytes, more than none. One file under two names does:
/// by another path, by links of either kind. (The C library cannot tell files apart, and
/// <filesystem>, which can, is longer than <cmath>.)
inline bool hold_the_same(std::string const& a, std::string const& b)
{
  open_file const first(std::fopen(a.c_str(), "rb")), second(std::fopen(b.c_str(), "rb"));
  if (first.file == nullptr || second.file == nullptr) { return false; }
  std::vector<char> left(std::size_t{1} << 16), right(left.size());
  for (bool some = false;; some = true) {
    std::size_t const bytes = std::fread(left.data(), 1, left.size(), first.file);
    std::size_t const others = std::fread(right.data(), 1, right.size(), second.file);
    if (bytes != others || std::memcmp(left.data(), right.data(), bytes) != 0) { return false; }
    if (bytes < left.size()) { return some || bytes > 0; }
  }
}

/// Throws if a ranking of more than one sample would overwrite or remove its scores. (The order of
/// one is 0, as its score may be; two scores that look like an order are no numbers one has.)
inline void require_scores_apart(char const* function, std::string const& scores, index_t samples,
                                 std::string const& order)
{
  auto const require_apart = [&](std::string const& written) {
    if (scores == written || (samples > 1 && hold_the_same(scores, written))) {
      throw_invalid(function, "file of the order", "another file",
                    "'" + written + "', which is the scores' or holds the same");
    }
  };
  require_apart(order);
  require_apart(scratch_files::part_of(order));
  for (index_t k = 0; k < scratch_files::most_runs; ++k) {
    require_apart(scratch_files::run_of(order, k));
  }
}

}  // namespace prefopt::detail
