# Shared by scripts/demo and scripts/check; sourced, never run.

# Debian 12 packages. The first list builds the program, the second checks it, the third makes and
# tries its package.
build_packages=(
  clang-19 cmake ninja-build
  libabsl-dev libzydis-dev nlohmann-json3-dev libxxhash-dev
  zlib1g-dev libbz2-dev liblzma-dev liblz4-dev libzstd-dev libslirp-dev libedit-dev
)
check_packages=(
  g++-12 clang-format-19 clang-tidy-19 python3 libgtest-dev libbenchmark-dev valgrind
)
package_packages=(dpkg-dev pkg-config)

say() { printf 'lgx: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# install_packages NAME...: installs those that are missing, with apt-get.
install_packages() {
  if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
    say "this script knows Debian 12 only. Install what these packages hold, then build with"
    say "CMake as docs/building.md shows:"
    say "  $*"
    exit 1
  fi
  local missing=() name
  for name in "$@"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null)" != installed ]; then
      missing+=("$name")
    fi
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null ||
      die "run this as root first: apt-get install --no-install-recommends ${missing[*]}"
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  # A failing update may concern somebody else's repository; the install shows whether it matters.
  quietly "${root[@]}" apt-get update || true
  quietly "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}" ||
    die "apt-get could not install them (see above); lgx is built on Debian 12 (bookworm)"
}

# quietly COMMAND...: shows the output only if the command fails. Never reads the terminal.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" > "$log" 2>&1 < /dev/null || status=$?
  [ $status -eq 0 ] || tail -n 60 "$log" >&2
  rm -f "$log"
  return $status
}

# build FOLDER COMPILER CMAKE_OPTION...: configures and builds. COMPILER is the C compiler, for
# example clang-19 or gcc-12; the C++ compiler is its sister.
build() {
  local folder=$1 cc=$2 cxx
  shift 2
  case $cc in
    *clang-*) cxx=${cc/clang-/clang++-} ;;
    *gcc-*) cxx=${cc/gcc-/g++-} ;;
  esac
  local fresh=()
  # CMake cannot change the compiler of a configured folder.
  if [ -f "$folder/CMakeCache.txt" ] &&
    ! grep -q "^CMAKE_CXX_COMPILER:.*[=/]$cxx\$" "$folder/CMakeCache.txt"; then
    fresh=(--fresh)
  fi
  quietly cmake "${fresh[@]}" -S . -B "$folder" -G Ninja \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DLGX_WERROR=ON "$@" &&
    quietly cmake --build "$folder"
}
