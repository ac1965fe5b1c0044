// SPDX-License-Identifier: MIT
/// \file  Bytes that the row kernels ask of memory, counted access by access through views that
/// keep a book, against the least that any kernel could do with.

#include "support/catch.hpp"

#include <cuda_bf16.h>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include <prefopt/cuda/kl_rows.cuh>
#include <prefopt/cuda/rows.cuh>

#include "cuda/device.hpp"

using namespace prefopt;

namespace counting {

struct entry {
  std::uint64_t address;
  int bytes;
  int thread;  ///< in the whole grid
  bool is_store;
};

struct book {
  entry* entries;
  unsigned long long* used;
  unsigned long long capacity;

  __device__ void note(void const* address, int bytes, bool is_store) const
  {
    unsigned long long const k = atomicAdd(used, 1ull);
    if (k < capacity) {
      entries[k] = {reinterpret_cast<std::uint64_t>(address), bytes,
                    static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), is_store};
    }
  }
};

/// A row whose every access is noted.
template <class T>
struct row {
  using element_type = T;
  T* data;
  index_t extent;
  book log;
  static constexpr index_t stride = 1;

  struct writer {
    T* to;
    book log;
    __device__ void operator=(T const& v) const
    {
      log.note(to, sizeof(T), true);
      *to = v;
    }
    __device__ operator T() const
    {
      log.note(to, sizeof(T), false);
      return *to;
    }
  };

  __device__ index_t size() const { return extent; }
  __device__ auto operator[](index_t j) const
  {
    if constexpr (std::is_const_v<T>) {
      log.note(data + j, sizeof(T), false);
      return data[j];
    } else {
      return writer{data + j, log};
    }
  }
};

template <class T>
__device__ uint4 load_access(row<T> const& in, index_t j)
{
  in.log.note(in.data + j, 16, false);
  return *reinterpret_cast<uint4 const*>(in.data + j);
}
template <class T>
__device__ void store_access(row<T> const& out, index_t j, uint4 const& bits)
{
  out.log.note(out.data + j, 16, true);
  *reinterpret_cast<uint4*>(out.data + j) = bits;
}

template <class T>
struct matrix {
  T* data;
  index_t rows;
  index_t cols;
  index_t row_stride;
  book log;

  __device__ counting::row<T> row(index_t i) const { return {data + i * row_stride, cols, log}; }
};

/// Bytes read and written by warps: what several lanes of a warp ask of one address at once comes
/// once. A lane that asks for the same again counts again.
struct bytes {
  double read = 0;
  double written = 0;
};

bytes count(std::vector<entry> entries)
{
  auto const key = [](entry const& e) {
    return std::tuple(e.is_store, e.thread / 32, e.address, e.bytes, e.thread);
  };
  std::sort(entries.begin(), entries.end(),
            [&](entry const& a, entry const& b) { return key(a) < key(b); });
  bytes total;
  for (std::size_t k = 0; k < entries.size();) {
    entry const& e = entries[k];
    auto const warp = [&](entry const& x) {
      return std::tuple(x.is_store, x.thread / 32, x.address, x.bytes);
    };
    std::size_t most = 0;
    while (k < entries.size() && warp(entries[k]) == warp(e)) {
      std::size_t const first = k;
      while (k < entries.size() && key(entries[k]) == key(entries[first])) { ++k; }
      most = std::max(most, k - first);
    }
    (e.is_store ? total.written : total.read) += static_cast<double>(most) * e.bytes;
  }
  return total;
}

/// Device memory for a book, and its sum.
class ledger {
 public:
  explicit ledger(index_t accesses)
      : entries_(static_cast<std::size_t>(accesses)), used_(std::vector<unsigned long long>{0})
  {
  }
  counting::book book() const
  {
    return {entries_.data(), used_.data(), static_cast<unsigned long long>(entries_.view().extent)};
  }
  bytes total() const
  {
    unsigned long long const noted = used_.host()[0];
    REQUIRE(noted > 0);
    REQUIRE(noted <= book().capacity);
    std::vector<entry> all = entries_.host();
    all.resize(noted);
    return count(all);
  }

 private:
  test::device_array<entry> entries_;
  test::device_array<unsigned long long> used_;
};

enum class pass { forward, backward, both };

