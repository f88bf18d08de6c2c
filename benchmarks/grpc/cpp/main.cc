#include <cstring>

#include "bench.h"

namespace {

const char* Value(int argc, char** argv, const char* name, const char* otherwise) {
  for (int i = 2; i + 1 < argc; i++) {
    if (std::strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return otherwise;
}

bool Switch(int argc, char** argv, const char* name) {
  for (int i = 2; i < argc; i++) {
    if (std::strcmp(argv[i], name) == 0) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  // The sync API is the faster one for a single call at a time, the callback API for many; --api chooses by hand.
  const int concurrency = std::atoi(Value(argc, argv, "--concurrency", "1"));
  const std::string api = Value(argc, argv, "--api", concurrency == 1 ? "sync" : "callback");
  if (role == "server") return bench::RunServer(std::atoi(Value(argc, argv, "--port", "0")), api);
  if (role == "client") {
    bench::ClientOptions options;
    options.address = Value(argc, argv, "--address", "");
    options.scenario = Value(argc, argv, "--scenario", "");
    options.api = api;
    options.size = std::atoi(Value(argc, argv, "--size", "100"));
    options.concurrency = concurrency;
    options.seconds = std::atof(Value(argc, argv, "--seconds", "2"));
    options.warmup = std::atof(Value(argc, argv, "--warmup", "1"));
    options.hint = Switch(argc, argv, "--hint");
    return bench::RunClient(options);
  }
  std::cerr << "server --port 0 [--concurrency N] [--api sync|callback]\n"
               "client --address HOST:PORT --scenario unary|pingpong|serverstream|clientstream|flood --size BYTES --concurrency N"
               " --seconds S [--warmup S] [--hint] [--api sync|callback]\n";
  return 2;
}
