#!/usr/bin/env bash
# gRPC's interoperability cases between Honu.Grpc and other implementations; docs/interop.md says which, and what is left out.
#
#   tests/interop/run.sh                  everything, in plaintext and with mutual TLS
#   tests/interop/run.sh --quick          Honu.Grpc with itself and with one other implementation, in plaintext
#   tests/interop/run.sh --only REGEX     only the cases whose line matches, such as "ruby-client .* tls"
#
# Installs what is missing: with apt-get, as root or by sudo without a password, and with npm into artifacts/interop. Logs: artifacts/interop/log.
# PYTHON and RUBY name other interpreters than the distribution's, GRPC_PROTO_ROOT a folder with grpc/testing/test.proto.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec </dev/null

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en MSBUILDTERMINALLOGGER=off
export MSBUILDDISABLENODEREUSE=1 PYTHONDONTWRITEBYTECODE=1

# The libraries that apt-get installs belong to these, not to another interpreter that stands first on PATH.
PYTHON=${PYTHON:-/usr/bin/python3}
RUBY=${RUBY:-/usr/bin/ruby}

here=tests/interop
work=artifacts/interop
log=$work/log
host=artifacts/bin/Honu.Grpc.InteropHost/release/Honu.Grpc.InteropHost
case_seconds=30

fail() { echo "$0: $*" >&2; exit 1; }

quick=no only=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --only) [ $# -gt 1 ] || fail "--only needs a pattern"; only=$2; shift ;;
    *) sed -n 's/^# \{0,1\}//; 2,9p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
  shift
done

# ---- What ends with this script ----

servers=()
temporary=$(mktemp -d)
end_servers() {
  local pid
  for pid in ${servers[@]+"${servers[@]}"}; do kill "$pid" 2>/dev/null || true; done
  for pid in ${servers[@]+"${servers[@]}"}; do
    for ((tries = 0; tries < 80; tries++)); do
      kill -0 "$pid" 2>/dev/null || continue 2
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  done
  servers=()
}
trap 'end_servers; rm -rf "$temporary"' EXIT
trap 'exit 143' INT TERM HUP

# ---- What must be there ----

rm -rf "$log"
mkdir -p "$log"

has_python() { "$PYTHON" -c 'import grpc, google.protobuf' 2>/dev/null && command -v protoc >/dev/null; }
has_ruby() { "$RUBY" -e 'gem "grpc"; require "googleauth"' 2>/dev/null; }
has_node() { command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null; }
has_packages() { cmp -s $here/js/package-lock.json $work/js/package-lock.json && [ -e $work/js/installed ]; }
find_protos() {
  GRPC_PROTO_ROOT=${GRPC_PROTO_ROOT:-$(dpkg -L grpc-proto 2>/dev/null | sed -n 's|/grpc/testing/test\.proto$||p')}
  [ -n "$GRPC_PROTO_ROOT" ] && [ -f "$GRPC_PROTO_ROOT/grpc/testing/test.proto" ]
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

install() { # packages of the distribution
  echo "installing: $*"
  local by_hand="Install these packages by hand, then run it again: $*"
  command -v apt-get >/dev/null || fail "there is no apt-get. $by_hand"
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || fail "apt-get needs root, or sudo without a password. $by_hand"
  local get=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120)
  # The lists may be empty or older than the mirror; asking for them is slow, so only then.
  "${get[@]}" install --no-install-recommends "$@" >"$log/apt.log" 2>&1 && return
  "${get[@]}" update >>"$log/apt.log" 2>&1 && "${get[@]}" install --no-install-recommends "$@" >>"$log/apt.log" 2>&1 && return
  tail -20 "$log/apt.log" >&2
  fail "apt-get failed. $by_hand"
}

