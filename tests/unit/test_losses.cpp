// SPDX-License-Identifier: MIT
/// \file  The losses against golden values and the paper's test vectors, on plain vectors.

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/core/self_check.hpp>

#include "support/files.hpp"
#include "support/golden.hpp"

using namespace prefopt;

TEST_CASE("the tolerance forgives a few roundings of terms that cancel, and no more", "[losses]")
{
  double const rounding = std::numeric_limits<double>::epsilon();
  CHECK(test::agrees(1 + 5e-13, {1, 0}));
  CHECK_FALSE(test::agrees(1 + 2e-12, {1, 0}));
  CHECK_FALSE(test::agrees(1 + 1e-10, {1, 1000}));  // terms as these cost three digits, not six
  CHECK(test::agrees(1 + 3e7 * rounding, {1, 1e7}));
  CHECK_FALSE(test::agrees(1 + 1e8 * rounding, {1, 1e7}));
  CHECK_FALSE(test::agrees(quiet_nan_v<double>, {1, 1e7}));
}

TEST_CASE("a reward model agrees with 400-digit values", "[losses]")
{
  test::check_golden_reward_model<test::vector_table>(test::on_host{});
}

namespace {

/// One line of the table of worked values of MFPO (arXiv 2410.15334, eqs. 5 to 7), to nine
/// decimals.
struct worked_example {
  record_of<mfpo<double>, double> x;
  mfpo<double> loss;
  double text, image, margin, total;
  double d_chosen, d_rejected, d_perturbed;
};

record_of<mfpo<double>, double> const agreeing{.chosen = -40,
                                               .rejected = -55,
                                               .perturbed = {{-48}},
                                               .ref_chosen = -42,
                                               .ref_rejected = -50,
                                               .ref_perturbed = {{-43}}};
record_of<mfpo<double>, double> const disagreeing{.chosen = -45,
                                                  .rejected = -50,
                                                  .perturbed = {{-44}},
                                                  .ref_chosen = -42,
                                                  .ref_rejected = -50,
                                                  .ref_perturbed = {{-43}}};

// Computed from the printed equations; the derivatives were checked by finite differences.
std::vector<worked_example> const worked_examples{
    {agreeing,
     {.beta = 0.1, .eta = 0},
     0.403186049,
     0.403186049,
     0.598138869,
     1.404510967,
     -0.111379046,
     0.033181223,
     0.033181223},
    {disagreeing,
     {.beta = 0.1, .eta = 0},
     0.854355244,
     0.798138869,
     0.854355244,
     2.506849358,
     -0.169871903,
     0.057444252,
     0.054983400},
    {disagreeing,
     {.beta = 0.1, .eta = 0.2},
     0.854355244,
     0.798138869,
     0.974076984,
     2.626571098,
     -0.174673585,
     0.057444252,
     0.054983400},
    {agreeing,
     {.beta = 0.5, .eta = 0},
     0.029750418,
     0.029750418,
     0.313261688,
     0.372762524,
     -0.163782941,
     0.014656115,
     0.014656115},
};

/// Values of a loss's terms, by name.
template <class Record>
struct term_values {
  Record const& x;
  std::vector<std::pair<std::string, double>> values;

  template <class Term>
  void operator()(Term const& term)
  {
    values.emplace_back(term.name, term(x));
  }
};

/// Half a unit in the last printed decimal.
auto printed(double value)
{
  return Approx(value).margin(5.1e-10).epsilon(0);
}

}  // namespace

