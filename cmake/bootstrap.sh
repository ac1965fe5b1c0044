#!/bin/sh
# Sets up a fresh Debian (12 or newer) or Ubuntu (24.04 or newer) machine and runs one thing:
#   sh cmake/bootstrap.sh test   builds and runs the tests
#   sh cmake/bootstrap.sh demo   builds the LLaVA trainer and runs MFPO on real photographs
# Installs what is missing with apt (as root or through sudo). Everything else stays in build/.
set -eu
cd "$(dirname "$0")/.."

compilers="g++ cmake ninja-build ccache"
trainer="libthrust-dev nlohmann-json3-dev libcli11-dev libstb-dev libjpeg-dev libsentencepiece-dev sentencepiece libopenblas-dev"
tests="catch2 libdnnl-dev libwebp-dev libeigen3-dev libxtensor-dev mpi-default-dev openmpi-bin"

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "bootstrap: root or sudo is needed for: $*" >&2
    return 1
  fi
}

# install PACKAGE...: only what is not there yet, so that a prepared machine needs neither root nor net.
install() {
  missing=""
  for package in "$@"; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok' || missing="$missing $package"
  done
  [ -z "$missing" ] && return
  echo "bootstrap: installing$missing"
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# The demo's photographs come with Debian's scikit-image package. Only its files are needed, so it is
# unpacked into build/ rather than installed with all that it depends on.
photographs() {
  installed=/usr/lib/python3/dist-packages/skimage/data
  if [ -f "$installed/astronaut.png" ]; then
    echo "$installed"
    return
  fi
  unpacked=build/photographs
  if [ ! -d "$unpacked" ]; then
    rm -rf "$unpacked.part"
    mkdir -p "$unpacked.part"
    (cd "$unpacked.part" && { download || { as_root apt-get update -qq && download; }; } &&
      dpkg-deb -x python3-skimage_*.deb . && rm python3-skimage_*.deb) >&2
    mv "$unpacked.part" "$unpacked"
  fi
  echo "$unpacked$installed"
}

# Without apt's sandbox: its user may not write here, and apt would warn about that.
download() {
  apt-get -o APT::Sandbox::User=root download -qq python3-skimage
}

case "${1:-}" in
test)
  # shellcheck disable=SC2086
  install $compilers $trainer $tests
  cmake --preset dev
  cmake --build --preset dev
  ctest --preset dev
  ;;
demo)
  # shellcheck disable=SC2086
  install $compilers $trainer
  cmake --preset release -DPREFOPT_BUILD_TESTS=OFF -DPREFOPT_BUILD_BENCH=OFF
  cmake --build --preset release --target llava
  photos=$(photographs)
  shift
  sh examples/llava/demo/run.sh build/release/examples/llava/llava "$photos" "${PREFOPT_DEMO_DIR:-build/demo}" "$@"
  ;;
*)
  sed -n '2,5p' "$0" | cut -c3-
  exit 2
  ;;
esac
