// SPDX-License-Identifier: MIT
#pragma once
/// \file  Corruptions of a picture, sound or video inside a region: the concept, and the loop that
/// applies one.

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/registers.hpp>
#include <prefopt/image/tensor_layout.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// A corruption gives the new value of an element as a pure function of the old tensor and the
/// place: any order, any number of threads and host or device give the same bits, if sums of
/// products say `fma` where they mean it (compilers fuse on some machines only). It goes to
/// devices, so it is trivially copyable; `reads_neighbours` says whether it looks at other elements
/// than the one it replaces, and so cannot work in place.
template <class Corruption>
concept corruption =
    std::is_trivially_copyable_v<Corruption> &&
    requires(Corruption const& c, tensor_reader<float> const& in, element_place const& at) {
      { c(in, at) } -> std::same_as<float>;
      { Corruption::reads_neighbours } -> std::convertible_to<bool>;
    };

namespace detail {

struct no_stream {};

// A concept, because nvcc takes a requires-expression inside a function for false in device code,
// without a word, where it is true on the host.
template <class Corruption>
concept offers_stream = requires(Corruption const& change) { change.stream(); };

template <class Corruption>
PREFOPT_HD auto stream_of(Corruption const& change)
{
  if constexpr (offers_stream<Corruption>) {
    return change.stream();
  } else {
    return no_stream{};
  }
}

}  // namespace detail

/// Corrupts element by element; one call for each `index` of element_place in [0, elements), in any
/// order, on host or device. Elements outside the mask are copied bit for bit.
template <corruption Corruption, class Stored, class Read = Stored>
struct corrupted_element {
  Corruption change;
  tensor_reader<Read> in;          // what the corruption reads
  tensor_reader<Stored> original;  // what stays outside; `out` has its layout
  std::uint8_t const* mask;        // one per pixel, shared by the channels; null = everywhere
  bool mask_of_each_item;          // a mask for each item, one behind the other; else one for all
  Stored* out;

  PREFOPT_HD void operator()(index_t index) const
  {
    detail::no_stream none;
    replace(place(index), none);
  }

  /// The elements of one row (one item, channel and y). A corruption that draws random numbers may
  /// offer `stream()`, whose value it then takes as third argument: it keeps what one draw leaves
  /// for the next element, and must give the same bits as without.
  PREFOPT_HD void row(index_t number) const
  {
    auto stream = detail::stream_of(change);
    element_place at = place(number * original.layout.width);
    for (; at.x < original.layout.width; ++at.x, ++at.index) { replace(at, stream); }
  }

 private:
  PREFOPT_HD element_place place(index_t index) const
  {
    tensor_layout const& layout = original.layout;
    index_t const x = index % layout.width, row = index / layout.width;
    index_t const y = row % layout.height, plane = row / layout.height;
    return {index, plane / layout.channels, plane % layout.channels, y, x};
  }
  template <class Stream>
  PREFOPT_HD void replace(element_place const& at, Stream& stream) const
  {
    tensor_layout const& layout = original.layout;
    index_t const item = mask_of_each_item ? at.item : 0;
    index_t const pixel = (item * layout.height + at.y) * layout.width + at.x;
    index_t const offset = original.offset(at);
    if (mask != nullptr && mask[pixel] == 0) {
      out[offset] = original.data[offset];
    } else if constexpr (std::is_same_v<Stream, detail::no_stream>) {
      out[offset] = element_codec<Stored>::encode(change(in, at));
    } else {
      out[offset] = element_codec<Stored>::encode(change(in, at, stream));
    }
  }
};

/// What was done to a tensor.
struct corruption_report {
  index_t corrupted_pixels = 0;  // each counted once for all channels
  bool whole = false;            // the mask was empty
};