TEST_CASE("MFPO's terms, total and gradient are the worked values of its equations", "[losses]")
{
  for (auto const& e : worked_examples) {
    auto const r = value_and_gradient<double>(e.loss, e.x);
    CHECK(r.value == printed(e.total));
    CHECK(r.gradient.chosen == printed(e.d_chosen));
    CHECK(r.gradient.rejected == printed(e.d_rejected));
    CHECK(r.gradient.perturbed[0] == printed(e.d_perturbed));

    // In float the same to seven digits, as one sample of a batch.
    mfpo<float> const rounded{.beta = static_cast<float>(e.loss.beta),
                              .eta = static_cast<float>(e.loss.eta)};
    auto const column = [](double v) { return std::vector<float>{static_cast<float>(v)}; };
    auto const chosen = column(e.x.chosen), rejected = column(e.x.rejected),
               perturbed = column(e.x.perturbed[0]), ref_chosen = column(e.x.ref_chosen),
               ref_rejected = column(e.x.ref_rejected),
               ref_perturbed = column(e.x.ref_perturbed[0]);
    std::vector<float> value(1), d_chosen(1), d_rejected(1), d_perturbed(1);
    evaluate(
        rounded,
        {.chosen = chosen,
         .rejected = rejected,
         .perturbed = {perturbed},
         .ref_chosen = ref_chosen,
         .ref_rejected = ref_rejected,
         .ref_perturbed = {ref_perturbed}},
        {.value = value,
         .gradient = {.chosen = d_chosen, .rejected = d_rejected, .perturbed = {d_perturbed}}});
    auto const to_float = [](double want) { return Approx(want).epsilon(1e-6); };
    CHECK(value[0] == to_float(e.total));
    CHECK(d_chosen[0] == to_float(e.d_chosen));
    CHECK(d_rejected[0] == to_float(e.d_rejected));
    CHECK(d_perturbed[0] == to_float(e.d_perturbed));

    term_values<record_of<mfpo<double>, double>> terms{e.x, {}};
    e.loss.terms().for_each(terms);
    REQUIRE(terms.values.size() == 3);
    CHECK(terms.values[0].first == "text");
    CHECK(terms.values[0].second == printed(e.text));
    CHECK(terms.values[1].first == "image");
    CHECK(terms.values[1].second == printed(e.image));
    CHECK(terms.values[2].first == "margin");
    CHECK(terms.values[2].second == printed(e.margin));
  }
}

TEST_CASE("a reward model subtracts its common and its per-sample margins", "[losses]")
{
  using loss_type = reward_model<double>;
  loss_type const loss{.margin = 0.25};
  test::owned_columns<loss_type, double> batch;
  for (int i = 0; i < 37; ++i) {
    batch.chosen.push_back(3 * std::sin(i));
    batch.rejected.push_back(4 * std::cos(2.0 * i));
    batch.target_margin.push_back(0.1 * (i % 7));
  }
  auto const got =
      test::evaluate_in<test::vector_table, loss_type, double>(loss, batch, test::on_host{});
  for (std::size_t i = 0; i < 37; ++i) {
    long double const u = static_cast<long double>(batch.chosen[i]) - batch.rejected[i] -
                          loss.margin - batch.target_margin[i];
    long double const slope = -1 / (1 + std::exp(u));
    CAPTURE(i);
    CHECK(got[0][i] == Approx(static_cast<double>(std::log1p(std::exp(-u)))).epsilon(1e-14));
    CHECK(got[1][i] == Approx(static_cast<double>(slope)).epsilon(1e-14));
    CHECK(got[2][i] == Approx(static_cast<double>(-slope)).epsilon(1e-14));
  }
}

TEST_CASE("every loss starts at the value its formula gives for policy = reference", "[losses]")
{
  CHECK(expected_initial_loss(dpo<double>{}) == Approx(std::numbers::ln2).epsilon(1e-15));
  CHECK(expected_initial_loss(dpo<double>{.label_smoothing = 0.2}) ==
        Approx(std::numbers::ln2).epsilon(1e-15));
  CHECK(expected_initial_loss(mfpo<double>{}) == Approx(3 * std::numbers::ln2).epsilon(1e-15));
  CHECK(expected_initial_loss(mdpo<double>{}) == Approx(3 * std::numbers::ln2).epsilon(1e-15));
  CHECK(expected_initial_loss(mfpo<double, 3>{}) == Approx(5 * std::numbers::ln2).epsilon(1e-15));
  CHECK(expected_initial_loss(ipo<double>{.beta = 0.1}) == Approx(25).epsilon(1e-14));
  CHECK(expected_initial_loss(ipo_sum<double>{.beta = 0.5}) == Approx(1).epsilon(1e-14));
}

TEST_CASE("a loss whose parameters cannot be has no first value", "[losses]")
{
  CHECK_THROWS_AS(expected_initial_loss(dpo<double>{.label_smoothing = 0.7}),
                  std::invalid_argument);
}

