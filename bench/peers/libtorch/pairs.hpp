// SPDX-License-Identifier: MIT
#pragma once
/// \file  Preference losses by LibTorch's autograd.

#include <torch/torch.h>
#include <torch/version.h>

#include "../../measure.hpp"
#include "../cases/extent.hpp"
#include "../cases/pair_case.hpp"
#include "rows.hpp"

namespace compare {

inline void pairs(library const& lib, std::int64_t count, int rounds, measure::results& results)
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
          {[&] { c.copy(lib.copy, columns, threads); }, [&] { run(&p); }, [&] { theirs(); }},
          rounds);
      results.write({c.name(loss), s[1], peer, s[2], s[0], TORCH_VERSION, lib.build, threads,
                     "\"elements\": " + std::to_string(count)});
    }
  };
  compare_with("dpo", dpo, lib.dpo, lib.scalar_dpo, 7);
  compare_with("mfpo", mfpo, lib.mfpo, lib.scalar_mfpo, 10);
}

}  // namespace compare