/// What one of the library's kernels asks for on `rows` rows of `cols` logits.
template <class T>
bytes run(pass what, index_t cols, bool in_place)
{
  constexpr index_t rows = 2;
  index_t const pitch = cols + 3;
  auto const size = static_cast<std::size_t>(rows * pitch + 1);
  test::device_array<T> const logits(std::vector<T>(size, T(0.5f)));
  test::device_array<T> const gradient(size);
  test::device_array<std::int32_t> const targets(
      std::vector<std::int32_t>{0, static_cast<std::int32_t>(cols - 1)});
  test::device_array<float> const column(std::vector<float>(rows, -0.5f));
  ledger const accounts(3 * rows * cols + 100'000);
  book const log = accounts.book();

  using logits_type = matrix<T const>;
  using gradient_type = matrix<T>;
  using state = logit_stats<float>;
  gpu::detail::target_rows<float, logits_type, std::int32_t> in{
      {logits.data() + 1, rows, cols, pitch, log}, targets.view(), {}};
  gradient_type const out{(in_place ? logits.data() : gradient.data()) + 1, rows, cols, pitch, log};
  log_prob_seed_columns<float, device_memory> const seeds{.d_log_prob = column.view()};
  test::stream const stream;
  if (what == pass::forward) {
    test::check(gpu::detail::for_each_row<state>(
        stream, rows, cols,
        gpu::detail::log_prob_job<float, logits_type, std::int32_t>{in, {column.view()}}));
  } else if (what == pass::backward) {
    in.options.forward = {column.view(), column.view(), column.view()};
    test::check(gpu::detail::for_each_row<state>(
        stream, rows, cols,
        gpu::detail::logit_gradient_job<true, float, logits_type, std::int32_t, gradient_type>{
            in, seeds, out}));
  } else {
    test::check(gpu::detail::for_each_kept_row<state, gpu::detail::row_stage>(
        stream, rows, cols, gpu::detail::whole_rows<T>(cols),
        gpu::detail::logit_gradient_job<false, float, logits_type, std::int32_t, gradient_type>{
            in, seeds, out, {column.view()}}));
  }
  stream.wait();
  return accounts.total();
}

/// What the kernels on pairs of rows ask for. The reference's rows start `apart` elements later in
/// their 16 bytes than the policy's.
template <class T>
bytes run_pairs(bool backward, row_kl_seeds<float> const& wanted, index_t cols, index_t apart)
{
  constexpr index_t rows = 2;
  index_t const pitch = cols + 3;
  auto const size = static_cast<std::size_t>(rows * pitch + 1 + apart);
  test::device_array<T> const policy(std::vector<T>(size, T(0.5f)));
  test::device_array<T> const reference(std::vector<T>(size, T(0.25f)));
  test::device_array<float> const to_policy(std::vector<float>(rows, wanted.d_reference_to_policy));
  test::device_array<float> const to_reference(
      std::vector<float>(rows, wanted.d_policy_to_reference));
  ledger const accounts(6 * rows * cols + 100'000);
  using logits = matrix<T const>;
  using pairs = gpu::detail::row_pairs<float, logits, logits>;
  pairs const in{{policy.data() + 1, rows, cols, pitch, accounts.book()},
                 {reference.data() + 1 + apart, rows, cols, pitch, accounts.book()},
                 {}};
  auto const enqueue = [&](auto const& job) {
    test::stream const stream;
    test::check(gpu::detail::for_each_kept_row<kl_stats<float>, gpu::detail::pair_stage>(
        stream, rows, cols, gpu::detail::whole_rows<T, T>(cols), job));
    stream.wait();
  };
  if (backward) {
    matrix<T> const in_place{policy.data() + 1, rows, cols, pitch, accounts.book()};
    enqueue(gpu::detail::kl_gradient_job<float, logits, logits, matrix<T>>{
        in, {to_policy.view(), to_reference.view()}, in_place});
  } else {
    enqueue(gpu::detail::kl_job<float, logits, logits>{in, {to_policy.view()}});
  }
  return accounts.total();
}

/// Shared memory that a staging block may keep its row in.
double stage_bytes()
{
  int device = 0;
  int most = 0;
  test::check(cudaGetDevice(&device));
  test::check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  return most - 1024;
}

template <class T>
void check_traffic(index_t cols)
{
  constexpr double size = sizeof(T);
  double const row_bytes = 2 * static_cast<double>(cols) * size;  // two rows
  bool const by_block = cols > gpu::longest_warp_row;
  double const warps = 2 * (by_block ? gpu::detail::block_threads / 32 : 1);
  double const staging_warps = 2 * (by_block ? gpu::staging_threads / 32 : 1);
  // A row's columns: target, three results of the forward pass, seed.
  double const columns = 2 * (4 + 3 * 4 + 4);
  // What comes on top, all of it from the cache: every warp reads the logit of the target, and the
  // edges of a row are not kept for the second time.
  double const edges = 2 * 14 * size;
  INFO("V = " << cols << ", " << size << " bytes each");

  bytes const forward = run<T>(pass::forward, cols, false);
  CHECK(forward.written == 0);
  CHECK(forward.read >= row_bytes);
  CHECK(forward.read <= row_bytes + warps * size);

  for (bool const in_place : {false, true}) {
    bytes const backward = run<T>(pass::backward, cols, in_place);
    CHECK(backward.read >= row_bytes);
    CHECK(backward.read <= row_bytes + warps * size);
    CHECK(backward.written >= row_bytes);
    CHECK(backward.written <= row_bytes + 2 * size);  // the target's element is written again
    if (cols >= 31) { CHECK(backward.read + backward.written <= 1.05 * 2 * row_bytes); }

    bytes const both = run<T>(pass::both, cols, in_place);
    double const beyond = std::max(0.0, row_bytes - 2 * stage_bytes());  // from the L2 cache
    CHECK(both.read >= row_bytes);
    CHECK(both.read <= row_bytes + beyond + 2 * staging_warps * size + edges);
    CHECK(both.written <= row_bytes + 2 * size);
    if (cols >= 1000 && beyond == 0) { CHECK(both.read + both.written <= 1.05 * 2 * row_bytes); }
  }
  if (cols >= 31) { CHECK(forward.read + columns <= 1.05 * (row_bytes + columns)); }
}

template <class T>
void check_pair_traffic(index_t cols)
{
  constexpr double size = sizeof(T);
  double const row_bytes = 2 * static_cast<double>(cols) * size;  // two rows
  double const beyond = std::max(0.0, 2 * row_bytes - 2 * stage_bytes());
  double const edges = 2 * 2 * 15 * size;  // not kept, nor is a part of 16 bytes of what is beyond
  for (index_t const apart : {0, 1}) {
    if (apart != 0 && cols > 50'000) { continue; }
    INFO("V = " << cols << ", " << size << " bytes each, " << apart << " apart");
    bytes const forward = run_pairs<T>(false, {}, cols, apart);
    CHECK(forward.written == 0);
    CHECK(forward.read >= 2 * row_bytes);
    CHECK(forward.read <= 2 * row_bytes + beyond + edges);
    for (float const back : {0.0f, 1.0f}) {
      double const again = back != 0 ? 2 : 1;  // KL(policy || reference) has a pass of its own
      bytes const backward = run_pairs<T>(true, {1, back}, cols, apart);
      CHECK(backward.read >= 2 * row_bytes);
      CHECK(backward.read <= 2 * row_bytes + again * (beyond + edges));
      CHECK(backward.written == row_bytes);
      if (beyond == 0) { CHECK(backward.read + backward.written <= 1.05 * 3 * row_bytes); }
    }
    if (beyond == 0) { CHECK(forward.read <= 1.05 * 2 * row_bytes); }
  }
}

}  // namespace counting

TEMPLATE_TEST_CASE("row kernels move each byte once", "[cuda][row]", float, __nv_bfloat16)
{
  for (index_t const cols : {1, 7, 31, 32, 33, 1000, 1025, 32'000}) {
    counting::check_traffic<TestType>(cols);
  }
}

TEST_CASE("kernels on pairs of rows move each byte once as far as shared memory goes",
          "[cuda][kl][large]")
{
  for (index_t const cols : {1500, 32'000, 151'936}) {
    counting::check_pair_traffic<__nv_bfloat16>(cols);
  }
}

TEST_CASE("row kernels move each byte once in the largest vocabularies", "[cuda][row][large]")
{
  for (index_t const cols : {50'257, 151'936}) { counting::check_traffic<__nv_bfloat16>(cols); }
}

TEST_CASE("the count sees a second reading of a row", "[cuda][row]")
{
  using counting::entry;
  std::vector<entry> once, twice;
  for (int lane = 0; lane < 32; ++lane) {
    once.push_back({std::uint64_t(4096 + 16 * lane), 16, lane, false});
    once.push_back({8192, 4, lane, false});  // the same for all lanes
  }
  twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  CHECK(counting::count(once).read == 32 * 16 + 4);
  CHECK(counting::count(twice).read == 2 * (32 * 16 + 4));
}