TEST_CASE("terms add, scale and keep their names", "[losses]")
{
  auto const sum = dpo<double>{.beta = 0.5} + 0.25 * mfpo<double>{.beta = 0.1};
  record_of<mfpo<double>, double> const x = worked_examples[0].x;
  CHECK(loss_value(sum, x) == Approx(0.029750418 + 0.25 * 1.404510967).margin(1e-9).epsilon(0));
  term_values<record_of<mfpo<double>, double>> terms{x, {}};
  sum.for_each(terms);
  REQUIRE(terms.values.size() == 4);
  CHECK(terms.values[0].first == "text");
  CHECK(terms.values[2].first == "image");
  CHECK(terms.values[3].second == Approx(0.25 * 0.598138869).margin(1e-9).epsilon(0));
}

TEST_CASE("terms and sums are losses that add and scale like the others", "[losses]")
{
  auto const text =
      contrast<branch::chosen, branch::rejected, score::log_ratio>("t", link::hinge<double>{}, 0.5);
  dpo<double> const loss{.beta = 0.5};
  record_of<dpo<double>, double> const x{
      .chosen = -40, .rejected = -41, .ref_chosen = -42, .ref_rejected = -42};
  double const hinge = 0.5, logistic = std::log1p(std::exp(-0.5));
  CHECK(loss_value(0.5 * text, x) == Approx(0.5 * hinge).epsilon(1e-15));
  CHECK(loss_value(loss + 0.5 * text, x) == Approx(logistic + 0.5 * hinge).epsilon(1e-15));
  CHECK(loss_value(text + loss, x) == Approx(logistic + hinge).epsilon(1e-15));
  CHECK(loss_value(0.5 * (loss + loss), x) == Approx(logistic).epsilon(1e-15));
  CHECK(loss_value(2 * (0.5 * (loss + text)), x) == Approx(logistic + hinge).epsilon(1e-15));
}

TEST_CASE("terms add from left to right, in a batch as in a sample", "[losses]")
{
  auto const anchor_of = []<class Branch>(Branch, double beta) {
    return anchor<Branch, score::log_prob>("a", link::identity{}, beta);
  };
  auto const loss = anchor_of(branch::chosen{}, 1) + anchor_of(branch::rejected{}, 1) +
                    anchor_of(branch::chosen{}, -1);
  // (2^53 + 1) - 2^53 is 0, since 2^53 + 1 is no double; 2^53 + (1 - 2^53) is 1.
  std::vector<double> const chosen(20, 0x1p53), rejected(20, 1);
  std::vector<double> value(20, -1);
  evaluate(loss, {.chosen = chosen, .rejected = rejected}, {.value = value});
  CHECK(value == std::vector<double>(20, 0));
  CHECK(loss_value(loss, record_of<decltype(loss), double>{.chosen = 0x1p53, .rejected = 1}) == 0);
}

TEST_CASE("an evaluation writes only the outputs that were given", "[losses]")
{
  std::vector<float> const c{-40, -45}, r{-55, -50}, rc{-42, -42}, rr{-50, -50};
  std::vector<float> value(2), d_rejected(2);
  input_columns<dpo<float>> const in{
      .chosen = c, .rejected = r, .ref_chosen = rc, .ref_rejected = rr};
  evaluate(dpo<float>{}, in, {.value = value});
  CHECK(value[1] == Approx(0.854355244));
  evaluate(dpo<float>{}, in, {.gradient = {.rejected = d_rejected}});
  CHECK(d_rejected[1] == Approx(0.057444252));
}

TEST_CASE("a column is a vector, a span, an array, or a pointer with a length", "[losses]")
{
  std::vector<double> const c{-40, -45};
  std::vector<double> r{-55, -50}, value(2);
  std::array<double, 2> const rc{-42, -42};
  double const rr[4] = {-50, 0, -50, 0};
  evaluate(dpo<double>{},
           {.chosen = c,
            .rejected = std::span<double>(r),
            .ref_chosen = rc,
            .ref_rejected = vector_view<double const>{rr, 2, 2}},
           {.value = vector_view<double>{value.data(), 2}});
  CHECK(value[0] == printed(0.403186049));
  CHECK(value[1] == printed(0.854355244));
}

