#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a CUDA test program: as it is, or under a library that stands in for libcudart.
#
#   run_modes.sh PROGRAM [ARGUMENTS]
#
# PREFOPT_CUDA_EMULATOR        the library to preload; unset or empty: run on this machine's GPU
# PREFOPT_CUDA_EMULATOR_MODES  environments to run under, separated by semicolons, each a list of
#                              NAME=VALUE separated by spaces; an empty one is the plain run.
# Exits with the first status that is not 0 (4: no device, skipped).
set -u

if [ -z "${PREFOPT_CUDA_EMULATOR:-}" ]; then
  exec "$@"
fi

echo "emulated, not run on a GPU: $PREFOPT_CUDA_EMULATOR"
modes=";${PREFOPT_CUDA_EMULATOR_MODES:-}"
while [ -n "$modes" ]; do
  modes=${modes#;}
  mode=${modes%%;*}
  modes=${modes#"$mode"}
  echo "mode: ${mode:-plain}"
  # $mode is split into its assignments on purpose.
  # shellcheck disable=SC2086
  env $mode LD_PRELOAD="$PREFOPT_CUDA_EMULATOR" "$@" || exit $?
done
