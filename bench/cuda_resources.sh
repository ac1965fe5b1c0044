#!/bin/sh
# SPDX-License-Identifier: MIT
# Registers, spills, shared memory and occupancy of the kernels in tests/cuda/registers.cu.
#
#   sh bench/cuda_resources.sh            writes the table into docs/cuda.md
#   sh bench/cuda_resources.sh --check    writes nothing; 1 where a kernel spills or has a stack frame, where
#                                         the committed table is another, and where the library calls
#                                         anything of CUDA's runtime that might allocate or wait; 4
#                                         (skipped) without nvcc
#
# NVCC names the compiler. Registers depend on its version: with another one than the table's, --check looks
# at spills only.
set -eu
cd "$(dirname "$0")/.."
nvcc=${NVCC:-nvcc}
page=docs/cuda.md
architectures="80 90 100 120"
if ! command -v "$nvcc" >/dev/null || ! command -v c++filt >/dev/null; then
  echo "skipped: needs nvcc and c++filt"
  exit 4
fi
version=$("$nvcc" --version | sed -n 's/.*, V\([0-9.]*\)$/\1/p')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

compile() {
  if ! "$nvcc" -std=c++20 -arch="sm_$1" -Xptxas -v -Iinclude -c tests/cuda/registers.cu \
    -o "$folder/$1.o" >"$folder/$1.log" 2>&1; then
    grep -E 'error|fatal' "$folder/$1.log" | head -5
    exit 1
  fi
}
# Two at a time.
compile 80 & first=$!
compile 90
wait $first
compile 100 & first=$!
compile 120
wait $first

# What the library itself may call: launches, and questions to the host's own tables.
allowed='^cuda(LaunchKernel|GetDevice|DeviceGetAttribute|FuncSetAttribute)$'
if nm -u "$folder/80.o" | sed -n 's/^ *U //p' | grep '^cuda' | grep -vE "$allowed"; then
  echo "the library calls these, which a stream that is captured into a graph may not allow"
  exit 1
fi

# One line for each kernel and architecture: name, architecture, registers, static shared bytes, threads, spills.
for a in $architectures; do
  c++filt <"$folder/$a.log" | awk -v arch="$a" '
    /Compiling entry function/ {
      type = /__nv_bfloat16 const/ ? "bf16" : /__half const/ ? "fp16" : "fp32"
      who = /block_row_kernel/ ? "block" : "warp"
      threads = /staging_block/ ? 512 : /sequence_sum|token_seed/ ? 32 : 256
      if (/chunk_stats_job/) name = "head, statistics of a chunk, " who
      else if (/chunk_gradient_job/)
        name = "head, gradient of a chunk to " (/matrix_view<__nv_bfloat16/ ? "bf16" : "fp32") ", " who
      else if (/log_prob_job/) name = "log_probs, " type ", " who
      else if (/logit_gradient_job<true/) name = "logit_gradients, forward given, " type ", " who
      else if (/logit_gradient_job<false/) name = "log_probs_and_gradients, " type ", " who
      else if (/kl_job/) name = "kl_divergences, " type ", " who
      else if (/kl_gradient_job/) name = "kl_gradients, " type ", " who
      else if (match($0, /evaluate_kernel<prefopt::[a-z_]+/))
        name = "evaluate, " substr($0, RSTART + 25, RLENGTH - 25)
      else if (match($0, /(sequence_sum|token_seed)_kernel/)) name = substr($0, RSTART, RLENGTH - 7) "s"
      else name = ""
    }
    /bytes stack frame/ { spills = $1 + $5 + $9 }
    /Used [0-9]+ registers/ {
      match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5)
      shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH - 11) : 0
      if (name != "") print name "|" arch "|" registers "|" shared "|" threads "|" spills
      else if (spills > 0) print "another|" arch "|" registers "|" shared "|" threads "|" spills
    }'
done | sort >"$folder/resources"

if [ ! -s "$folder/resources" ]; then
  echo "no kernels found in what ptxas says"
  exit 1
fi
if awk -F'|' '$6 > 0 { print "spills: " $0; found = 1 } END { exit !found }' "$folder/resources"; then
  echo "a kernel spills or has a stack frame"
  exit 1
fi

awk -F'|' -v version="$version" -v list="$architectures" '
  function occupancy(arch, registers, shared, threads,   warps, blocks, most) {
    most = arch == 120 ? 48 : 64
    warps = int(65536 / (int((registers * 32 + 255) / 256) * 256))
    blocks = int(warps / (threads / 32))
    if (blocks > int(most / (threads / 32))) blocks = int(most / (threads / 32))
    if (arch != 120 && blocks > 32) blocks = 32
    if (arch == 120 && blocks > 24) blocks = 24
    return int(100 * blocks * threads / 32 / most)
  }
  { if (!($1 in seen)) { seen[$1] = ++n; names[n] = $1 }
    cell[$1, $2] = $3 " · " occupancy($2, $3, $4, $5) " %"; shared[$1] = $4; threads[$1] = $5 }
  END {
    count = split(list, archs, " ")
    printf "| nvcc %s | threads | shared bytes |", version
    for (k = 1; k <= count; ++k) printf " sm_%s |", archs[k]
    printf "\n|---|---|---|"
    for (k = 1; k <= count; ++k) printf "---|"
    printf "\n"
    for (i = 1; i <= n; ++i) {
      printf "| %s | %d | %d |", names[i], threads[names[i]], shared[names[i]]
      for (k = 1; k <= count; ++k) printf " %s |", cell[names[i], archs[k]]
      printf "\n"
    }
  }' "$folder/resources" >"$folder/table"

committed=$(sed -n 's/^| nvcc \([0-9.]*\) |.*/\1/p' "$page")
awk -v table="$folder/table" '
  /^\| nvcc / { while ((getline line < table) > 0) print line; inside = 1 }
  inside && !/^\|/ { inside = 0 }
  !inside' "$page" >"$folder/page"
if [ "${1:-}" != --check ]; then
  cp "$folder/page" "$page"
  cat "$folder/table"
elif [ "$committed" != "$version" ]; then
  echo "no spills; the table of $page is of nvcc $committed, this is $version"
elif ! diff "$page" "$folder/page"; then
  echo "$page is out of date: sh bench/cuda_resources.sh"
  exit 1
else
  echo "no spills; the table is up to date"
fi