TEST_CASE("a loss can be evaluated in another precision than its own", "[losses]")
{
  std::vector<double> const c{-45}, r{-50}, rc{-42}, rr{-50};
  std::vector<double> value(1);
  evaluate<double>(dpo<float>{.beta = 0.1f},
                   {.chosen = c, .rejected = r, .ref_chosen = rc, .ref_rejected = rr},
                   {.value = value});
  CHECK(value[0] == Approx(0.854355244).epsilon(1e-8));  // beta is the float nearest to 0.1
}

TEST_CASE("a column that is missing or too short is named in the error", "[losses][errors]")
{
  std::vector<float> const two(2), three(3);
  std::vector<float> value(2), gradient(3);
  auto const message = [&](input_columns<dpo<float>> const& in,
                           output_columns<dpo<float>> const& out,
                           evaluate_options<float> const& options = {}) {
    return error_of<std::invalid_argument>([&] { evaluate(dpo<float>{}, in, out, options); });
  };
  CHECK(
      message({.chosen = two, .rejected = two, .ref_chosen = two}, {.value = value}) ==
      "prefopt::evaluate: column 'ref_rejected': expected a column of 2 elements (this loss reads "
      "it), got none");
  CHECK(message({.rejected = two, .ref_chosen = two, .ref_rejected = two}, {.value = value}) ==
        "prefopt::evaluate: column 'chosen': expected a column of 2 elements (this loss reads it), "
        "got none");
  CHECK(message({.chosen = two, .rejected = three, .ref_chosen = two, .ref_rejected = two}, {}) ==
        "prefopt::evaluate: column 'rejected': expected 2 elements, got 3");
  input_columns<dpo<float>> const good{
      .chosen = two, .rejected = two, .ref_chosen = two, .ref_rejected = two};
  CHECK(message(good, {.gradient = {.chosen = gradient}}) ==
        "prefopt::evaluate: column 'gradient of chosen': expected 2 elements, got 3");
  CHECK(message(good, {.value = value}, {.weight = three}) ==
        "prefopt::evaluate: column 'weight': expected 2 elements, got 3");
  CHECK(message(good, {.value = value}, {.threads = -1}) ==
        "prefopt::evaluate: threads: expected 1 or more, got -1");
  CHECK(message(good, {.value = value}) == "no error");
}

TEST_CASE("an empty container is a column of no elements, not an absent one", "[losses][errors]")
{
  std::vector<float> const two(2), none;
  std::vector<float> value(2), no_room;
  input_columns<dpo<float>> const good{
      .chosen = two, .rejected = two, .ref_chosen = two, .ref_rejected = two};
  CHECK(error_of([&] { evaluate(dpo<float>{}, good, {.value = value}, {.weight = none}); }) ==
        "prefopt::evaluate: column 'weight': expected 2 elements, got 0");
  CHECK(error_of([&] { evaluate(dpo<float>{}, good, {.gradient = {.rejected = no_room}}); }) ==
        "prefopt::evaluate: column 'gradient of rejected': expected 2 elements, got 0");
  CHECK(error_of([&] {
          evaluate(reward_model<float>{}, {.chosen = two, .rejected = two, .target_margin = none},
                   {.value = value});
        }) == "prefopt::evaluate: column 'target_margin': expected 2 elements, got 0");
  CHECK(error_of([&] {
          auto with_empty = good;
          with_empty.chosen = none;
          evaluate(dpo<float>{}, with_empty, {.value = value});
        }) == "prefopt::evaluate: column 'chosen': expected 2 elements, got 0");

  CHECK_FALSE(vector_view<float const>{}.given());
  CHECK_FALSE(vector_view<float const>(static_cast<float const*>(nullptr), 2).given());
  CHECK_FALSE(vector_view<float const>{}.part(0, 0).given());
  CHECK(vector_view<float const>(none).given());
  CHECK(vector_view<float const>(vector_view<float>(no_room)).given());
  CHECK_FALSE(vector_view<float const>(vector_view<float>{}).given());
}

