// What the server and the client of the C++ side share.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "bench.grpc.pb.h"

namespace bench {

inline const char kHint[] = "bench-hint";

// A benchmark that does not do its work must not print a figure.
[[noreturn]] inline void Fail(const std::string& why) {
  std::cerr << why << std::endl;
  std::_Exit(1);
}

inline grpc::WriteOptions Options(bool hint) {
  grpc::WriteOptions options;
  if (hint) options.set_buffer_hint();
  return options;
}

int RunServer(int port, const std::string& api);

struct ClientOptions {
  std::string address;
  std::string scenario;
  std::string api;
  int size = 100;
  int concurrency = 1;
  double seconds = 2;
  double warmup = 1;
  bool hint = false;
  bool interactive = false;
};

int RunClient(const ClientOptions& options);

}  // namespace bench
