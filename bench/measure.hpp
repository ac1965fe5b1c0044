// SPDX-License-Identifier: MIT
#pragma once
/// \file  Timing of contenders in turns, and the records that `compare.sh` collects.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace measure {

/// Refuses what is not wanted to be fast: a build with assertions, or without optimisation.
inline bool is_release(char const* program)
{
#if defined(NDEBUG) && defined(__OPTIMIZE__)
  static_cast<void>(program);
  return true;
#else
  std::fprintf(stderr, "%s: build with NDEBUG and -O2 (Release); nothing else is timed\n", program);
  return false;
#endif
}

inline double seconds_of(std::function<void()> const& run)
{
  auto const begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

inline double median(std::vector<double> values)
{
  auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Median seconds of each contender. All run twice unmeasured, then in turns: a machine that slows
/// down for a while slows all of them. There are `rounds` turns at least, and up to 31 where they
/// are short.
inline std::vector<double> medians(std::vector<std::function<void()>> const& contenders, int rounds)
{
  std::vector<std::vector<double>> seconds(contenders.size());
  for (auto const& run : contenders) { run(); }
  double turn = 0;
  for (auto const& run : contenders) { turn += seconds_of(run); }
  if (turn * 31 < 1) { rounds = std::max(rounds, 31); }
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t k = 0; k < contenders.size(); ++k) {
      seconds[k].push_back(seconds_of(contenders[k]));
    }
  }
  std::vector<double> result;
  for (auto& each : seconds) { result.push_back(median(std::move(each))); }
  return result;
}

inline char const* environment(char const* name, char const* otherwise)
{
  char const* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

/// How many cores other processes keep busy, from the kernel's counters of all time that is not
/// idle (stolen time too: other virtual machines) less our own.
class other_work {
 public:
  /// As JSON: since the last call, or what that found where it is less than a second ago; null
  /// where the system does not say.
  std::string cores()
  {
    sample const now = take();
    if (now.wall - last_.wall >= 1) {
      double const others = (now.busy - last_.busy) - (now.own - last_.own);
      cores_ = now.busy < 0 ? -1 : std::max(0.0, others / (now.wall - last_.wall));
      last_ = now;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", cores_);
    return cores_ < 0 ? "null" : text;
  }

 private:
  struct sample {
    double wall, busy, own;  // seconds
  };
  static sample take()
  {
    auto const seconds = [](timeval const& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    auto const since_boot = std::chrono::steady_clock::now().time_since_epoch();
    sample now{std::chrono::duration<double>(since_boot).count(), -1, 0};
    for (int const who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
      rusage used{};
      getrusage(who, &used);
      now.own += seconds(used.ru_utime) + seconds(used.ru_stime);
    }
    if (std::FILE* const file = std::fopen("/proc/stat", "r")) {
      double user = 0, nice = 0, system = 0, irq = 0, soft_irq = 0, steal = 0;
      if (std::fscanf(file, "cpu %lf %lf %lf %*f %*f %lf %lf %lf", &user, &nice, &system, &irq,
                      &soft_irq, &steal) == 6) {
        double const ticks = user + nice + system + irq + soft_irq + steal;
        now.busy = ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
      }
      std::fclose(file);
    }
    return now;
  }

  sample last_ = take();
  double cores_ = -1;
};

/// One figure. Extra fields are JSON already: `"key": value, ...`.
struct record {
  std::string name;
  double ours_s = 0;
  std::string peer;
  double peer_s = 0;
  double roofline_s = 0;
  std::string peer_version;
  std::string flags;
  int threads = 1;
  std::string extra = {};
};

/// A JSON array of records in a file, one to a line, each with machine and date, which `compare.sh`
/// passes in the environment, and the cores that other work took meanwhile.
class results {
 public:
  explicit results(char const* path) : file_(std::fopen(path, "w"))
  {
    if (file_ == nullptr) {
      std::perror(path);
      std::exit(1);
    }
    std::fputc('[', file_);
  }
  results(results const&) = delete;
  results& operator=(results const&) = delete;
  ~results()
  {
    std::fputs("\n]\n", file_);
    std::fclose(file_);
  }

  /// `fields` are JSON: `"key": value, ...`.
  void add(std::string const& name, std::string const& fields, std::string const& peer,
           std::string const& peer_version, std::string const& flags)
  {
    std::fprintf(file_,
                 "%s\n{\"name\": \"%s\", %s, \"peer\": \"%s\", \"peer_version\": \"%s\", "
                 "\"flags\": \"%s\", \"machine\": \"%s\", \"date\": \"%s\", \"other_cores\": %s}",
                 separator_, name.c_str(), fields.c_str(), peer.c_str(), peer_version.c_str(),
                 flags.c_str(), environment("COMPARE_MACHINE", "unknown"),
                 environment("COMPARE_DATE", "unknown"), others_.cores().c_str());
    std::fflush(file_);
    separator_ = ",";
  }

  void write(record const& r)
  {
    double const ratio = r.peer_s / r.ours_s;
    double const fraction = r.roofline_s / r.ours_s;
    char fields[256];
    std::snprintf(fields, sizeof fields,
                  "\"ours_s\": %.6g, \"peer_s\": %.6g, \"ratio\": %.4g, "
                  "\"roofline_fraction\": %.4g, \"threads\": %d%s",
                  r.ours_s, r.peer_s, ratio, fraction, r.threads, r.extra.empty() ? "" : ", ");
    add(r.name, fields + r.extra, r.peer, r.peer_version, r.flags);
    std::printf("%-48s %d threads  %9.3f ms  %5.1f %% of the roofline  %6.2fx %s\n", r.name.c_str(),
                r.threads, 1e3 * r.ours_s, 100 * fraction, ratio, r.peer.c_str());
    std::fflush(stdout);
  }

  /// Memory instead of seconds.
  void write_bytes(std::string const& name, double ours, std::string const& peer, double theirs,
                   std::string const& peer_version, std::string const& flags, double logits)
  {
    char fields[128];
    std::snprintf(fields, sizeof fields,
                  "\"ours_bytes\": %.0f, \"peer_bytes\": %.0f, \"logits_bytes\": %.0f", ours,
                  theirs, logits);
    add(name, fields, peer, peer_version, flags);
    std::printf("%-48s %.1f MB beside %.1f MB of %s\n", name.c_str(), ours / 1e6, theirs / 1e6,
                peer.c_str());
  }

 private:
  std::FILE* file_;
  other_work others_;
  char const* separator_ = "";
};

}  // namespace measure
