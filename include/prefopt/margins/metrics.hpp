// SPDX-License-Identifier: MIT
#pragma once
/// \file  The metrics of preference training under the names of Hugging Face TRL, as sums that
/// merge over micro-batches and ranks.

#include <prefopt/core/columns.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/score.hpp>
#include <prefopt/statistics/weighted_mean.hpp>

namespace prefopt {

/// One preference: the chosen answer over the rejected one, or over itself given a perturbed
/// modality.
struct margin_metrics {
  weighted_mean reward;    ///< of the branch that should lose
  weighted_mean log_prob;  ///< its log-probability
  weighted_mean margin;    ///< reward of the chosen answer less this one
  weighted_mean accuracy;  ///< share of margins above 0; ties do not count
  weighted_mean tie;       ///< share of margins of exactly 0

  void merge(margin_metrics const& other)
  {
    reward.merge(other.reward);
    log_prob.merge(other.log_prob);
    margin.merge(other.margin);
    accuracy.merge(other.accuracy);
    tie.merge(other.tie);
  }
};

/// Rewards and log-probabilities of preference pairs, with one preference per further modality.
/// `preference_metrics{}` is the identity of `merge`; trivially copyable.
template <int Modalities = 0>
struct preference_metrics {
  weighted_mean chosen_reward;
  weighted_mean chosen_log_prob;
  margin_metrics text;
  margin_metrics modality[Modalities == 0 ? 1 : Modalities];

  void merge(preference_metrics const& other)
  {
    chosen_reward.merge(other.chosen_reward);
    chosen_log_prob.merge(other.chosen_log_prob);
    text.merge(other.text);
    for (int k = 0; k < Modalities; ++k) { modality[k].merge(other.modality[k]); }
  }

  /// Calls `f(prefix, suffix, value)` for every metric, whose name is their concatenation: TRL's
  /// names, and for the modality called `image` `rewards/perturbed_image`, `rewards/margins_image`,
  /// `rewards/accuracies_image` ... Without `names` the modalities are called as `mfpo` does.
  template <class Function>
  void for_each(Function&& f, per_modality<char const*, Modalities> const& names =
                                  detail::default_modality_names<Modalities>()) const
  {
    f("rewards/chosen", "", chosen_reward.mean());
    f("rewards/rejected", "", text.reward.mean());
    f("rewards/margins", "", text.margin.mean());
    f("rewards/accuracies", "", text.accuracy.mean());
    f("rewards/ties", "", text.tie.mean());
    f("logps/chosen", "", chosen_log_prob.mean());
    f("logps/rejected", "", text.log_prob.mean());
    if constexpr (Modalities > 0) {
      for (int k = 0; k < Modalities; ++k) {
        f("rewards/perturbed_", names[k], modality[k].reward.mean());
        f("rewards/margins_", names[k], modality[k].margin.mean());
        f("rewards/accuracies_", names[k], modality[k].accuracy.mean());
        f("rewards/ties_", names[k], modality[k].tie.mean());
        f("logps/perturbed_", names[k], modality[k].log_prob.mean());
      }
    }
  }
};

namespace detail {

template <class Score, int K>
constexpr column_set metric_columns()
{
  if constexpr (K == 0) {
    return Score::template columns<branch::chosen> | Score::template columns<branch::rejected>;
  } else {
    return metric_columns<Score, K - 1>() | Score::template columns<branch::perturbed<K - 1>>;
  }
}

}  // namespace detail

/// What the metrics of pairs are computed from: the columns that a reward of kind `Score` takes.
template <class Real, class Score = score::log_ratio, int Modalities = 0>
using metric_record = preference_record<Real, Real, detail::metric_columns<Score, Modalities>()>;
template <class Real, class Score = score::log_ratio, int Modalities = 0>
using metric_input = metric_record<vector_view<Real const>, Score, Modalities>;

/// How metrics are taken.
template <class Real>
struct metric_options {
  /// Scale of the rewards: the loss's beta.
  double beta = 0.1;
  /// One weight per sample; absent means 1. Weight 0 excludes the sample.
  vector_view<Real const> weight{};
};

namespace detail {

/// Adds the preference of a branch that should lose to a chosen reward.
template <class Branch, class Record>
void add_margin(margin_metrics& to, Record const& x, double chosen, double reward, double weight)
{
  double const margin = chosen - reward;
  to.reward.push(reward, weight);
  to.log_prob.push(static_cast<double>(Branch::policy(x)), weight);
  to.margin.push(margin, weight);
  to.accuracy.push(margin > 0 ? 1 : 0, weight);
  to.tie.push(margin == 0 ? 1 : 0, weight);
}

template <int K, class Score, int Modalities, class Record>
void add_modalities(preference_metrics<Modalities>& to, Record const& x, double beta, double chosen,
                    double weight)
{
  if constexpr (K < Modalities) {
    using losing = branch::perturbed<K>;
    double const reward = beta * static_cast<double>(Score{}.template of<losing>(x));
    add_margin<losing>(to.modality[K], x, chosen, reward, weight);
    add_modalities<K + 1, Score>(to, x, beta, chosen, weight);
  }
}

}  // namespace detail

/// Sums the metrics of a batch of pairs in host memory, in fp64 and in order.
///
///     auto const m = measure<float>({.chosen = pc, .rejected = pr, .ref_chosen = rc,
///                                    .ref_rejected = rr}, {.beta = 0.1});
///
/// Rewards are beta * Score of the raw log-probabilities whatever the loss or its divergence, as
/// TRL's are: log-ratios for losses with a reference, `score::log_prob` for CPO,
/// `score::mean_log_prob` for SimPO. Throws `std::invalid_argument` when a column is missing or of
/// another length.
template <class Real, class Score = score::log_ratio, int Modalities = 0>
preference_metrics<Modalities> measure(metric_input<Real, Score, Modalities> const& in,
                                       metric_options<Real> const& options = {})
{
  index_t const n = detail::batch_extent("measure", in);
  detail::check_input{"measure", n}.optional(column_name{"weight"}, options.weight);
  preference_metrics<Modalities> sums;
  for (index_t i = 0; i < n; ++i) {
    auto const x = detail::load_record<metric_record<Real, Score, Modalities>, Real>(in, i);
    double const weight = options.weight ? static_cast<double>(options.weight[i]) : 1.0;
    double const beta = options.beta;
    double const chosen = beta * static_cast<double>(Score{}.template of<branch::chosen>(x));
    double const rejected = beta * static_cast<double>(Score{}.template of<branch::rejected>(x));
    sums.chosen_reward.push(chosen, weight);
    sums.chosen_log_prob.push(static_cast<double>(x.chosen), weight);
    detail::add_margin<branch::rejected>(sums.text, x, chosen, rejected, weight);
    detail::add_modalities<0, Score>(sums, x, beta, chosen, weight);
  }
  return sums;
}

/// Rewards and log-probabilities of labelled answers (KTO, BCO), each class apart, so that a batch
/// without one of them adds nothing to it.
struct label_metrics {
  weighted_mean chosen_reward, rejected_reward;
  weighted_mean chosen_log_prob, rejected_log_prob;