install_packages() {
  echo "installing: $(sed -n 's/^ *"\(@grpc[^"]*\)": "\(.*\)".*/\1@\2/p' $here/js/package.json | tr '\n' ' ')"
  rm -rf $work/js
  mkdir -p $work/js
  cp $here/js/package.json $here/js/package-lock.json $work/js/
  (cd $work/js && npm ci --ignore-scripts --no-audit --no-fund) >"$log/npm.log" 2>&1 || { tail -20 "$log/npm.log" >&2; fail "npm failed (log: $log/npm.log)"; }
  touch $work/js/installed
}

others=(ruby js python)
transports=(plain tls)
if [ $quick = yes ]; then
  transports=(plain)
  # Whichever is there; Python's, which needs no second package manager, where neither is.
  others=(python)
  if ! has_python && has_node && has_packages; then others=(js); fi
fi

missing=()
find_protos || { [ -z "$GRPC_PROTO_ROOT" ] || fail "GRPC_PROTO_ROOT ($GRPC_PROTO_ROOT) has no grpc/testing/test.proto"; missing+=(grpc-proto); }
for other in "${others[@]}"; do
  case $other in
    ruby) has_ruby || missing+=(ruby ruby-grpc ruby-googleauth) ;;
    js) has_node || missing+=(nodejs npm) ;;
    python) has_python || missing+=(python3 python3-grpcio python3-protobuf protobuf-compiler) ;;
  esac
done
[[ " ${transports[*]} " != *" tls "* ]] || command -v openssl >/dev/null || missing+=(openssl)
[ ${#missing[@]} = 0 ] || install "${missing[@]}"
find_protos || fail "the package grpc-proto has no grpc/testing/test.proto"
export GRPC_PROTO_ROOT
for other in "${others[@]}"; do
  case $other in
    ruby) has_ruby || fail "$RUBY does not load the gems grpc and googleauth" ;;
    js) has_node || fail "node 18 or later is needed, with npm; found $(node --version 2>&1 || true)"
      has_packages || install_packages
      export NODE_PATH=$PWD/$work/js/node_modules ;;
    python) has_python || fail "$PYTHON does not import grpc and google.protobuf, or there is no protoc" ;;
  esac
done

dotnet build tests/Honu.Grpc.InteropHost -c Release -v q "-p:GrpcProtoRoot=$GRPC_PROTO_ROOT" >"$log/build.log" 2>&1 \
  || { cat "$log/build.log" >&2; fail "tests/Honu.Grpc.InteropHost does not build"; }

versions() {
  echo "honu: $(git rev-parse --short HEAD 2>/dev/null || echo "no commit"), .NET $(dotnet --version)"
  for other in "${others[@]}"; do
    case $other in
      ruby) "$RUBY" -e 'puts "ruby: ruby #{RUBY_VERSION}, grpc #{Gem::Specification.find_by_name("grpc").version}"' ;;
      js) echo "js: node $(node --version), @grpc/grpc-js $(node -p 'require("@grpc/grpc-js/package.json").version')" ;;
      python) "$PYTHON" -c 'import sys, grpc; print(f"python: python {sys.version.split()[0]}, grpcio {grpc.__version__}")' ;;
    esac
  done
}
versions

# ---- Certificates: an authority, a server and a client of it ----

make_certificates() {
  local tls=$1 name new=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
  mkdir -p "$tls"
  printf '[req]\ndistinguished_name = name\n[name]\n[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\nsubjectKeyIdentifier = hash\n' >"$tls/openssl.cnf"
  openssl req -config "$tls/openssl.cnf" -x509 -extensions ca "${new[@]}" -subj "/CN=interop authority" -days 2 -keyout "$tls/ca.key" -out "$tls/ca.pem"
  for name in server client; do
    printf 'subjectAltName = DNS:localhost, IP:127.0.0.1\nextendedKeyUsage = %sAuth\nauthorityKeyIdentifier = keyid\n' "$name" >"$tls/$name.ext"
    openssl req -config "$tls/openssl.cnf" "${new[@]}" -subj "/CN=interop $name" -keyout "$tls/$name.key" -out "$tls/$name.csr"
    openssl x509 -req -in "$tls/$name.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 2 -extfile "$tls/$name.ext" -out "$tls/$name.pem"
  done
}
if [[ " ${transports[*]} " == *" tls "* ]]; then
  make_certificates "$temporary/tls" >"$log/openssl.log" 2>&1 || { cat "$log/openssl.log" >&2; fail "openssl made no certificates"; }
fi

# ---- Programs ----

