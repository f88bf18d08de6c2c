#!/usr/bin/env bash
# Puts a loadable LevelDB at $1 (…/libhonu_leveldb.so). Never installs anything: packages are unpacked beside the output.
# Order: link self-contained from the system's static libraries; else from downloaded ones; else copy a shared library of the distribution,
# with the libsnappy.so.1 that it needs beside it (the locator in Honu.LevelDb loads that first).
# HONU_SYSLIB names another folder than the system's to look in.
set -euo pipefail

fail() { # one line, in the form that MSBuild shows as an error
  local all; printf -v all '%s; ' "${tried[@]}"
  echo "provide.sh: error HONU001: no LevelDB for this machine (tried: ${all%; }). Run: sudo apt-get install libleveldb-dev libsnappy-dev g++" >&2
  exit 1
}

tried=()
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mkdir -p "$(dirname "$1")" && cd "$(dirname "$1")" && pwd)
out=$dir/$(basename "$1")
multiarch=$(uname -m)-linux-gnu
syslib=${HONU_SYSLIB:-/usr/lib/$multiarch}

# Two builds may run at once: the second waits and finds the work done.
if command -v flock >/dev/null; then exec 9>"$dir/.lock"; flock 9; fi
[ -s "$out" ] && [ "$out" -nt "$here/exports.map" ] && [ "$out" -nt "$here/provide.sh" ] && exit 0
work=$(mktemp -d "$dir/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

link() { # $1 = folder with libleveldb.a and libsnappy.a
  [ -f "$1/libleveldb.a" ] && [ -f "$1/libsnappy.a" ] || { tried+=("no static libraries in $1"); return 1; }
  command -v g++ >/dev/null || { tried+=("no g++"); return 1; }
  # -z defs: a symbol that is missing shows here rather than in the application.
  g++ -shared -o "$work/lib.so" -Wl,--whole-archive "$1/libleveldb.a" -Wl,--no-whole-archive "$1/libsnappy.a" -Wl,-z,defs \
    -Wl,--version-script="$here/exports.map" -Wl,--gc-sections -Wl,-s -static-libstdc++ -static-libgcc -lpthread >"$work/link.log" 2>&1 9>&- \
    || { tried+=("g++ in $1: $(head -n1 "$work/link.log")"); return 1; }
  rm -f "$dir/libsnappy.so.1"
  mv -f "$work/lib.so" "$out"
}

copy() { # $1 = folder with the distribution's shared libraries
  local name found=
  for name in libleveldb.so.1d libleveldb.so.1 libleveldb.so; do
    [ -f "$1/$name" ] && { found=$1/$name; break; }
  done
  [ -n "$found" ] || { tried+=("no shared library in $1"); return 1; }
  mkdir -p "$work/shared"
  cp -L "$found" "$work/shared/lib.so" || { tried+=("cannot copy $found"); return 1; }
  if [ -f "$1/libsnappy.so.1" ]; then cp -L "$1/libsnappy.so.1" "$work/shared/" || { tried+=("cannot copy $1/libsnappy.so.1"); return 1; }; fi
  local needs
  if command -v ldd >/dev/null; then
    needs=$(LD_LIBRARY_PATH="$work/shared" ldd "$work/shared/lib.so" 2>&1 || true)
    if [[ $needs == *"not found"* ]]; then tried+=("$found without what it needs: $(grep 'not found' <<<"$needs" | tr -s '[:space:]' ' ')"); return 1; fi
  fi
  # Snappy first: whoever sees the output must find both.
  if [ -f "$work/shared/libsnappy.so.1" ]; then mv -f "$work/shared/libsnappy.so.1" "$dir/"; fi
  mv -f "$work/shared/lib.so" "$out"
  touch "$out"
}

download() { # unpack Debian packages into $work/root without touching the system; own package lists, so that a fresh container works
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || { tried+=("no apt-get"); return 1; }
  mkdir -p "$work"/apt/lists/partial "$work"/apt/cache/archives/partial "$work/root"
  local o=(-qq -o Dir::State::lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none)
  (cd "$work" && apt-get "${o[@]}" update && apt-get "${o[@]}" download "$@") >"$work/apt.log" 2>&1 9>&- \
    || { tried+=("apt-get: $(grep -m1 '^E:' "$work/apt.log" || tail -n1 "$work/apt.log")"); return 1; }
  local deb
  for deb in "$work"/*.deb; do dpkg -x "$deb" "$work/root" || { tried+=("dpkg -x $(basename "$deb")"); return 1; }; done
}

link "$syslib" && exit 0
if download libleveldb-dev libsnappy-dev libleveldb1d libsnappy1v5; then
  link "$work/root/usr/lib/$multiarch" && exit 0
  copy "$work/root/usr/lib/$multiarch" && exit 0
fi
copy "$syslib" && exit 0
fail
