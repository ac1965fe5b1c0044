// SPDX-License-Identifier: MIT
/// \file  Columns and rows of Eigen matrices, in place, in either storage order.

#include <Eigen/Core>

#include <prefopt/adapters/eigen.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/row/executor.hpp>
#include <prefopt/row/log_prob.hpp>

#include "expect.hpp"

int main()
{
  int wrong = 0;
  // [columns]
  // One row per pair: chosen, rejected, and both under the reference. Its columns are strided.
  Eigen::Matrix<double, 2, 4, Eigen::RowMajor> log_probs;
  log_probs << -40, -55, -42, -50,  //
      -45, -50, -42, -50;
  Eigen::VectorXd loss(2);
  Eigen::MatrixXd gradient(2, 2);

  prefopt::evaluate(
      prefopt::dpo<double>{.beta = 0.1},
      {.chosen = log_probs.col(0),
       .rejected = log_probs.col(1),
       .ref_chosen = log_probs.col(2),
       .ref_rejected = log_probs.col(3)},
      {.value = loss, .gradient = {.chosen = gradient.col(0), .rejected = gradient.col(1)}});
  // [columns]
  wrong |= expect("DPO, first pair", loss[0], 0.403186049);
  wrong |= expect("DPO, second pair", loss[1], 0.854355244);
  wrong |= expect("its derivative by the rejected log-prob", gradient(1, 1), 0.057444252);

  // [rows]
  Eigen::Matrix<float, 2, 4, Eigen::RowMajor> logits;
  logits << 1, 2, 3, 4,  //
      4, 3, 2, 1;
  auto const rows = prefopt::as_matrix(logits);
  prefopt::serial_executor executor;
  auto const token = prefopt::row_log_prob<float>(executor, rows.row(0), /*target=*/2);
  // [rows]
  wrong |= expect("log p of token 2", token.log_prob, -1.440189698);
  wrong |= expect("entropy of the distribution", token.entropy, 0.947536964);
  return wrong;
}
