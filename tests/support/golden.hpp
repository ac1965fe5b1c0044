// SPDX-License-Identifier: MIT
#pragma once
/// \file  A sample of the losses of tests/golden/golden.json in any tensor library's memory, on any
/// driver. All of them are in golden_registry.hpp.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/ipo.hpp>
#include <prefopt/losses/ipo_sum.hpp>
#include <prefopt/losses/mdpo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/losses/reward_model.hpp>
#include <prefopt/losses/simpo.hpp>

#include "support/columns.hpp"
#include "support/golden_file.hpp"

namespace prefopt::test {

/// The losses of the file that `visit_golden_loss` knows.
inline std::vector<std::string> const pointwise_losses{
    "dpo",  "cdpo", "hinge",      "ipo",         "ipo_sum", "simpo",
    "mdpo", "mfpo", "mfpo_image", "mfpo_margin", "cpo",     "cpo_hinge"};

/// Calls `visit(loss)` with the case's loss over Real; its parameters are first rounded to Stored.
template <class Real, class Stored, class Visit>
void visit_golden_loss(golden_case const& c, Visit visit)
{
  auto const param = [&](char const* key, double otherwise) {
    return static_cast<Real>(static_cast<Stored>(c.param(key, otherwise)));
  };
  Real const beta = param("beta", 0.1);
  Real const eta = param("eta", 0);
  link::logistic<Real> const logistic{};
  if (c.name == "dpo" || c.name == "cdpo") {
    visit(dpo<Real>{.beta = beta, .label_smoothing = param("eps", 0)});
  } else if (c.name == "ipo") {
    visit(ipo<Real>{.beta = beta});
  } else if (c.name == "ipo_sum") {
    visit(ipo_sum<Real>{.beta = beta});
  } else if (c.name == "simpo") {
    visit(
        simpo<Real>{.beta = beta, .gamma = param("gamma", 0), .label_smoothing = param("eps", 0)});
  } else if (c.name == "mdpo") {
    visit(mdpo<Real>{.beta = beta});
  } else if (c.name == "mfpo") {
    visit(mfpo<Real>{.beta = beta,
                     .eta = eta,
                     .text_weight = param("w_text", 1),
                     .modality_weight = {{param("w_image", 1)}},
                     .margin_weight = param("w_margin", 1)});
  } else if (c.name == "hinge") {
    visit(contrast<branch::chosen, branch::rejected, score::log_ratio>("text", link::hinge<Real>{},
                                                                       beta));
  } else if (c.name == "cpo_hinge") {
    visit(contrast<branch::chosen, branch::rejected, score::log_prob>("text", link::hinge<Real>{},
                                                                      beta));
  } else if (c.name == "cpo") {
    visit(contrast<branch::chosen, branch::rejected, score::log_prob>(
        "text", link::logistic<Real>{param("eps", 0)}, beta));
  } else if (c.name == "mfpo_image") {
    visit(
        contrast<branch::chosen, branch::perturbed<0>, score::log_ratio>("image", logistic, beta));
  } else if (c.name == "mfpo_margin") {
    visit(anchor<branch::chosen, score::log_ratio>("margin", logistic, beta, eta));
  } else {
    throw std::runtime_error("no loss for golden case " + c.name);
  }
}

/// Checks an evaluation against what `reference(row, output)` says; output 0 is the value.
template <class Real, class Reference>
void check_outputs(std::string const& what, owned_outputs<Real> const& got, Reference reference)
{
  for (std::size_t k = 0; k < got.size(); ++k) {
    std::vector<reference_value> want;
    for (std::size_t i = 0; i < got[k].size(); ++i) { want.push_back(reference(i, k)); }
    check_column(what + (k == 0 ? ", value" : ", gradient " + std::to_string(k - 1)), got[k], want);
  }
}

template <class Loss, class Real>
owned_columns<Loss, Real> golden_batch(golden_case const& c)
{
  owned_columns<Loss, Real> batch;
  auto const list = columns_of<std::vector<Real>>(batch);
  for (std::size_t k = 0; k < list.names.size(); ++k) {
    for (double v : c.columns.at(golden_name(list.names[k]))) {
      list.columns[k]->push_back(static_cast<Real>(v));
    }
  }
  return batch;
}

/// Every golden loss in double against the 400-digit results.
template <template <class> class Table, class Evaluate>
void check_golden_in_double(Evaluate const& evaluate)
{
  for (auto const& c : golden_cases(pointwise_losses)) {
    visit_golden_loss<double, double>(c, [&]<class Loss>(Loss const& loss) {
      auto batch = golden_batch<Loss, double>(c);
      auto const names = columns_of<std::vector<double>>(batch).names;
      auto const got = evaluate_in<Table, Loss, double>(loss, batch, evaluate);
      REQUIRE(got[0].size() == c.loss.size());
      check_outputs(c.name + " on " + c.dataset, got, [&](std::size_t i, std::size_t k) {
        auto want = reference_outputs(loss, example<Loss, double>(batch, i))[k];
        auto const gradient = k > 0 ? c.gradient.find(golden_name(names[k - 1])) : c.gradient.end();
        want.value = k == 0 ? c.loss[i] : gradient == c.gradient.end() ? 0 : gradient->second[i];
        return want;
      });
    });
  }
}

/// Every golden loss in float against double arithmetic on the same rounded inputs and parameters,
/// which the test above ties to the 400-digit results.
template <template <class> class Table, class Evaluate>
void check_golden_in_float(Evaluate const& evaluate)
{
  for (auto const& c : golden_cases(pointwise_losses)) {
    owned_outputs<float> got;
    visit_golden_loss<float, float>(c, [&]<class Loss>(Loss const& loss) {
      got = evaluate_in<Table, Loss, float>(loss, golden_batch<Loss, float>(c), evaluate);
    });
    visit_golden_loss<double, float>(c, [&]<class Loss>(Loss const& loss) {
      auto const batch = golden_batch<Loss, float>(c);
      check_outputs(c.name + " in float on " + c.dataset, got, [&](std::size_t i, std::size_t k) {
        return reference_outputs(loss, example<Loss, double>(batch, i))[k];
      });
    });
  }
}

/// DPO's implicit rewards on a golden case, as a reward model's.
template <class Real>
owned_columns<reward_model<Real>, Real> golden_rewards(golden_case const& c)
{
  double const beta = c.params.at("beta");
  owned_columns<reward_model<Real>, Real> batch;
  for (std::size_t i = 0; i < c.loss.size(); ++i) {
    auto const reward = [&](char const* policy, char const* reference) {
      double const r = implicit_reward(beta, c.columns.at(policy)[i], c.columns.at(reference)[i]);
      return static_cast<Real>(r);
    };
    batch.chosen.push_back(reward("pol_w", "ref_w"));
    batch.rejected.push_back(reward("pol_l", "ref_l"));
  }
  return batch;
}

/// A reward model whose rewards are DPO's implicit ones has DPO's golden values in double; in float
/// it is compared with double arithmetic on the same rounded rewards.
template <template <class> class Table, class Evaluate>
void check_golden_reward_model(Evaluate const& evaluate)
{
  using loss_type = reward_model<double>;
  for (auto const& c : golden_cases({"dpo"})) {
    double const beta = c.params.at("beta");
    auto const batch = golden_rewards<double>(c);
    auto const got = evaluate_in<Table, loss_type, double>({}, batch, evaluate);
    check_outputs("reward_model as dpo on " + c.dataset, got, [&](std::size_t i, std::size_t k) {
      auto want = reference_outputs(loss_type{}, example<loss_type, double>(batch, i))[k];
      // d/d reward = d/d log-prob / beta
      want.value = k == 0 ? c.loss[i] : c.gradient.at(k == 1 ? "pol_w" : "pol_l")[i] / beta;
      return want;
    });

    auto const rounded = golden_rewards<float>(c);
    auto const in_float = evaluate_in<Table, reward_model<float>, float>({}, rounded, evaluate);
    check_outputs(
        "reward_model in float on " + c.dataset, in_float, [&](std::size_t i, std::size_t k) {
          auto const x = example<reward_model<float>, double>(rounded, i);
          return reference_outputs(loss_type{}, record_of<loss_type, double>{
                                                    .chosen = x.chosen, .rejected = x.rejected})[k];
        });
  }
}

}  // namespace prefopt::test
