#!/usr/bin/env bash
# Compares Honu's gRPC runtime with C++ gRPC of the distribution and with grpc-js, in one run.
#
#   benchmarks/grpc/run.sh [--rounds 5] [--seconds 2] [--warmup 8] [--only PATTERN] [--impl honu,cpp,js,honu-cpp,cpp-honu]
#
# Installs what is missing when it may (root, Debian or Ubuntu). Writes artifacts/grpc-benchmark/results.json.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/artifacts/grpc-benchmark
mkdir -p "$out/cpp" "$out/js"

# What --impl leaves out is neither installed nor built.
impl=honu,cpp,js,honu-cpp,cpp-honu
for ((i = 1; i <= $#; i++)); do
  if [[ ${!i} == --impl ]]; then
    next=$((i + 1))
    impl=${!next:?--impl needs a list}
  fi
done

need() { # need COMMAND PACKAGE...
  local command=$1
  shift
  command -v "$command" >/dev/null && return
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "$command is missing; install $*." >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

echo "building: $impl"
dotnet build -c Release -v q --nologo "$here/dotnet/Honu.GrpcBenchmarks.csproj"

if [[ $impl == *cpp* ]]; then
  need g++ g++
  need pkg-config pkg-config
  need protoc protobuf-compiler
  need grpc_cpp_plugin protobuf-compiler-grpc
  pkg-config --exists grpc++ protobuf || need pkg-config-module-grpc++ libgrpc++-dev libprotobuf-dev
  protoc -I "$here" --cpp_out="$out/cpp" --grpc_out="$out/cpp" --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" bench.proto
  # shellcheck disable=SC2046 # several flags
  g++ -std=c++17 -O2 -DNDEBUG -Wall -I"$out/cpp" -I"$here/cpp" "$here"/cpp/*.cc "$out"/cpp/*.pb.cc -o "$out/cpp/bench" \
    $(pkg-config --cflags --libs grpc++ protobuf) -pthread
fi

if [[ $impl == *js* ]]; then
  need node nodejs
  need npm npm
  cp "$here"/js/* "$here/bench.proto" "$out/js/"
  (cd "$out/js" && npm ci --silent --no-audit --no-fund)
fi

exec "$root/artifacts/bin/Honu.GrpcBenchmarks/release/Honu.GrpcBenchmarks" compare \
  --cpp "$out/cpp/bench" --js "$out/js/bench.js" --json "$out/results.json" --impl "$impl" "$@"
