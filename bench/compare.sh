#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures prefopt beside its rooflines, LibTorch (Debian's libtorch-dev) and, with a Python that has them,
# PyTorch, TRL and Liger; in turns, in one process each. Writes bench/results/*.json and *.svg and the figures of
# docs/throughput.md and README.md.
#
#   sh bench/compare.sh [--python PATH] [--quick] [--only NAME] [--report]
#
# --python PATH  a Python with torch, and trl and liger-kernel if they are to be compared:
#                python3 -m venv /tmp/peers && /tmp/peers/bin/pip install torch trl liger-kernel
# --quick        one vocabulary, half the logits, 10^7 pairs; into build/compare instead of bench/results
# --only NAME    one of host, grid, ranking, libtorch, python, gpu
# --report       measures nothing: charts and tables from the results that are there
#
# Run it on a machine that does nothing else. CXX and BUILD (default: build/compare) may be set.
set -eu
cd "$(dirname "$0")/.."

python="" quick="" only="" report=""
while [ $# -gt 0 ]; do
  case "$1" in
  --python) python=$2 && shift ;;
  --quick) quick=--quick ;;
  --only) only=$2 && shift ;;
  --report) report=yes ;;
  *) sed -n '3,16p' "$0" | cut -c3- && exit 2 ;;
  esac
  shift
done

build=${BUILD:-build/compare}
results=${quick:+$build/results}
results=${results:-bench/results}
mkdir -p "$build" "$results"

wanted() { [ -z "$report" ] && { [ -z "$only" ] || [ "$only" = "$1" ]; }; }

# compile OBJECT FLAGS...: with ccache where there is one.
launcher=$(command -v ccache || true)
compile() {
  object=$1 && shift
  # shellcheck disable=SC2086
  $launcher "${CXX:-g++}" -std=c++20 -DNDEBUG -fopenmp -Iinclude "$@" -c -o "$build/$object.o"
}
link() { "${CXX:-g++}" -fopenmp "$@"; }
# compile_library NAME WITH_THRUST FLAGS...
compile_library() {
  name=$1 thrust=$2 && shift 2
  objects=""
  for source in bench/peers/ours/*.cpp; do
    object=$name-$(basename "$source" .cpp)
    rm -f "$build/$object.o"  # what does not compile is not to be linked
    compile "$object" "$@" -fPIC -fvisibility=hidden "-DPREFOPT_FLAGS=\"$*\"" "-DPREFOPT_WITH_THRUST=$thrust" \
      "$source" &
    objects="$objects $build/$object.o"
  done
  wait
  # shellcheck disable=SC2086
  link -shared $objects -o "$build/$name.so"
}
has_header() { echo "#include <$1>" | "${CXX:-g++}" -E -x c++ - >/dev/null 2>&1; }

processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
family=$(sed -n 's/^cpu family[^:]*: //p' /proc/cpuinfo | head -1)
model=$(sed -n 's/^model\t[^:]*: //p' /proc/cpuinfo | head -1)
COMPARE_MACHINE="$processor family $family model $model, $(nproc) cores"
COMPARE_DATE=$(date -u +%F)
COMPARE_FLAGS="$("${CXX:-g++}" --version | head -1) -O2"
export COMPARE_MACHINE COMPARE_DATE COMPARE_FLAGS PYTHONDONTWRITEBYTECODE=1

# Peers at their best.
if grep -q avx512bw /proc/cpuinfo; then
  export ATEN_CPU_CAPABILITY=avx512 OPENBLAS_CORETYPE=SkylakeX
fi

if [ -z "$report" ]; then
  thrust=0
  if has_header thrust/system/omp/execution_policy.h; then thrust=1; else echo "skipped: Thrust is missing"; fi
  # Plain -O2 is what most people compile with, and what peers are compared with.
  compile_library plain $thrust -O2
fi

# What others take of the cores while nothing of ours runs. Figures record what ran beside them, too.
busy_ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat; }
if [ -z "$report" ]; then
  before=$(busy_ticks)
  sleep 2
  percent=$((($(busy_ticks) - before) * 50 / $(getconf CLK_TCK)))
  if [ $percent -ge 10 ]; then
    echo "warning: other work takes $percent % of a core: ratios of two threads will be wrong" >&2
  fi
fi

if wanted host; then
  compile_library native 0 -O3 -march=native
  compile host -O2 bench/peers/host.cpp
  link "$build/host.o" -o "$build/host"
  # shellcheck disable=SC2086
  "$build/host" "$build/plain.so" "$build/native.so" "$results/host.json" $quick
fi
if wanted grid; then
  compile rows_grid -O2 bench/rows_grid.cpp
  link "$build/rows_grid.o" -o "$build/rows_grid"
  # shellcheck disable=SC2086
  "$build/rows_grid" "$results/rows_grid.json" $quick
fi
if wanted ranking; then
  compile ranking -O2 bench/ranking.cpp
  link "$build/ranking.o" -o "$build/ranking"
  if [ -n "$quick" ]; then samples=10000000; else samples=100000000; fi
  "$build/ranking" select $samples float "$results/ranking.json"
fi
if wanted libtorch; then
  torch_api=/usr/include/torch/csrc/api/include
  if [ -f $torch_api/torch/torch.h ]; then
    compile libtorch -O2 -w -isystem $torch_api bench/peers/libtorch/main.cpp
    onednn=""
    if has_header oneapi/dnnl/dnnl.hpp; then onednn=-ldnnl; else echo "skipped: oneDNN is missing, for heads in bf16"; fi
    # shellcheck disable=SC2086
    link "$build/libtorch.o" -ltorch -ltorch_cpu -lc10 $onednn -o "$build/libtorch"
    # shellcheck disable=SC2086
    "$build/libtorch" "$build/plain.so" "$results/libtorch.json" $quick
    # Its BLAS has threads of its own, which OpenMP's would wait for in a loop.
    if [ -n "$quick" ]; then counts=2; else counts="1 2"; fi
    for threads in $counts; do
      # shellcheck disable=SC2086
      OMP_WAIT_POLICY=passive OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads \
        "$build/libtorch" "$build/plain.so" "$results/libtorch_head_$threads.json" $quick --head $threads
    done
  else
    echo "skipped: LibTorch is missing (apt install libtorch-dev)"
  fi
fi
if wanted python; then
  if [ -z "$python" ]; then
    echo "skipped: PyTorch, TRL and Liger, for want of --python PATH"
  else
    # shellcheck disable=SC2086
    "$python" bench/peers/python/compare.py "$build/plain.so" "$results/python.json" ${quick:---compile} $quick
  fi
fi
if wanted gpu; then
  if [ -f bench/rows.cu ] && command -v nvcc >/dev/null && nvidia-smi >/dev/null 2>&1; then
    nvcc -std=c++20 -O3 -DNDEBUG -arch=native -Iinclude bench/rows.cu -lbenchmark -o "$build/gpu"
    COMPARE_MACHINE=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -1)
    "$build/gpu" --benchmark_out="$results/gpu.json" --benchmark_context="machine=$COMPARE_MACHINE"
  else
    echo "skipped: figures of a GPU, for want of one or of nvcc"
  fi
fi

if [ -n "$quick" ]; then
  python3 bench/report/report.py --results "$results"
else
  python3 bench/report/report.py --results "$results" --write docs/throughput.md README.md
fi