  void merge(label_metrics const& other)
  {
    chosen_reward.merge(other.chosen_reward);
    rejected_reward.merge(other.rejected_reward);
    chosen_log_prob.merge(other.chosen_log_prob);
    rejected_log_prob.merge(other.rejected_log_prob);
  }

  /// Calls `f(name, "", value)` for every metric; a class that was not seen is NaN.
  template <class Function>
  void for_each(Function&& f) const
  {
    f("rewards/chosen", "", chosen_reward.mean());
    f("rewards/rejected", "", rejected_reward.mean());
    f("rewards/margins", "", chosen_reward.mean() - rejected_reward.mean());
    f("logps/chosen", "", chosen_log_prob.mean());
    f("logps/rejected", "", rejected_log_prob.mean());
    f("count/chosen", "", chosen_reward.weight.value());
    f("count/rejected", "", rejected_reward.weight.value());
  }
};

/// Sums the metrics of a batch of labelled answers in host memory. Throws `std::invalid_argument`
/// when a column is missing or of another length, or a label is neither 0 nor 1.
template <class Real>
label_metrics measure_labelled(labelled_logps<vector_view<Real const>> const& in,
                               metric_options<Real> const& options = {})
{
  index_t const n = detail::batch_extent("measure_labelled", in);
  detail::check_input{"measure_labelled", n}.optional(column_name{"weight"}, options.weight);
  detail::check_samples("measure_labelled", in, options.weight);
  label_metrics sums;
  for (index_t i = 0; i < n; ++i) {
    auto const x = detail::load_record<labelled_logps<Real>, Real>(in, i);
    double const weight = options.weight ? static_cast<double>(options.weight[i]) : 1.0;
    double const reward =
        options.beta * static_cast<double>(score::log_ratio{}.of<branch::completion>(x));
    bool const desirable = x.label > Real(0);
    (desirable ? sums.chosen_reward : sums.rejected_reward).push(reward, weight);
    (desirable ? sums.chosen_log_prob : sums.rejected_log_prob)
        .push(static_cast<double>(x.completion), weight);
  }
  return sums;
}

/// Means over tokens, which a mean of means over batches would get wrong: TRL's `entropy`,
/// `mean_token_accuracy`, `num_tokens`, and `nll_loss`.
struct token_metrics {
  weighted_mean entropy;        ///< of the vocabulary's distribution, nats
  weighted_mean accuracy;       ///< share of tokens that the policy ranks first
  weighted_mean negative_logp;  ///< -log pi(token)

  void merge(token_metrics const& other)
  {
    entropy.merge(other.entropy);
    accuracy.merge(other.accuracy);
    negative_logp.merge(other.negative_logp);
  }
  template <class Function>
  void for_each(Function&& f) const
  {
    f("entropy", "", entropy.mean());
    f("mean_token_accuracy", "", accuracy.mean());
    f("nll_loss", "", negative_logp.mean());
    f("num_tokens", "", negative_logp.weight.value());
  }
};

}  // namespace prefopt
