// SPDX-License-Identifier: MIT
#pragma once
/// \file  How log-probabilities were made: a tag that travels with them, so that those of the
/// policy and of the reference are compared only where they came the same way.

#include <cstdint>
#include <string>

#include <prefopt/core/error.hpp>

namespace prefopt {

/// Type of numbers in memory or in a sum.
enum class number_type : std::uint8_t { unstated, fp64, fp32, bf16, fp16 };

/// "fp64", "fp32", "bf16", "fp16", "unstated"; "unknown" for a value that is none of them.
constexpr char const* name_of(number_type type)
{
  switch (type) {
    case number_type::unstated:
      return "unstated";
    case number_type::fp64:
      return "fp64";
    case number_type::fp32:
      return "fp32";
    case number_type::bf16:
      return "bf16";
    case number_type::fp16:
      return "fp16";
  }
  return "unknown";
}

/// The way from hidden states to a sum of log-probabilities. Nothing that matters has a default: a
/// tag that nobody filled in would agree with every other of its kind.
struct scoring_path {
  std::string
      code{};  ///< what computed them: "log_probs", "chunked head", a server and its version
  number_type logits = number_type::unstated;        ///< as the softmax read them
  number_type accumulation = number_type::unstated;  ///< of softmax and sums: fp32 or fp64
  double temperature = 1;
  double logit_scale = 1;
  double softcap = 0;  ///< 0 means none
};

namespace detail {

inline std::string quoted(std::string const& text)
{
  return "'" + text + "'";
}

}  // namespace detail

/// Throws `std::invalid_argument` for a tag that was not filled in, for sums in 16 bits (bf16
/// has steps of 0.5 at -100), and for a transform that is none.
inline void check_path(char const* function, scoring_path const& path)
{
  auto const require = [function](bool good, char const* what, char const* expected,
                                  std::string const& got) {
    if (!good) { detail::throw_invalid(function, what, expected, got); }
  };
  auto const is_float = [](number_type t) {
    return t == number_type::fp32 || t == number_type::fp64;
  };
  bool const is_half = path.logits == number_type::bf16 || path.logits == number_type::fp16;
  require(!path.code.empty(), "path.code", "the name of the code that scores", "none");
  require(is_half || is_float(path.logits), "path.logits", "fp64, fp32, bf16 or fp16",
          name_of(path.logits));
  require(is_float(path.accumulation), "path.accumulation", "fp32 or fp64",
          name_of(path.accumulation));
  require(path.temperature > 0, "path.temperature", "a number above 0",
          detail::exact_text(path.temperature));
  require(path.logit_scale > 0, "path.logit_scale", "a number above 0",
          detail::exact_text(path.logit_scale));
  require(path.softcap >= 0, "path.softcap", "a number above 0, or 0 for none",
          detail::exact_text(path.softcap));
}

/// Throws `std::invalid_argument`, naming what differs, unless policy and reference were scored the
/// same way. What scored both alike cancels in their log-ratio; what did not is noise in it, of the
/// size of the signal (a bf16 policy against an fp32 reference does not start at log 2).
inline void check_same_path(scoring_path const& policy, scoring_path const& reference)
{
  char const* const function = "check_same_path";
  check_path(function, policy);
  check_path(function, reference);
  auto const same = [function](char const* what, bool equal, std::string const& ref,
                               std::string const& got) {
    if (!equal) {
      detail::throw_invalid(function, what, "that of the reference, " + ref,
                            got + " for the policy");
    }
  };
  auto const number = [&same](char const* what, double ref, double got) {
    same(what, ref == got, detail::exact_text(ref), detail::exact_text(got));
  };
  same("path.code", policy.code == reference.code, detail::quoted(reference.code),
       detail::quoted(policy.code));
  same("path.logits", policy.logits == reference.logits, name_of(reference.logits),
       name_of(policy.logits));
  same("path.accumulation", policy.accumulation == reference.accumulation,
       name_of(reference.accumulation), name_of(policy.accumulation));
  number("path.temperature", reference.temperature, policy.temperature);
  number("path.logit_scale", reference.logit_scale, policy.logit_scale);
  number("path.softcap", reference.softcap, policy.softcap);
}

}  // namespace prefopt