/// Checks the sizes and counts the pixels that `corrupt` changes. A mask with no entry, or with
/// none set, means all pixels. Throws std::invalid_argument for sizes that do not agree.
inline corruption_report corruption_extent(tensor_layout const& layout,
                                           std::span<std::uint8_t const> mask)
{
  detail::require_layout("corrupt", layout);
  auto const size = static_cast<index_t>(mask.size());
  bool const of_each = size == layout.items * layout.pixels();
  if (size != 0 && size != layout.pixels() && !of_each) {
    detail::throw_invalid("corrupt", "mask",
                          "none, " + std::to_string(layout.pixels()) + " entries or as many for " +
                              "each of " + std::to_string(layout.items) + " items",
                          std::to_string(size));
  }
  corruption_report report;
  for (std::uint8_t const set : mask) { report.corrupted_pixels += set != 0 ? 1 : 0; }
  if (!of_each) { report.corrupted_pixels *= layout.items; }
  report.whole = report.corrupted_pixels == 0;
  if (report.whole) { report.corrupted_pixels = layout.items * layout.pixels(); }
  return report;
}

/// The functor to run over [0, layout.elements()) oneself: with Thrust's `for_each` or in a kernel.
/// All pointers lie where it runs; a null mask means everywhere (`corruption_extent` on the host
/// says when), and `out` may be `in` unless the corruption reads neighbours.
template <corruption Corruption, class Stored>
corrupted_element<Corruption, Stored> make_corrupted_element(Corruption const& change,
                                                             Stored const* in,
                                                             std::uint8_t const* mask, Stored* out,
                                                             tensor_layout const& layout,
                                                             bool mask_of_each_item = false)
{
  return {change, {in, layout}, {in, layout}, mask, mask_of_each_item, out};
}

namespace detail {

template <class Stored>
void require_tensor(char const* name, std::span<Stored> tensor, tensor_layout const& layout)
{
  require_extent("corrupt", name, layout.elements(), static_cast<index_t>(tensor.size()));
}

template <class A, class B>
bool overlap(std::span<A> a, std::span<B> b)
{
  auto const begin = [](auto span) { return reinterpret_cast<std::uintptr_t>(span.data()); };
  return begin(a) < begin(b) + b.size_bytes() && begin(b) < begin(a) + a.size_bytes();
}

template <class Element, class Target = compile_target>
void corrupt_rows(Element const& apply, int threads)
{
  tensor_layout const& layout = apply.original.layout;
  index_t const rows = layout.items * layout.channels * layout.height;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t row = 0; row < rows; ++row) {
    widest_registers<Target>::call([apply, row](auto) { apply.row(row); });
  }
}

}  // namespace detail

/// Corrupts a tensor inside a mask (an entry per pixel, for all items or for each; not 0 = inside)
/// and copies the rest bit for bit. A mask with no entry, or with none set, means the whole tensor,
/// and the report says so. `out` may be `in` unless the corruption reads neighbours. The result
/// does not depend on the number of host threads (used where OpenMP is on).
/// Throws std::invalid_argument for sizes that do not agree and where `out` overlaps what is read.
template <corruption Corruption, class Stored>
corruption_report corrupt(Corruption const& change,
                          std::type_identity_t<std::span<Stored const>> in,
                          std::type_identity_t<std::span<std::uint8_t const>> mask,
                          std::span<Stored> out, tensor_layout const& layout, int threads = 1)
{
  corruption_report const report = corruption_extent(layout, mask);
  detail::require_tensor("in", in, layout);
  detail::require_tensor("out", out, layout);
  detail::require_threads("corrupt", threads);
  if (detail::overlap(in, out) && (Corruption::reads_neighbours || in.data() != out.data())) {
    detail::throw_invalid("corrupt", "out",
                          Corruption::reads_neighbours
                              ? "other memory than 'in', whose neighbours are read"
                              : "'in' itself or memory apart from it",
                          "memory that overlaps 'in'");
  }
  bool const of_each = static_cast<index_t>(mask.size()) != layout.pixels();
  auto const apply = make_corrupted_element(change, in.data(), report.whole ? nullptr : mask.data(),
                                            out.data(), layout, of_each);
  detail::corrupt_rows(apply, threads);
  return report;
}

}  // namespace prefopt
PREFOPT_INLINED_END
