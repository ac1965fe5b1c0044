// SPDX-License-Identifier: MIT
#pragma once
/// \file  A language-model head by LibTorch, whose own matrix products prefopt is given.

#include <torch/torch.h>
#include <torch/version.h>

#if __has_include(<oneapi/dnnl/dnnl.hpp>)
#include <prefopt/adapters/onednn.hpp>
#define WITH_ONEDNN 1
#endif

#include "rows.hpp"

namespace compare {

#if WITH_ONEDNN
/// The library that LibTorch multiplies bf16 with.
inline void onednn_product(prefopt_matrix const* a, prefopt_matrix const* b,
                           prefopt_matrix const* c, std::int32_t accumulate)
{
  using prefopt::bfloat16;
  static prefopt::onednn_gemm const gemm;
  auto const view = [](auto element, prefopt_matrix const& m) {
    return prefopt::matrix_view<decltype(element)>(static_cast<decltype(element)*>(m.data), m.rows,
                                                   m.columns, m.row_stride, m.column_stride);
  };
  prefopt::matrix_view<bfloat16 const> const x = view(bfloat16(), *a), y = view(bfloat16(), *b);
  gemm(x, y, view(float(), *c), accumulate != 0);
}
#endif

/// Log-probability and entropy of hidden states under a head of `width` columns.
inline void head(library const& lib, bool bf16, std::int64_t width, int threads,
                 measure::results& results)
{
  std::int64_t const rows = 512, vocabulary = 16000;
  auto const type = bf16 ? torch::kBFloat16 : torch::kFloat32;
  double const spread = std::sqrt(3 / std::sqrt(static_cast<double>(width)));
  torch::manual_seed(1);
  Tensor hidden = (spread * torch::randn({rows, width})).to(type);
  Tensor weight = (spread * torch::randn({vocabulary, width})).to(type);
  Tensor const targets = (torch::arange(rows) * 7919 % vocabulary).view({rows, 1});
  Tensor const seed = torch::full({rows}, 0.5, hidden.options());

  prefopt_head h{hidden.data_ptr(),
                 weight.data_ptr(),
                 targets.data_ptr<std::int64_t>(),
                 rows,
                 width,
                 vocabulary,
                 nullptr,
                 nullptr,
                 bf16,
                 threads};
  if (bf16) {
#if WITH_ONEDNN
    h.product = onednn_product;
#else
    std::printf("skipped: a head in bf16, for want of oneDNN\n");
    return;
#endif
  } else {
    h.sgemm = dlsym(RTLD_DEFAULT, "sgemm_");
    if (h.sgemm == nullptr) { fail("LibTorch has no sgemm_"); }
  }
  std::vector<float> lp(static_cast<std::size_t>(rows)), entropy(lp), lse(lp),
      seeds(lp.size(), .5f);
  std::vector<float> d_hidden(static_cast<std::size_t>(rows * width)),
      d_weight(static_cast<std::size_t>(vocabulary * width)),
      logits(static_cast<std::size_t>(rows * vocabulary));
  std::vector<char> workspace(static_cast<std::size_t>(lib.head_workspace(&h)));

  auto const ours = [&] {
    lib.head_log_probs(&h, lp.data(), entropy.data(), lse.data(), workspace.data());
  };
  auto const ours_both = [&](bool with_entropy) {
    lib.head_log_probs_and_gradients(&h, lp.data(), entropy.data(), lse.data(), seeds.data(),
                                     with_entropy ? seeds.data() : nullptr, d_hidden.data(),
                                     d_weight.data(), workspace.data());
  };
  auto const score = [&](bool by_lse, bool with_entropy) {
    torch_rows t(hidden.mm(weight.t()), targets, seed);
    return t.forward(by_lse, with_entropy);
  };
  auto const theirs = [&](bool by_lse, bool with_entropy) {
    torch::NoGradGuard const no_grad;
    return score(by_lse, with_entropy);
  };
  auto const theirs_both = [&](bool by_lse, bool with_entropy) {
    hidden.requires_grad_(true);
    weight.requires_grad_(true);
    auto const [log_prob, e] = score(by_lse, with_entropy);
    Tensor loss = (log_prob * seed).sum();
    if (with_entropy) { loss = loss + (e * seed).sum(); }
    loss.backward();
    std::pair const gradients{hidden.grad(), weight.grad()};
    for (Tensor* const x : {&hidden, &weight}) {
      x->mutable_grad() = Tensor();
      x->requires_grad_(false);
    }
    return gradients;
  };

  ours_both(true);
  {
    auto const [log_prob, e] = theirs(false, true);
    auto const [dh, dw] = theirs_both(false, true);
    double const tolerance = bf16 ? 0.2 : 1e-3;
    for (std::int64_t i = 0; i < rows; i += 37) {
      auto const k = static_cast<std::size_t>(i);
      bool const same =
          std::abs(log_prob[i].item<double>() - static_cast<double>(lp[k])) < tolerance &&
          std::abs(e[i].item<double>() - static_cast<double>(entropy[k])) < tolerance &&
          std::abs(dh[i][1].item<double>() -
                   static_cast<double>(d_hidden[k * d_hidden.size() / lp.size() + 1])) <
              tolerance &&
          std::abs(dw[i][1].item<double>() -
                   static_cast<double>(d_weight[k * static_cast<std::size_t>(width) + 1])) <
              tolerance;
      if (!same) { fail("LibTorch and prefopt differ in a head"); }
    }
  }
  for (bool const with_entropy : {true, false}) {
    auto const forward = [&](bool by_lse) { theirs(by_lse, with_entropy); };
    auto const both = [&](bool by_lse) { theirs_both(by_lse, with_entropy); };
    bool const forward_way = logsumexp_is_faster(forward);
    bool const both_way = logsumexp_is_faster(both);
    auto const t = measure::medians(
        {[&] { lib.head_product(&h, logits.data()); }, ours, [&] { forward(forward_way); },
         [&] { ours_both(with_entropy); }, [&] { both(both_way); }},
        7);
    std::string const name = with_entropy ? "head log_prob+entropy" : "head log_prob";
    std::string const shape =
        std::string("/") + (bf16 ? "bf16" : "fp32") + "/D=" + std::to_string(width);
    auto const write = [&](std::string const& what, double mine, double other, double roofline,
                           bool by_lse) {
      results.write({what + shape, mine, peer, other, roofline, TORCH_VERSION, lib.build, threads,
                     "\"elements\": " + std::to_string(rows * vocabulary) +
                         ", \"workspace\": " + std::to_string(workspace.size()) +
                         ", \"peer_way\": \"" + way(by_lse) + "\""});
    };
    write(name, t[1], t[2], t[0], forward_way);
    write(name + " forward+backward", t[3], t[4], 3 * t[0], both_way);
  }
}

}  // namespace compare
