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
  const int concurrency = std::atoi(Value(argc, argv, "--concurrency", "1"));
  const int size = std::atoi(Value(argc, argv, "--size", "100"));
  const std::string scenario = Value(argc, argv, "--scenario", "");

  // Each API where it is the faster one: sync when one small message at a time goes to and fro, callback for everything else. --api chooses by hand.
  const bool serial = concurrency == 1 && size < 65536 && (scenario == "unary" || scenario == "pingpong");
  const std::string api = Value(argc, argv, "--api", serial ? "sync" : "callback");
  if (role == "server") return bench::RunServer(std::atoi(Value(argc, argv, "--port", "0")), api);
  if (role == "client") {
    bench::ClientOptions options;
    options.address = Value(argc, argv, "--address", "");
    options.scenario = scenario;
    options.api = api;
    options.size = size;
    options.concurrency = concurrency;
    options.seconds = std::atof(Value(argc, argv, "--seconds", "2"));
    options.warmup = std::atof(Value(argc, argv, "--warmup", "1"));
    options.hint = Switch(argc, argv, "--hint");
    options.interactive = Switch(argc, argv, "--interactive");
    return bench::RunClient(options);
  }
  std::cerr << "server --port 0 [--scenario NAME] [--size BYTES] [--concurrency N] [--api sync|callback]\n"
               "client --address HOST:PORT --scenario unary|pingpong|serverstream|clientstream|flood --size BYTES --concurrency N"
               " --seconds S [--warmup S] [--hint] [--interactive] [--api sync|callback]\n";
  return 2;
}
