// SPDX-License-Identifier: MIT
#pragma once
/// \file  How far an external ranking has come, and what it took.

#include <cstddef>
#include <cstdint>
#include <ctime>

#include <prefopt/core/math.hpp>

namespace prefopt {

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

/// Counts bytes into a report and tells how many are left.
template <class Progress>
class byte_progress {
 public:
  byte_progress(external_rank_report& report, std::uint64_t total, Progress& progress)
      : report_(report), total_(total), progress_(progress), start_(seconds_now())
  {
  }

  void read(std::size_t bytes) { moved(report_.bytes_read, bytes); }
  void written(std::size_t bytes) { moved(report_.bytes_written, bytes); }
  double seconds() const { return max(seconds_now() - start_, 0.0); }

 private:
  void moved(std::uint64_t& count, std::size_t bytes)
  {
    count += bytes;
    auto const done = static_cast<double>(report_.bytes_read + report_.bytes_written);
    double const fraction = min(done / static_cast<double>(total_), 1.0);
    double const now = seconds();
    progress_(external_rank_progress{fraction, now, now * (1 - fraction) / fraction});
  }

  external_rank_report& report_;
  std::uint64_t total_;
  Progress& progress_;
  double start_;
};

}  // namespace detail
}  // namespace prefopt