# All take the same arguments: --listen HOST:PORT, or --connect HOST:PORT --case NAME; and --tls DIR.
declare -A client=(
  [honu]=$host
  [ruby]="$RUBY $here/ruby/client.rb"
  [js]="node $here/js/client.js"
  [python]="$PYTHON $here/python/client.py"
)
declare -A server=(
  [honu]=$host
  [ruby]="$RUBY $here/ruby/server.rb"
  [js]="node $here/js/server.js"
  [python]="$PYTHON $here/python/server.py"
)
declare -A tls_arguments=([plain]='' [tls]="--tls $temporary/tls")
# A name for TLS, because not every implementation checks an address against a certificate.
declare -A host_name=([plain]=127.0.0.1 [tls]=localhost)

declare -A ports
start_server() { # kind, transport
  local key=$1-$2 pid port
  : >"$log/$key.server.log"
  # shellcheck disable=SC2086 # words
  ${server[$1]} --listen 127.0.0.1:0 ${tls_arguments[$2]} >"$log/$key.server.log" 2>&1 &
  pid=$!
  servers+=("$pid")
  disown "$pid"  # no word of this shell about its end
  for ((tries = 0; tries < 300; tries++)); do
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$log/$key.server.log")
    [ -z "$port" ] || { ports[$key]=$port; return; }
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$log/$key.server.log" >&2
  fail "the $1 server ($2) does not listen"
}

# ---- Cases ----

passed=0 failed=0
run_case() { # client, server, transport, case
  local line output
  line=$(printf '%-31s %-5s  %s' "$1-client > $2-server" "$3" "$4")
  [[ -z $only || $line =~ $only ]] || return 0
  [ -n "${ports[$2-$3]:-}" ] || start_server "$2" "$3"
  output=$log/$1-$2-$3-$4.log
  # shellcheck disable=SC2086 # words
  if timeout --kill-after=5 $case_seconds ${client[$1]} --connect "${host_name[$3]}:${ports[$2-$3]}" --case "$4" ${tls_arguments[$3]} >"$output" 2>&1; then
    echo "ok    $line"
    passed=$((passed + 1))
    return 0
  else
    local status=$?
    echo "FAIL  $line  (exit status $status$([ $status != 124 ] || echo ": no end after $case_seconds s"))"
    # What went wrong stands at the head in some languages and at the tail in others.
    if [ "$(wc -l <"$output")" -le 16 ]; then cat "$output"; else head -7 "$output"; echo ...; tail -7 "$output"; fi | sed 's/^/        /'
    tail -3 "$log/$2-$3.server.log" | sed 's/^/        server: /'
    failed=$((failed + 1))
  fi
}

common="empty_unary large_unary client_streaming server_streaming ping_pong empty_stream timeout_on_sleeping_server cancel_after_begin
  cancel_after_first_response status_code_and_message special_status_message unimplemented_method unimplemented_service custom_metadata"

# docs/interop.md has the reasons for what is not in these lists.
declare -A cases=(
  [honu-honu]="$common client_compressed_unary client_compressed_streaming server_compressed_unary server_compressed_streaming"
  [honu-ruby]="$common gzip_unary gzip_streaming"
  [js-honu]="$common client_compressed_unary client_compressed_streaming server_compressed_unary server_compressed_streaming"
  [honu-js]="$common client_compressed_unary client_compressed_streaming"
  [python-honu]="$common client_compressed_unary gzip_streaming server_compressed_unary server_compressed_streaming"
  [honu-python]="$common gzip_unary gzip_streaming server_compressed_unary server_compressed_streaming"
)
if [[ " ${others[*]} " == *" ruby "* ]]; then
  # The official client's own list, so that a later version's cases are not overlooked.
  cases[ruby-honu]=$($RUBY $here/ruby/client.rb --cases)
  [ "$(wc -w <<<"${cases[ruby-honu]}")" -ge 15 ] || fail "the official ruby client has too few cases: ${cases[ruby-honu]}"
fi

pairs=(honu-honu)
for other in "${others[@]}"; do pairs+=("$other-honu" "honu-$other"); done
for transport in "${transports[@]}"; do
  for pair in "${pairs[@]}"; do
    for name in ${cases[$pair]}; do run_case "${pair%-*}" "${pair#*-}" "$transport" "$name"; done
  done
done

[ $((passed + failed)) -gt 0 ] || fail "no case matches \"$only\""
end_servers
echo "$passed passed, $failed failed"
[ $failed = 0 ]
