// SPDX-License-Identifier: MIT
// expected-error "mfpo needs a modality besides text"
/// \file  MFPO of text alone.

#include <prefopt/losses/mfpo.hpp>

#ifdef PREFOPT_SHOULD_FAIL
inline prefopt::mfpo<float, 0> const loss{};
#else
inline prefopt::mfpo<float, 1> const loss{};
#endif
