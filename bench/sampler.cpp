// SPDX-License-Identifier: MIT
/// \file  Indices per second of the curriculum's sampler, beside the gather that it cannot do
/// without: reading the ranking at random ranks.
///
/// Arguments: samples, batch. That an epoch holds every sample once is checked before anything is
/// timed.

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <new>
#include <vector>

#include <benchmark/benchmark.h>

#include <prefopt/core/permutation.hpp>
#include <prefopt/curriculum/mixture/annealed_weights.hpp>
#include <prefopt/curriculum/mixture/temperature_weights.hpp>
#include <prefopt/curriculum/pacing/fixed_root_difficulty.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/anti_curriculum.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/difficulty_paced.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/curriculum/schedules/per_group.hpp>
#include <prefopt/curriculum/schedules/unimax.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>
#include <prefopt/curriculum/schedules/up_to_share.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

#include "run.hpp"

namespace {

using namespace prefopt;

/// A column in pages of the given kind, where the system has them.
template <class T>
class paged_column {
 public:
  paged_column(index_t size, bool huge_pages) : size_(size), bytes_(round_up(size))
  {
    void* const memory =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) { throw std::bad_alloc(); }
    data_ = static_cast<T*>(memory);
#ifdef MADV_HUGEPAGE
    madvise(memory, bytes_, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
  }
  paged_column(paged_column const&) = delete;
  paged_column& operator=(paged_column const&) = delete;
  ~paged_column() { munmap(data_, bytes_); }

  vector_view<T> view() const { return {data_, size_}; }

 private:
  static std::size_t round_up(index_t size)
  {
    std::size_t const page = std::size_t{1} << 21;
    return (static_cast<std::size_t>(size) * sizeof(T) / page + 1) * page;
  }

  index_t size_;
  std::size_t bytes_;
  T* data_;
};

/// A random ranking, three equal levels, and lengths as of answers. One at a time: the largest
/// takes more than a gigabyte.
struct ranking {
  index_t samples;
  bool huge_pages;
  paged_column<index_t> order;
  paged_column<std::int32_t> lengths;
  std::vector<index_t> offsets = std::vector<index_t>(3 + 1);

  ranking(index_t n, bool huge) : samples(n), huge_pages(huge), order(n, huge), lengths(n, huge)
  {
    rank_at_random(1, order.view());
    levels_of_equal_size(n, offsets);
    for (index_t i = 0; i < n; ++i) {
      lengths.view()[i] = static_cast<std::int32_t>(derived_seed(5, i, 0) % 1000);
    }
  }

