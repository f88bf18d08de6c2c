#!/usr/bin/env bash
# Puts a loadable LevelDB at $1 (…/libhonu_leveldb.so). Never installs anything: packages are unpacked beside the output.
# Order: link self-contained from static libraries (system's or downloaded); else copy the distribution's shared library.
set -euo pipefail
out=$1; here=$(cd "$(dirname "$0")" && pwd); dir=$(dirname "$out"); tried=()
mkdir -p "$dir"
exec 9>"$dir/.lock"; flock 9                       # two builds may run at once; the second finds the work done
[ -s "$out" ] && [ "$out" -nt "$here/exports.map" ] && exit 0
work=$(mktemp -d "$dir/work.XXXXXX"); trap 'rm -rf "$work"' EXIT
multiarch=$(uname -m)-linux-gnu

link() { # $1 = folder with libleveldb.a and libsnappy.a
  [ -f "$1/libleveldb.a" ] && [ -f "$1/libsnappy.a" ] || { tried+=("no static libraries in $1"); return 1; }
  command -v g++ >/dev/null || { tried+=("no g++"); return 1; }
  g++ -shared -o "$work/lib.so" -Wl,--whole-archive "$1/libleveldb.a" -Wl,--no-whole-archive "$1/libsnappy.a" \
    -Wl,--version-script="$here/exports.map" -Wl,--gc-sections -Wl,-s -static-libstdc++ -static-libgcc -lpthread 9>&- || { tried+=("g++ failed"); return 1; }
  mv -f "$work/lib.so" "$out"
}
download() { # unpack Debian packages into $work/root without touching the system; its own lists, so a fresh container works
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || { tried+=("no apt-get"); return 1; }
  mkdir -p "$work"/apt/lists/partial "$work"/apt/cache/archives/partial "$work/root"
  local o=(-qq -o Dir::State::lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none)
  (cd "$work" && apt-get "${o[@]}" update && apt-get "${o[@]}" download "$@") >"$work/apt.log" 2>&1 9>&- \
    || { tried+=("apt-get: $(grep -m1 '^E:' "$work/apt.log" || tail -n1 "$work/apt.log")"); return 1; }
  for deb in "$work"/*.deb; do dpkg -x "$deb" "$work/root"; done
}

link "${HONU_SYSLIB:-/usr/lib/$multiarch}" && exit 0
download libleveldb-dev libsnappy-dev libleveldb1d libsnappy1v5 && {
  link "$work/root/usr/lib/$multiarch" && exit 0
  # Without a compiler: the shared libraries themselves (they need the machine's libstdc++, as .NET does).
  cp "$work/root/usr/lib/$multiarch"/libsnappy.so.1 "$dir/libsnappy.so.1"
  cp "$work/root/usr/lib/$multiarch"/libleveldb.so.1d "$work/lib.so" && mv -f "$work/lib.so" "$out" && exit 0; }
echo "$0: error HONU001: no LevelDB for this machine (tried: $(IFS=';'; echo "${tried[*]}")). Run: sudo apt-get install libleveldb-dev libsnappy-dev g++" >&2
exit 1