TEST_CASE("an answer without tokens is an error where its length is divided by", "[losses][errors]")
{
  std::vector<double> const x{-1, -2}, length{5, 0}, good(2, 7.0), weight{1, 0};
  std::vector<double> value(2);
  CHECK(error_of([&] {
          evaluate(simpo<double>{},
                   {.chosen = x, .rejected = x, .chosen_length = good, .rejected_length = length},
                   {.value = value});
        }) ==
        "prefopt::evaluate: column 'rejected_length', sample 1: expected 1 token or more, got "
        "0.000000");
  CHECK(mentions(error_of([&] {
                   evaluate(ipo<double>{},
                            {.chosen = x,
                             .rejected = x,
                             .ref_chosen = x,
                             .ref_rejected = x,
                             .chosen_length = length,
                             .rejected_length = good},
                            {.value = value});
                 }),
                 {"column 'chosen_length', sample 1"}));
  evaluate(simpo<double>{},
           {.chosen = x, .rejected = x, .chosen_length = length, .rejected_length = length},
           {.value = value}, {.weight = weight});  // an excluded sample needs no tokens
  CHECK(value[1] == 0);
}

TEST_CASE("a column of several modalities is named with its index", "[losses][errors]")
{
  std::vector<double> const two(2);
  std::vector<double> value(2);
  input_columns<mfpo<double, 2>> in{.chosen = two,
                                    .rejected = two,
                                    .perturbed = {{two, {}}},
                                    .ref_chosen = two,
                                    .ref_rejected = two,
                                    .ref_perturbed = {{two, two}}};
  auto const error = [&] {
    return error_of([&] { evaluate(mfpo<double, 2>{}, in, {.value = value}); });
  };
  CHECK(mentions(error(), {"column 'perturbed[1]'"}));
  in.perturbed[1] = two;
  in.ref_perturbed[0] = {};
  CHECK(mentions(error(), {"column 'ref_perturbed[0]'"}));
}

TEST_CASE("modalities are called what the caller calls them", "[losses]")
{
  mfpo<double, 2> const loss{.modality_name = {{"photo", "sketch"}}};
  auto const x = record_of<mfpo<double, 2>, double>{};
  term_values<record_of<mfpo<double, 2>, double>> terms{x, {}};
  loss.terms().for_each(terms);
  CHECK(terms.values[1].first == "photo");
  CHECK(terms.values[2].first == "sketch");
}

TEST_CASE("a factor that underflows does not hide a NaN", "[losses]")
{
  std::vector<float> const nan{quiet_nan_v<float>, 1}, zero(2), weight{1e-30f, 1e-30f};
  std::vector<float> gradient(2);
  evaluate(dpo<float>{.beta = 1e5f},
           {.chosen = nan, .rejected = zero, .ref_chosen = zero, .ref_rejected = nan},
           {.gradient = {.chosen = gradient}}, {.weight = weight, .scale = 1e-20f});
  CHECK(std::isnan(gradient[0]));
}

TEST_CASE("an impossible answer has an infinite loss and a finite gradient", "[losses]")
{
  double const smoothing = GENERATE(0.0, 0.25);
  dpo<double> const loss{.beta = 0.1, .label_smoothing = smoothing};
  auto const impossible = value_and_gradient<double>(
      loss, {.chosen = -infinity_v<double>, .rejected = -5, .ref_chosen = -4, .ref_rejected = -5});
  CHECK(impossible.value == infinity_v<double>);
  CHECK(impossible.gradient.chosen == Approx(-0.1 * (1 - smoothing)).epsilon(1e-15));
  auto const certain = value_and_gradient<double>(
      loss, {.chosen = -4, .rejected = -infinity_v<double>, .ref_chosen = -4, .ref_rejected = -5});
  CHECK(certain.value == (smoothing == 0 ? 0 : infinity_v<double>));
  CHECK(certain.gradient.rejected == Approx(-0.1 * smoothing).epsilon(1e-15));

  // The packs' path.
  std::vector<double> const chosen(9, -infinity_v<double>), other(9, -5.0);
  std::vector<double> value(9), gradient(9);
  evaluate(loss, {.chosen = chosen, .rejected = other, .ref_chosen = other, .ref_rejected = other},
           {.value = value, .gradient = {.rejected = gradient}});
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(value[i] == infinity_v<double>);
    CHECK(gradient[i] == Approx(0.1 * (1 - smoothing)).epsilon(1e-15));
  }
}

