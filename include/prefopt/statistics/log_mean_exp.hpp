// SPDX-License-Identifier: MIT
#pragma once
/// \file  log of a mean of exponentials, of numbers of any size.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/statistics/exact_sum.hpp>

namespace prefopt {

/// log((1/n) sum e^x). With x = R / beta_1, times beta_1, it is A2PO's optimal value V* of a prompt
/// (Brantley et al., "Accelerating RL for LLM Reasoning with Optimal Advantage Regression", arXiv
/// 2505.20686, stage 1).
///
/// Stable for every x up to 1e300, and exact in its sums: x belongs to one of the bins of width
/// 512 ln 2, of which only the highest two count; a term below those is less than 2^-512 of the
/// sum. So `push` and `merge` form a commutative monoid of which no split changes a bit (|x| up to
/// 1e15), other than with a running maximum and rescaled sums. -infinity counts in n and adds
/// nothing; +infinity and NaN propagate.
class log_mean_exp {
 public:
  void push(double x)
  {
    count_ += 1;
    if (!(std::abs(x) < infinity_v<double>)) {
      if (x != -infinity_v<double>) { special_.push(x); }
      return;
    }
    double const bin = std::floor(x / (width + width_rest) + 0.5);
    double const rest = (x - bin * width) - bin * width_rest;
    raise_to(bin);
    // Half a bin is 177.4; beyond 1e16 numbers are too far apart to say where in it they are.
    add(bin, std::exp(min(max(rest, -178.0), 178.0)));
  }

  void merge(log_mean_exp const& other)
  {
    count_ += other.count_;
    special_.merge(other.special_);
    if (other.top_ == no_bin) { return; }
    raise_to(other.top_);
    if (other.top_ == top_) {
      high_.merge(other.high_);
      low_.merge(other.low_);
    } else if (other.top_ == top_ - 1) {
      low_.merge(other.high_);
    }
  }

  index_t count() const { return count_; }

  /// NaN for no numbers, -infinity where all are.
  double value() const
  {
    if (count_ == 0) { return quiet_nan_v<double>; }
    if (!(special_ == exact_sum{})) { return special_.value(); }
    if (top_ == no_bin) { return -infinity_v<double>; }
    double const sum = high_.value() + std::ldexp(low_.value(), -512);
    double const within = std::log(sum / static_cast<double>(count_));
    return top_ * width + (within + top_ * width_rest);
  }

  bool operator==(log_mean_exp const&) const = default;

 private:
  static constexpr double no_bin = -infinity_v<double>;
  // 512 ln 2 in two parts: the first has 32 bits, so that a bin's number times it is exact.
  static constexpr double width = 512 * 0x1.62e42feep-1;
  static constexpr double width_rest = 512 * 0x1.a39ef35793c76p-33;

  void raise_to(double bin)
  {
    if (!(bin > top_)) { return; }
    low_ = bin == top_ + 1 ? high_ : exact_sum{};
    high_ = {};
    top_ = bin;
  }

  void add(double bin, double term)
  {
    if (bin == top_) {
      high_.push(term);
    } else if (bin == top_ - 1) {
      low_.push(term);
    }
  }

  exact_sum high_{}, low_{};  // bins top_ and top_ - 1
  exact_sum special_{};
  double top_ = no_bin;
  index_t count_ = 0;
};

}  // namespace prefopt
