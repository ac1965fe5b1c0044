// SPDX-License-Identifier: MIT
/// \file  prefopt beside LibTorch, in turns in one process: log-probabilities with and without
/// entropy, forward and backward, preference losses, and the memory that each takes.
///
///     libtorch LIBRARY RESULTS [--quick] [--head THREADS]
///
/// With --head: a language-model head instead, with LibTorch's own matrix products in prefopt too.
/// Its BLAS has threads of its own: OPENBLAS_NUM_THREADS and OMP_NUM_THREADS are to be THREADS.

#include <torch/torch.h>
#include <torch/version.h>

#if __has_include(<oneapi/dnnl/dnnl.hpp>)
#include <prefopt/adapters/onednn.hpp>
#define WITH_ONEDNN 1
#endif

#include "cases.hpp"

namespace {

using namespace compare;
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
char const* way(bool by_lse)
{
  return by_lse ? "logsumexp" : "log_softmax";
}

void rows(library const& lib, extent const& much, bool bf16, std::int64_t vocabulary,
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
void memory(library const& lib, extent const& much, measure::results& results)
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

void pairs(library const& lib, std::int64_t count, int rounds, measure::results& results)
{
  // Autograd keeps about twenty columns for MFPO.
  if (!is_room_for("LibTorch's pairs", 4 * pair_case::bytes(count))) { return; }
  pair_case c(count);
  auto const column = [&](float* data) { return torch::from_blob(data, {count}, torch::kFloat32); };
  std::vector<Tensor> in;
  for (int k = 0; k < 6; ++k) { in.push_back(column(c.input(k))); }
  Tensor const one = torch::ones({count});
  auto const ratio = [&](std::size_t k) { return in[k] - in[k + 3]; };
  auto const differentiate = [&](std::size_t policies, auto const& loss) {
    for (std::size_t k = 0; k < policies; ++k) { in[k].requires_grad_(true); }
    Tensor const value = loss();
    value.backward(one);
    Tensor const gradient = in[0].grad();
    for (std::size_t k = 0; k < policies; ++k) {
      in[k].mutable_grad() = Tensor();
      in[k].requires_grad_(false);
    }
    return std::pair{value.detach(), gradient};
  };
  constexpr double beta = 0.1;
  auto const dpo = [&] {
    return differentiate(2, [&] { return -torch::log_sigmoid(beta * (ratio(0) - ratio(1))); });
  };
  auto const mfpo = [&] {
    return differentiate(3, [&] {
      Tensor const w = beta * ratio(0), l = beta * ratio(1), n = beta * ratio(2);
      return -torch::log_sigmoid(w - l) - torch::log_sigmoid(w - n) - torch::log_sigmoid(w);
    });
  };
  auto const compare_with = [&](char const* loss, auto const& theirs, decltype(&prefopt_dpo) run,
                                decltype(&prefopt_dpo) scalar, int columns) {
    c.check(run, scalar);
    for (int const threads : {1, 2}) {
      torch::set_num_threads(threads);
      prefopt_pairs const p = c.columns(threads);
      run(&p);
      auto const [value, gradient] = theirs();
      for (std::int64_t i = 0; i < 100; ++i) {
        if (std::abs(value[i].template item<float>() - c.output(0)[i]) > 1e-3f ||
            std::abs(gradient[i].template item<float>() - c.output(1)[i]) > 1e-3f) {
          fail(c.name(loss) + ": LibTorch and prefopt differ");
        }
      }
      auto const s = measure::medians(
          {[&] { c.copy(lib, columns, threads); }, [&] { run(&p); }, [&] { theirs(); }}, rounds);
      results.write({c.name(loss), s[1], peer, s[2], s[0], TORCH_VERSION, lib.build, threads,
                     "\"elements\": " + std::to_string(count)});
    }
  };
  compare_with("dpo", dpo, lib.dpo, lib.scalar_dpo, 7);
  compare_with("mfpo", mfpo, lib.mfpo, lib.scalar_mfpo, 10);
}

#if WITH_ONEDNN
/// The library that LibTorch multiplies bf16 with.
void onednn_product(prefopt_matrix const* a, prefopt_matrix const* b, prefopt_matrix const* c,
                    std::int32_t accumulate)
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
void head(library const& lib, extent const& much, bool bf16, std::int64_t width, int threads,
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

}  // namespace

int main(int argc, char** argv)
{
  if (!measure::is_release(argv[0])) { return 1; }
  if (argc < 3) { fail("usage: libtorch LIBRARY RESULTS [--quick] [--head THREADS]"); }
  bool quick = false;
  int head_threads = 0;
  for (int i = 3; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) { quick = true; }
    if (std::strcmp(argv[i], "--head") == 0 && i + 1 < argc) {
      head_threads = std::atoi(argv[++i]);
    }
  }
  extent const much = extent::of(quick);
  library const lib(argv[1]);
  measure::results results(argv[2]);
  if (head_threads > 0) {
    recycle_heap();
    torch::set_num_threads(head_threads);
    for (bool const bf16 : {false, true}) {
      head(lib, much, bf16, 1024, head_threads, results);
      if (!quick && head_threads > 1) { head(lib, much, bf16, 4096, head_threads, results); }
    }
    return 0;
  }
  memory(lib, much, results);
  recycle_heap();
  for (bool const bf16 : {false, true}) {
    for (std::int64_t const vocabulary : much.vocabularies) {
      rows(lib, much, bf16, vocabulary, results);
    }
  }
  for (std::int64_t const count : much.pairs) { pairs(lib, count, much.rounds, results); }
}
