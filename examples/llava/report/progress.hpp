// SPDX-License-Identifier: MIT
#pragma once
/// \file  One line of progress with an estimate of the time left.

#include <chrono>
#include <ostream>
#include <string>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// Shows "label  done/total  note  time left". A terminal gets one line that is rewritten; anything
/// else a plain line every few seconds, so that log files stay readable.
class progress {
 public:
  progress(std::ostream& out, std::string label, index_t total, index_t already_done = 0);

  /// `done` counts from the start of the work, `already_done` included.
  void update(index_t done, std::string const& note = "");

  /// Ends the line.
  void finish(std::string const& note = "");

 private:
  using clock = std::chrono::steady_clock;

  void show(index_t done, std::string const& note, std::string const& time);

  std::ostream& out_;
  std::string label_;
  index_t total_;
  index_t first_;
  bool terminal_;
  clock::time_point start_ = clock::now();
  clock::time_point shown_{};
  std::size_t width_ = 0;
};

/// "42 s", "3 min 05 s", "2 h 07 min".
std::string format_duration(double seconds);

}  // namespace llava