TEST_CASE("a term of weight 0 is left out, even where it is NaN", "[losses]")
{
  mfpo<double> const loss{.modality_weight = {{0}}};
  record_of<mfpo<double>, double> x{};
  x.perturbed[0] = quiet_nan_v<double>;
  auto const r = value_and_gradient<double>(loss, x);
  CHECK(r.value == Approx(2 * std::numbers::ln2).epsilon(1e-15));
  CHECK(r.gradient.perturbed[0] == 0);
}

TEST_CASE("the hinge has slope 0 at and beyond its kink and passes NaN on", "[losses]")
{
  link::hinge<double> const hinge{};
  using slope = dual<double, 1>;
  CHECK(hinge(slope::variable(0.75, 0)).value == 0.25);
  CHECK(hinge(slope::variable(0.75, 0)).partial[0] == -1);
  CHECK(hinge(slope::variable(1, 0)).value == 0);
  CHECK(hinge(slope::variable(1, 0)).partial[0] == 0);
  CHECK(hinge(slope::variable(2, 0)).value == 0);
  CHECK(std::isnan(hinge(quiet_nan_v<double>)));
  CHECK(hinge(infinity_v<double>) == 0);
}

TEST_CASE("a link's gradient alone has value 0, at infinity too, and passes NaN on", "[losses]")
{
  using slope = dual<double, 1>;
  link::gradient_only<link::logistic<double>> const logistic{};
  CHECK(logistic(slope::variable(0, 0)).value == 0);
  CHECK(logistic(slope::variable(0, 0)).partial[0] == -0.5);
  CHECK(logistic(slope::variable(-infinity_v<double>, 0)).value == 0);
  CHECK(logistic(slope::variable(-infinity_v<double>, 0)).partial[0] == -1);
  CHECK(std::isnan(logistic(slope::variable(quiet_nan_v<double>, 0)).value));
  CHECK(logistic(-infinity_v<double>) == 0);
}

TEST_CASE("MFPO takes any number of modalities, each with its name, weight and gradient",
          "[losses]")
{
  using loss_type = mfpo<double, 3>;
  loss_type const loss{.beta = 0.2, .eta = 0.1, .text_weight = 0.5, .modality_weight = {{1, 2, 3}}};
  record_of<loss_type, double> const x{.chosen = -20,
                                       .rejected = -25,
                                       .perturbed = {{-30, -18, -20}},
                                       .ref_chosen = -21,
                                       .ref_rejected = -22,
                                       .ref_perturbed = {{-28, -19, -21}}};
  double const beta = 0.2, chosen = beta * 1, rejected = beta * -3;
  double const perturbed[3] = {beta * -2, beta * 1, beta * 1};
  auto const loss_at = [](double u) { return std::log1p(std::exp(-u)); };
  auto const slope_at = [](double u) { return 1 / (1 + std::exp(u)); };

  auto const r = value_and_gradient<double>(loss, x);
  double value = 0.5 * loss_at(chosen - rejected) + loss_at(chosen - 0.1);
  double by_chosen = 0.5 * slope_at(chosen - rejected) + slope_at(chosen - 0.1);
  CHECK(r.gradient.rejected == Approx(beta * 0.5 * slope_at(chosen - rejected)).epsilon(1e-13));
  for (int k = 0; k < 3; ++k) {
    value += (k + 1) * loss_at(chosen - perturbed[k]);
    by_chosen += (k + 1) * slope_at(chosen - perturbed[k]);
    CHECK(r.gradient.perturbed[k] ==
          Approx(beta * (k + 1) * slope_at(chosen - perturbed[k])).epsilon(1e-13));
  }
  CHECK(r.value == Approx(value).epsilon(1e-13));
  CHECK(r.gradient.chosen == Approx(-beta * by_chosen).epsilon(1e-13));

  term_values<record_of<loss_type, double>> terms{x, {}};
  loss.terms().for_each(terms);
  std::vector<std::string> names;
  for (auto const& term : terms.values) { names.push_back(term.first); }
  CHECK(names == std::vector<std::string>{"text", "image", "audio", "video", "margin"});

  test::owned_columns<loss_type, double> batch;
  auto const columns = test::columns_of<std::vector<double>>(batch).columns;
  auto sample = x;
  auto const fields = test::field_list<double>::of(sample);
  for (std::size_t k = 0; k < columns.size(); ++k) { columns[k]->assign(5, *fields[k]); }
  auto const got =
      test::evaluate_in<test::vector_table, loss_type, double>(loss, batch, test::on_host{});
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(got[0][i] == Approx(value).epsilon(1e-13));
    CHECK(got[1][i] == Approx(-beta * by_chosen).epsilon(1e-13));
    CHECK(got[5][i] == r.gradient.perturbed[2]);
  }
}

