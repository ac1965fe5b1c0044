// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probabilities of logits by LibTorch, and the memory that they take.

#include <torch/torch.h>
#include <torch/version.h>

#include "../../measure.hpp"
#include "../cases/extent.hpp"
#include "../cases/row_case.hpp"

namespace compare {

using torch::Tensor;

constexpr char const* peer = "LibTorch";

struct torch_rows {
  Tensor logits, targets, seed;

  explicit torch_rows(row_case& c)
      : logits(torch::from_blob(c.logits_data(), {c.rows, c.vocabulary},
                                c.bf16 ? torch::kBFloat16 : torch::kFloat32)),
        targets(torch::from_blob(c.targets.data(), {c.rows, 1}, torch::kInt64)),
        seed(torch::full({c.rows}, 0.5, logits.options()))
  {
  }
  torch_rows(Tensor x, Tensor y, Tensor seeds)
      : logits(std::move(x)), targets(std::move(y)), seed(std::move(seeds))
  {
  }

  /// log_softmax, gather, and the entropy of the same log_softmax.
  std::pair<Tensor, Tensor> by_log_softmax(bool with_entropy) const
  {
    Tensor const log_p = torch::log_softmax(logits, -1);
    Tensor const lp = log_p.gather(-1, targets).squeeze(-1);
    return {lp, with_entropy ? -(log_p.exp() * log_p).sum(-1) : Tensor()};
  }
  /// gather - logsumexp, and logsumexp - sum p x.
  std::pair<Tensor, Tensor> by_logsumexp(bool with_entropy) const
  {
    Tensor const lse = torch::logsumexp(logits, -1);
    Tensor const lp = logits.gather(-1, targets).squeeze(-1) - lse;
    return {lp, with_entropy ? lse - (torch::softmax(logits, -1) * logits).sum(-1) : Tensor()};
  }
  std::pair<Tensor, Tensor> forward(bool by_lse, bool with_entropy) const
  {
    return by_lse ? by_logsumexp(with_entropy) : by_log_softmax(with_entropy);
  }
  void forward_and_backward(bool by_lse, bool with_entropy)
  {
    logits.requires_grad_(true);
    auto const [lp, h] = forward(by_lse, with_entropy);
    Tensor loss = (lp * seed).sum();
    if (with_entropy) { loss = loss + (h * seed).sum(); }
    loss.backward();
    logits.mutable_grad() = Tensor();
    logits.requires_grad_(false);
  }

  void check(row_case const& c) const
  {
    for (bool const by_lse : {false, true}) {
      torch::NoGradGuard const no_grad;
      auto const [lp, h] = forward(by_lse, true);
      double const tolerance = c.bf16 ? 0.2 : 1e-3;
      for (std::int64_t i = 0; i < c.rows; i += c.rows / 7) {
        auto const row = static_cast<std::size_t>(i);
        bool const same =
            std::abs(lp[i].item<double>() - static_cast<double>(c.log_prob[row])) < tolerance &&
            std::abs(h[i].item<double>() - static_cast<double>(c.entropy[row])) < tolerance;
        if (!same) { fail(c.name("LibTorch") + " and prefopt differ"); }
      }
    }
  }
};

/// The way of the two that is faster here: a peer is taken at its best.
template <class Run>
bool logsumexp_is_faster(Run const& run)
{
  auto const t = measure::medians({[&] { run(false); }, [&] { run(true); }}, 3);
  return t[1] < t[0];
}
inline char const* way(bool by_lse)
{
  return by_lse ? "logsumexp" : "log_softmax";
}

inline void rows(library const& lib, extent const& much, bool bf16, std::int64_t vocabulary,
                 measure::results& results)
{
  row_case c(bf16, much.elements, vocabulary);
  c.check(lib);
  torch_rows t(c);
  t.check(c);
  for (int const threads : {1, 2}) {
    torch::set_num_threads(threads);
    for (bool const with_entropy : {true, false}) {
      auto const forward = [&](bool by_lse) {
        torch::NoGradGuard const no_grad;
        t.forward(by_lse, with_entropy);
      };
      auto const both = [&](bool by_lse) { t.forward_and_backward(by_lse, with_entropy); };
      bool const forward_way = logsumexp_is_faster(forward);
      bool const both_way = logsumexp_is_faster(both);
      auto const s = measure::medians(
          {[&] { lib.read(c.logits_data(), c.bytes(), threads); },
           [&] { c.forward(lib, threads, with_entropy); }, [&] { forward(forward_way); },
           [&] { lib.copy(c.logits_data(), c.gradient_data(), c.bytes(), threads); },
           [&] { c.forward_and_backward(lib, threads, with_entropy); }, [&] { both(both_way); }},
          much.rounds);
      auto const write = [&](std::string const& what, double ours, double theirs, double roofline,
                             bool by_lse) {
        results.write({c.name(what.c_str()), ours, peer, theirs, roofline, TORCH_VERSION, lib.build,
                       threads,
                       "\"elements\": " + std::to_string(c.elements()) + ", \"peer_way\": \"" +
                           way(by_lse) + "\""});
      };
      std::string const what = with_entropy ? "log_prob+entropy" : "log_prob";
      write(what, s[1], s[2], s[0], forward_way);
      write(what + " forward+backward", s[4], s[5], s[0] + s[3], both_way);
    }
  }
}

/// Peak bytes beyond logits, gradient and results, which the caller owns.
inline void memory(library const& lib, extent const& much, measure::results& results)
{
  row_case c(false, much.elements, 128256);
  torch_rows t(c);
  for (bool const with_entropy : {true, false}) {
    double const ours = peak_bytes([&] { c.forward_and_backward(lib, 2, with_entropy); });
    double theirs = 1e300;
    for (bool const by_lse : {false, true}) {
      // The gradient itself is a result.
      theirs = std::min(theirs, peak_bytes([&] { t.forward_and_backward(by_lse, with_entropy); }) -
                                    static_cast<double>(c.bytes()));
    }
    results.write_bytes(c.name(with_entropy ? "log_prob+entropy forward+backward memory"
                                            : "log_prob forward+backward memory"),
                        ours, peer, theirs, TORCH_VERSION, lib.build,
                        static_cast<double>(c.bytes()));
  }
}

}  // namespace compare
