// SPDX-License-Identifier: MIT
#include "llava/report/progress.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <utility>

namespace llava {

std::string format_duration(double seconds)
{
  auto const s = static_cast<long>(std::lround(seconds < 0 ? 0 : seconds));
  char text[48];
  if (s < 60) {
    std::snprintf(text, sizeof text, "%ld s", s);
  } else if (s < 3600) {
    std::snprintf(text, sizeof text, "%ld min %02ld s", s / 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld h %02ld min", s / 3600, s % 3600 / 60);
  }
  return text;
}

progress::progress(std::ostream& out, std::string label, index_t total, index_t already_done)
    : out_(out),
      label_(std::move(label)),
      total_(total),
      first_(already_done),
      terminal_(&out == &std::cerr && isatty(STDERR_FILENO) == 1)
{
}

void progress::update(index_t done, std::string const& note)
{
  auto const now = clock::now();
  std::chrono::duration<double> const since = now - shown_;
  if (shown_ != clock::time_point{} && since.count() < (terminal_ ? 0.1 : 5.0)) { return; }
  shown_ = now;
  std::chrono::duration<double> const elapsed = now - start_;
  index_t const worked = done - first_;
  std::string const left =
      worked > 0 ? format_duration(elapsed.count() * static_cast<double>(total_ - done) /
                                   static_cast<double>(worked)) +
                       " left"
                 : "";
  show(done, note, left);
}

void progress::finish(std::string const& note)
{
  std::chrono::duration<double> const elapsed = clock::now() - start_;
  show(total_, note, "in " + format_duration(elapsed.count()));
  if (terminal_) { out_ << std::endl; }
}

void progress::show(index_t done, std::string const& note, std::string const& time)
{
  std::string line = label_ + "  " + std::to_string(done) + "/" + std::to_string(total_);
  if (!note.empty()) { line += "  " + note; }
  if (!time.empty()) { line += "  " + time; }
  if (!terminal_) {
    out_ << line << std::endl;
    return;
  }
  std::size_t const length = line.size();
  if (length < width_) { line.append(width_ - length, ' '); }  // wipe the rest of the older line
  width_ = length;
  out_ << '\r' << line << std::flush;
}

}  // namespace llava