  static ranking const& of(index_t n, bool huge)
  {
    static ranking* current = nullptr;
    if (current == nullptr || current->samples != n || current->huge_pages != huge) {
      delete current;
      current = nullptr;
      current = new ranking(n, huge);
    }
    return *current;
  }
};

/// Whether an epoch holds every sample once, for a set that is small enough to look at.
bool holds_every_sample_once(bool grouped)
{
  constexpr index_t samples = 100003, batch = 512, window = 50 * batch;
  ranking const r(samples, false);
  std::vector<index_t> indices(batch), workspace(length_workspace(window));
  sampler_options options{.batch = batch};
  if (grouped) { options.lengths = {r.lengths.view(), window, workspace}; }
  curriculum_sampler sampler(one_pass{}, r.order.view(), r.offsets, options);
  std::vector<bool> seen(samples);
  index_t count = 0;
  while (auto const drawn = sampler.next(indices)) {
    for (index_t i = 0; i < drawn.count; ++i) {
      auto const sample = static_cast<std::size_t>(indices[static_cast<std::size_t>(i)]);
      if (seen[sample]) { return false; }
      seen[sample] = true;
      ++count;
    }
  }
  return count == samples;
}

void run_sampler(benchmark::State& state, auto sampler, std::vector<index_t>& indices)
{
  sampler_state const start = sampler.state();
  index_t drawn = 0;
  for (auto _ : state) {
    if (sampler.done()) { sampler.restore(start); }
    drawn += sampler.next(indices).count;
    benchmark::DoNotOptimize(indices.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(drawn);
}

void one_pass_epoch(benchmark::State& state, bool huge)
{
  ranking const& r = ranking::of(state.range(0), huge);
  std::vector<index_t> indices(static_cast<std::size_t>(state.range(1)));
  curriculum_sampler const sampler(one_pass{}, r.order.view(), r.offsets,
                                   {.batch = state.range(1)});
  run_sampler(state, sampler, indices);
}

/// Any schedule, on as many samples as there are.
template <class Schedule>
void schedule_epoch(benchmark::State& state, Schedule const& schedule)
{
  ranking const& r = ranking::of(state.range(0), false);
  std::vector<index_t> indices(static_cast<std::size_t>(state.range(1)));
  run_sampler(state,
              curriculum_sampler(schedule, r.order.view(), r.offsets, {.batch = state.range(1)}),
              indices);
}

/// As many levels as are asked for, all open at once for the whole run.
void mixture_of_parts(benchmark::State& state)
{
  ranking const& r = ranking::of(state.range(0), false);
  std::vector<index_t> indices(static_cast<std::size_t>(state.range(1))),
      offsets(static_cast<std::size_t>(state.range(2) + 1));
  levels_of_equal_size(r.samples, offsets);
  run_sampler(state,
              curriculum_sampler(level_mixture<temperature_weights<>>{}, r.order.view(), offsets,
                                 {.batch = state.range(1)}),
              indices);
}

void grouped_by_length(benchmark::State& state, bool huge)
{
  ranking const& r = ranking::of(state.range(0), huge);
  index_t const window = 50 * state.range(1);
  std::vector<index_t> indices(static_cast<std::size_t>(state.range(1))),
      workspace(static_cast<std::size_t>(length_workspace(window)));
  curriculum_sampler const sampler(
      one_pass{}, r.order.view(), r.offsets,
      {.batch = state.range(1),
       .lengths = {.lengths = r.lengths.view(), .window = window, .workspace = workspace}});
  run_sampler(state, sampler, indices);
}

/// The roofline: ranks that are ready made, read as many at a time as there are.
void gather(benchmark::State& state, bool huge)
{
  ranking const& r = ranking::of(state.range(0), huge);
  vector_view<index_t const> const order = r.order.view();
  constexpr index_t block = 4096;
  std::vector<index_t> ranks(1 << 22), samples(block);
  permutation const random(r.samples, 9);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    ranks[i] = random(static_cast<index_t>(i) % r.samples);
  }
  index_t done = 0;
  std::size_t from = 0;
  for (auto _ : state) {
    for (index_t i = 0; i < block; ++i) {
      samples[static_cast<std::size_t>(i)] = order[ranks[from + static_cast<std::size_t>(i)]];
    }
    from = (from + block) % ranks.size();
    done += block;
    benchmark::DoNotOptimize(samples.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(done);
}

/// The permutation alone, one element at a time or many.
void permute(benchmark::State& state, bool many)
{
  permutation const order(state.range(0), 9);
  constexpr index_t block = 512;
  index_t elements[block];
  index_t first = 0;
  for (auto _ : state) {
    for (index_t i = 0; i < block; ++i) { elements[i] = first + i; }
    if (many) {
      order.apply(elements, block);
    } else {
      for (index_t& i : elements) { i = order(i); }
    }
    first = first + 2 * block < order.size() ? first + block : 0;
    benchmark::DoNotOptimize(elements);
  }
  state.SetItemsProcessed(static_cast<index_t>(state.iterations()) * block);
}

void shapes(benchmark::internal::Benchmark* b)
{
  b->Args({100000, 512})->Args({100000000, 32})->Args({100000000, 512})->Args({100000000, 8192});
}

}  // namespace

BENCHMARK_CAPTURE(permute, one_at_a_time, false)->Arg(100000000);
BENCHMARK_CAPTURE(permute, many, true)->Arg(100000000);
BENCHMARK_CAPTURE(gather, small_pages, false)->Arg(100000)->Arg(100000000);
BENCHMARK_CAPTURE(one_pass_epoch, small_pages, false)->Apply(shapes);
BENCHMARK_CAPTURE(schedule_epoch, look_back, look_back{})->Apply(shapes);
BENCHMARK_CAPTURE(grouped_by_length, small_pages, false)->Apply(shapes);
// A phase for every batch where a schedule has steps, which is as dear as it gets.
constexpr index_t all = 100000000, steps = (all + 511) / 512;
#define BENCHMARK_SCHEDULE(name, ...) \
  BENCHMARK_CAPTURE(schedule_epoch, name, __VA_ARGS__)->Args({all, 512})
BENCHMARK_SCHEDULE(all_at_once, all_at_once{});
BENCHMARK_SCHEDULE(anti_curriculum, anti_curriculum{});
BENCHMARK_SCHEDULE(baby_steps, baby_steps{});
BENCHMARK_SCHEDULE(paced, paced<root_pacing>{.steps = steps});
BENCHMARK_SCHEDULE(difficulty_paced,
                   difficulty_paced<>{.difficulty = fixed_linear_difficulty(1, 3, 1),
                                      .first = 1,
                                      .width = 1,
                                      .steps = steps});
BENCHMARK_SCHEDULE(level_mixture_by_temperature,
                   level_mixture<temperature_weights<>>{.steps = steps});
BENCHMARK_SCHEDULE(level_mixture_annealed, level_mixture<annealed_weights<>>{.steps = steps});
BENCHMARK_SCHEDULE(unimax, unimax{});
BENCHMARK(mixture_of_parts)
    ->ArgNames({"samples", "batch", "parts"})
    ->Args({100000, 512, 64})
    ->Args({100000, 512, 1000})
    ->Args({100000, 8192, 64})
    ->Args({100000, 8192, 1000})
    ->Args({all, 512, 64})
    ->Args({all, 512, 1000})
    ->Args({all, 8192, 1000});
BENCHMARK_SCHEDULE(per_group, per_group<one_pass>{.groups = 3});
BENCHMARK_SCHEDULE(per_group_of_paced, per_group<paced<>, temperature_weights<>>{
                                           .inner = {.steps = steps}, .groups = 3});
BENCHMARK_SCHEDULE(up_to_level, up_to_level{.level = 1});
BENCHMARK_SCHEDULE(up_to_share, up_to_share{.share = 0.5});
BENCHMARK_CAPTURE(gather, huge_pages, true)->Arg(100000000);
BENCHMARK_CAPTURE(one_pass_epoch, huge_pages, true)->Apply(shapes);
BENCHMARK_CAPTURE(grouped_by_length, huge_pages, true)->Args({100000000, 512});

int main(int argc, char** argv)
{
  if (!holds_every_sample_once(false) || !holds_every_sample_once(true)) {
    std::fprintf(stderr, "an epoch does not hold every sample once\n");
    return 1;
  }
  return run_benchmarks(argc, argv);
}
