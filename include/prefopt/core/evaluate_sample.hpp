// SPDX-License-Identifier: MIT
#pragma once
/// \file  Loss and gradient of one sample of a batch, or of one pack of samples: the body that all
/// drivers share.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/columns.hpp>
#include <prefopt/core/loss.hpp>
#include <prefopt/core/pack.hpp>
#include <prefopt/core/pack_math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// Reads element i of a column, or the pack that starts there in a dense one; a column that may be
/// missing reads as 0.
template <class Value>
struct load_element {
  index_t i;

  template <class View>
  PREFOPT_HD constexpr void operator()(column_name, Value& to, View const& from) const
  {
    load(to, from);
  }
  template <class View>
  PREFOPT_HD constexpr void optional(column_name, Value& to, View const& from) const
  {
    if (from.data != nullptr) { load(to, from); }
  }

 private:
  template <class View>
  PREFOPT_HD constexpr void load(Value& to, View const& from) const
  {
    if constexpr (std::is_floating_point_v<Value>) {
      to = from[i];
    } else {
      // Processors ask ahead for few columns, and anew on every page. Less far than for one column,
      // as many lines are under way.
      detail::prefetch(from.data + i, static_cast<index_t>(sizeof to.lanes), 2048);
      to.load(from.data + i);
    }
  }
};

/// Sample i of a batch, or the pack of samples that starts there.
template <class Record, class Value, class Columns>
PREFOPT_HD Record load_record(Columns const& in, index_t i)
{
  load_element<Value> const load{i};
  Record x;
  Columns::visit_policy(load, x, in);
  Columns::visit_constant(load, x, in);
  return x;
}
template <class Loss, class Value, class Columns>
PREFOPT_HD record_of<Loss, Value> load_sample(Columns const& in, index_t i)
{
  return load_record<record_of<Loss, Value>, Value>(in, i);
}

/// How results are written.
struct store_options {
  bool weighted;    ///< by a weight per sample
  bool accumulate;  ///< added to what is there
  bool streams;     ///< past the caches, to whole lines of them
};

/// Writes element i of the columns that were given.
template <class Value>
struct store_element {
  index_t i;
  Value weight;
  Value scale;
  store_options options;

  template <class View>
  PREFOPT_HD constexpr void operator()(column_name name, View const& to,
                                       Value const& gradient) const
  {
    if (to.data == nullptr) { return; }
    // Tested before the product, which may underflow to 0 without being meant to exclude. Packs
    // without weights do without; a single sample's weight is 1 then.
    constexpr bool one = std::is_floating_point_v<Value>;
    Value result = one || options.weighted
                       ? select(weight == Value(0), Value(0), weight * gradient * scale)
                       : gradient * scale;
    if (options.accumulate) {
      Value before{};
      load_element<Value>{i}(name, before, to);
      result = before + result;
    }
    if constexpr (std::is_floating_point_v<Value>) {
      to[i] = result;
    } else if (options.streams) {
      stream_vector(to.data + i, result.lanes);
    } else {
      result.store(to.data + i);
    }
  }
};

/// Asks each term whether it is left out.
struct find_absent_term {
  bool found = false;

  template <class Term>
  constexpr void operator()(Term const& term)
  {
    found = found || term.weight == typename Term::real(0);
  }
};
/// Tells the compiler that none is.
struct assume_no_absent_term {
  template <class Term>
  constexpr void operator()(Term const& term) const
  {
    if (term.weight == typename Term::real(0)) { __builtin_unreachable(); }
  }
};

/// Evaluates sample i, or the pack of samples that starts there. Trivially copyable: the same
/// functor runs in the host loop, in Thrust and in a CUDA kernel.
template <class Loss, class Real, class Space>
struct evaluate_sample {
  Loss loss;
  input_columns<Loss, Real, Space> in;
  output_columns<Loss, Real, Space> out;
  vector_view<Real const, Space> weight;
  Real scale;
  bool accumulate;
  bool streams = false;

  PREFOPT_HD void operator()(index_t i) const { at<Real>(i); }

  /// Nothing that a loop would have to ask of every pack: no weights of samples, gradients
  /// overwritten, every term counts.
  bool is_plain() const
  {
    find_absent_term absent;
    if constexpr (has_terms<Loss>) { loss.terms().for_each(absent); }
    return weight.data == nullptr && !accumulate && !absent.found;
  }
  template <class Value>
  void at_plain(index_t i) const
  {
    assume_no_absent_term assume;
    if constexpr (has_terms<Loss>) { loss.terms().for_each(assume); }
    write<Value>(i, Value(1), {false, false, streams});
  }
  template <class Value>
  PREFOPT_HD void at(index_t i) const
  {
    Value w(1);
    load_element<Value>{i}.optional(column_name{"weight"}, w, weight);
    write<Value>(i, w, {weight.data != nullptr, accumulate, streams});
  }

 private:
  template <class Value>
  PREFOPT_HD void write(index_t i, Value const& w, store_options options) const
  {
    record_of<Loss, Value> const x = load_sample<Loss, Value>(in, i);
    value_gradient<Loss, Value> const result = value_and_gradient<Value>(loss, x);
    store_element<Value> const store{i, w, Value(scale), options};
    options.accumulate = false;
    store_element<Value> const store_value{i, w, Value(1), options};
    store_value(column_name{"value"}, out.value, result.value);
    gradient_columns<Loss, Real, Space>::visit_policy(store, out.gradient, result.gradient);
  }
};

template <class Loss, class Real, class Space>
evaluate_sample<Loss, Real, Space> make_evaluate_sample(
    Loss const& loss, input_columns<Loss, Real, Space> const& in,
    output_columns<Loss, Real, Space> const& out, options_of<Loss, Real, Space> const& options)
{
  return {loss, in, out, weights_of(options), options.scale, options.accumulate};
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
