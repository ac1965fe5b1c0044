#!/usr/bin/env bash
# What including the library costs, against <cmath>.
#   compile_time.sh table [COMPILER...]  prints a Markdown table of lines and seconds
#   compile_time.sh write [COMPILER...]  puts it into docs/compile-time.md
#   compile_time.sh check [COMPILER]     fails where a bound of docs/compile-time.md is passed: lines
#                                        only, for a count is the same on a busy machine
# Lines are those after preprocessing that are not blank, with the first compiler. Seconds are
# processor time, the median of REPEATS (9) runs after one that does not count.
# shellcheck disable=SC2016  # the backquotes are Markdown's
set -euo pipefail
cd "$(dirname "$0")/../.."
repeats=${REPEATS:-9}
eigen=${EIGEN_INCLUDE:-/usr/include/eigen3}
exec 3>&2  # where compilers complain while standard error is what `time` prints
flags=(-std=c++20 -Iinclude -isystem "$eigen")

lines() {  # COMPILER HEADER...
  printf '#include <%s>\n' "${@:2}" | "$1" "${flags[@]}" -E -P -x c++ - | grep -c .
}
# The standard headers that the umbrella brings.
standard() {
  sed -n 's/^#include <\(prefopt\/.*\)>$/include\/\1/p' include/prefopt/prefopt.hpp |
    xargs sed -n 's/^#include <\([a-z_]*\)>$/\1/p' | sort -u
}
seconds() {  # COMPILER ARGUMENT...
  local TIMEFORMAT='%U %S' run
  for ((run = 0; run <= repeats; ++run)); do
    { time "$1" "${flags[@]}" "${@:2}" -o /dev/null 2>&3; } 2>&1 |
      awk -v counts=$((run > 0)) 'counts { print $1 + $2 }'
  done | sort -n | sed -n "$((repeats / 2 + 1))p"
}

table() {
  local compilers=("$@") compiler brought base header
  ((${#compilers[@]})) || compilers=(g++)
  base=$(lines "${compilers[0]}" cmath)
  printf '| what is compiled | lines | of `<cmath>` |'
  printf ' %s, s |' "${compilers[@]}"
  printf '\n|---|--:|--:|'
  printf -- '--:|%.0s' "${compilers[@]}"
  printf '\n'
  timed() {  # NAME LINES ARGUMENT...
    printf '| %s | %d | %s |' "$1" "$2" "$(awk "BEGIN { printf \"%.2f\", $2 / $base }")"
    for compiler in "${compilers[@]}"; do printf ' %.2f |' "$(seconds "$compiler" "${@:3}")"; done
    printf '\n'
  }
  row() {  # NAME HEADER...
    local includes=() included
    for included in "${@:2}"; do includes+=(-include "$included"); done
    timed "$1" "$(lines "${compilers[0]}" "${@:2}")" "${includes[@]}" -fsyntax-only -x c++ /dev/null
  }
  row '`<cmath>`' cmath
  row '`<string>`, `<stdexcept>`' string stdexcept
  row '`<algorithm>`' algorithm
  row '`<vector>`' vector
  mapfile -t brought < <(standard)
  row 'all standard headers of the umbrella' "${brought[@]}"
  for header in prefopt losses/dpo losses/mfpo core/evaluate row/rows curriculum/sampler; do
    row "\`prefopt/$header.hpp\`" "prefopt/$header.hpp"
  done
  if [[ -d $eigen ]]; then
    row '`prefopt/adapters/eigen.hpp`' prefopt/adapters/eigen.hpp
    row '`<Eigen/Core>`' Eigen/Core
  fi
  local program=examples/spans.cpp
  timed "\`$program\` with \`-O2\`: two calls of \`evaluate\`" \
        "$("${compilers[0]}" "${flags[@]}" -E -P "$program" | grep -c .)" -O2 -c "$program"
}

# When, on what and with what.
setting() {  # COMPILER...
  local compiler
  printf '%s, with %d losses; ' "$(date -u +%F)" "$(find include/prefopt/losses -name '*.hpp' | wc -l)"
  # shellcheck disable=SC1091
  printf '%s; ' "$(. /etc/os-release 2>/dev/null; echo "${PRETTY_NAME:-$(uname -sr)}")"
  printf '%s, %d cores, load %s.' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed q)" "$(nproc)" \
         "$(cut -d ' ' -f 1 /proc/loadavg)"
  for compiler in "$@"; do
    printf '\n`%s` is %s, with %s.' "$compiler" "$("$compiler" --version | sed q)" \
           "$(echo '#include <cmath>' | "$compiler" -std=c++20 -E -dM -x c++ - |
              sed -n 's/^#define _GLIBCXX_RELEASE /libstdc++ /p; s/^#define _LIBCPP_VERSION /libc++ /p')"
  done
}

write() {
  local page=docs/compile-time.md where new
  (($#)) || set -- g++
  where=$(setting "$@")
  new=$(table "$@")
  awk -v where="$where" -v new="$new" '
    /^<!-- END (setting|table) -->/ { inside = 0 }
    !inside { print }
    /^<!-- BEGIN setting -->/ { inside = 1; print where }
    /^<!-- BEGIN table -->/ { inside = 1; print new }' "$page" >"$page.new"
  mv "$page.new" "$page"
}

check() {
  local compiler=${1:-g++} failed=0 base brought all losses twenties header
  at_most() {  # WHAT LINES PERCENT: of <cmath>
    local bound=$((base * $3 / 100))
    (($2 <= bound)) && return
    echo "compile_time: $1: expected at most $bound lines ($3 % of <cmath>), got $2" >&2
    failed=1
  }
  base=$(lines "$compiler" cmath)
  all=$(lines "$compiler" prefopt/prefopt.hpp)
  mapfile -t header < <(standard)
  brought=$(lines "$compiler" "${header[@]}")
  losses=$(find include/prefopt/losses -name '*.hpp' | wc -l)
  twenties=$(((losses + 19) / 20))
  at_most 'standard headers of the umbrella' "$brought" 300
  at_most "our own lines in the umbrella, with $losses losses" $((all - brought)) $((50 * twenties))
  at_most 'row/rows.hpp' "$(lines "$compiler" prefopt/row/rows.hpp)" 190
  for header in include/prefopt/losses/*.hpp; do
    at_most "$header" "$(lines "$compiler" "${header#include/}")" 120
  done
  echo "<cmath> $base lines, umbrella $all: $brought of standard headers, $((all - brought)) ours"
  return $failed
}

case ${1-} in
  table | write | check) "$@" ;;
  *)
    sed -n '2,8s/^# //p' "$0" >&2
    exit 2
    ;;
esac
