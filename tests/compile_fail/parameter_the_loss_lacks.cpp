// SPDX-License-Identifier: MIT
// expected-error "ld_alpha"
/// \file  A parameter of another loss: an aggregate has no place where it could be ignored.

#include <prefopt/losses/dpo.hpp>

prefopt::dpo<float> const loss{.beta = 0.1f,
#ifdef PREFOPT_SHOULD_FAIL
                               .ld_alpha = 0.5f
#endif
};