namespace {

/// A square loss with a hand-written gradient that says so: its sign is wrong on purpose.
struct wrong_by_hand {
  template <class Policy, class Constant = Policy>
  using record = pair_logps<Policy, Constant>;

  template <class Policy, class Constant>
  Policy operator()(pair_logps<Policy, Constant> const& x) const
  {
    return x.chosen * x.chosen;
  }
  value_gradient<wrong_by_hand, double> with_gradient(pair_logps<double> const& x) const
  {
    value_gradient<wrong_by_hand, double> r;
    r.value = x.chosen * x.chosen;
    r.gradient.chosen = -2 * x.chosen;
    return r;
  }
};

}  // namespace

TEST_CASE("a hand-written gradient is used instead of dual numbers", "[losses]")
{
  STATIC_REQUIRE(check_loss<wrong_by_hand, double>());
  std::vector<double> const chosen{3}, zero{0};
  std::vector<double> gradient(1);
  evaluate<double>(wrong_by_hand{},
                   {.chosen = chosen, .rejected = zero, .ref_chosen = zero, .ref_rejected = zero},
                   {.gradient = {.chosen = gradient}});
  CHECK(gradient[0] == -6);
}

TEST_CASE("the two IPO losses agree on answers of one token and differ on longer ones", "[losses]")
{
  record_of<ipo<double>, double> x{.chosen = -3,
                                   .rejected = -8,
                                   .ref_chosen = -4,
                                   .ref_rejected = -5,
                                   .chosen_length = 1,
                                   .rejected_length = 1};
  record_of<ipo_sum<double>, double> const sums{
      .chosen = -3, .rejected = -8, .ref_chosen = -4, .ref_rejected = -5};
  CHECK(loss_value(ipo<double>{}, x) == loss_value(ipo_sum<double>{}, sums));
  x.chosen_length = 4;
  x.rejected_length = 2;
  CHECK(loss_value(ipo<double>{}, x) == Approx((0.25 + 1.5 - 5) * (0.25 + 1.5 - 5)));

  // In a sum each loss keeps its own: the lengths divide the averaged part only.
  auto const both = ipo<double>{} + dpo<double>{.beta = 0.1};
  CHECK(loss_value(both, x) ==
        Approx((0.25 + 1.5 - 5) * (0.25 + 1.5 - 5) + std::log1p(std::exp(-0.4))));
}

TEST_CASE("an anchor holds a chosen answer that falls, on any pair loss", "[losses]")
{
  // Both answers have lost, the rejected one more: the margin is won and pulls no longer.
  record_of<dpo<double>, double> const fallen{
      .chosen = -130, .rejected = -300, .ref_chosen = -100, .ref_rejected = -100};
  auto const pull = [&](auto const& loss) {
    return -value_and_gradient<double>(loss, fallen).gradient.chosen;
  };
  auto const hold =
      anchor<branch::chosen, score::log_ratio>("margin", link::logistic<double>{}, 0.1);
  auto const clipped = contrast<branch::chosen, branch::rejected, score::log_ratio>(
      "text", link::hinge<double>{}, 0.1);
  CHECK(pull(dpo<double>{.beta = 0.1}) < 1e-6);
  CHECK(pull(clipped) == 0);
  for (double const with_anchor : {pull(dpo<double>{.beta = 0.1} + hold), pull(clipped + hold)}) {
    CHECK(with_anchor == Approx(0.1 / (1 + std::exp(-3.0))).epsilon(1e-5));
  }
}
