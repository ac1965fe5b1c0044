// SPDX-License-Identifier: MIT
/// \file  MFPO's curriculum in a training loop: score, rank, cut into easy, medium and hard, draw.
///
/// Give it a file name to stop after every few batches and go on with the next call.

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/ranking/difficulty.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/rerank.hpp>

namespace {

using prefopt::index_t;

/// Log-probabilities of the tokens of each answer, packed.
struct forward_pass {
  std::vector<float> log_prob;
  std::vector<index_t> offsets{0};
};

/// Stands in for a forward pass by the policy as it is when a level begins.
forward_pass score_all(int samples, index_t level = 0)
{
  forward_pass result;
  for (int i = 0; i < samples; ++i) {
    int const tokens = 5 + (7 * i) % 11;
    float const p = 0.95f - 0.6f * static_cast<float>((5 * i + 3 * level) % 13) / 13.0f;
    for (int t = 0; t < tokens; ++t) { result.log_prob.push_back(std::log(p)); }
    result.offsets.push_back(static_cast<index_t>(result.log_prob.size()));
  }
  return result;
}

/// Written to a temporary file first, so that a crash leaves the old state or the new one.
void save(std::string const& file, prefopt::sampler_state const& state)
{
  std::string const temporary = file + ".tmp";
  std::ofstream out(temporary, std::ios::binary);
  out.write(reinterpret_cast<char const*>(&state), sizeof state);
  out.close();
  if (!out || std::rename(temporary.c_str(), file.c_str()) != 0) {
    throw std::runtime_error("cannot write " + file);
  }
}

void run(int argc, char** argv)
{
  forward_pass const tokens = score_all(20);

  // [curriculum]
  std::vector<float> scores(20);
  prefopt::score_sequences<prefopt::token_entropy_sum<float>>(
      prefopt::make_packed(tokens.offsets), {.log_prob = tokens.log_prob}, scores);

  std::vector<index_t> order(scores.size()), levels(3 + 1), samples(4);
  prefopt::rank_easy_to_hard(scores, order);
  prefopt::levels_of_equal_size(20, levels);

  prefopt::curriculum_sampler sampler(prefopt::one_pass{.epochs = 1}, order, levels,
                                      {.batch = 4, .seed = 7});
  // [curriculum]

  index_t batches_left = sampler.batches();
  if (argc > 1) {
    prefopt::sampler_state saved;
    if (std::ifstream in(argv[1], std::ios::binary); in) {
      if (!in.read(reinterpret_cast<char*>(&saved), sizeof saved)) {
        throw std::runtime_error(std::string(argv[1]) + ": expected " +
                                 std::to_string(sizeof saved) + " bytes, got fewer");
      }
      sampler.restore(saved);
    }
    batches_left = 3;
  }

  // Amid a run that is stopped and goes on, the order would have to be saved with the state.
  bool const rescores = argc == 1;
  // [loop]
  for (; batches_left > 0; --batches_left) {
    if (rescores && sampler.upcoming().begins_phase()) {  // a new level: score by the policy of now
      forward_pass const now = score_all(20, sampler.state().phase);
      prefopt::score_sequences<prefopt::token_entropy_sum<float>>(
          prefopt::make_packed(now.offsets), {.log_prob = now.log_prob}, scores);
      prefopt::rerank_from(scores, order, sampler.first_unopened());
      sampler.rerank(order);
    }
    prefopt::drawn_batch const batch = sampler.next(samples);  // or next(samples, {rank, ranks})
    if (!batch) { break; }
    if (batch.begins_phase()) { std::printf("level %d\n", static_cast<int>(batch.phase)); }
    for (index_t i = 0; i < batch.count; ++i) {
      index_t const sample = samples[static_cast<std::size_t>(i)];
      std::printf("  %2d (H %.2f)", static_cast<int>(sample),
                  static_cast<double>(scores[static_cast<std::size_t>(sample)]));
    }
    std::printf("\n");
    if (argc > 1) { save(argv[1], sampler.state()); }
  }
  // [loop]
  if (sampler.done()) { std::printf("done\n"); }
}

}  // namespace

int main(int argc, char** argv)
{
  try {
    run(argc, argv);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
