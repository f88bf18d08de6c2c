#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "bench.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using honu::bench::Bench;
using honu::bench::Message;

enum class Phase { kSettle, kMeasure, kStop };

constexpr double kSettleSeconds = 0.1;

double CpuMs() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

// What one of the concurrent calls counts; on a cache line of its own.
struct alignas(128) Lane {
  std::vector<int64_t> nanos;
  int64_t count = 0;
};

class Done {
 public:
  explicit Done(int count) : left_(count) {}
  void Signal() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (--left_ == 0) changed_.notify_all();
  }
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int left_;
};

class Client {
 public:
  explicit Client(const ClientOptions& options) : options_(options), lanes_(options.concurrency) {
    channel_ = grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials());
    stub_ = Bench::NewStub(channel_);
    message_.set_payload(std::string(options.size, '\0'));
    for (auto& lane : lanes_) lane.nanos.reserve(1 << 16);
  }

  int Run();

  void Check(const Message& message) const {
    if (message.payload().size() != static_cast<size_t>(options_.size)) Fail("A message of the wrong length came back.");
  }

  void Record(Lane& lane, Clock::time_point start) {
    if (phase() != Phase::kMeasure) return;
    lane.nanos.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
    lane.count++;
  }

  void AddHint(grpc::ClientContext& context) const {
    if (options_.hint) context.AddMetadata(kHint, "1");
  }

  void CheckSummary(const grpc::Status& status, const honu::bench::Summary& summary, int64_t sent) const {
    if (!status.ok() || summary.messages() != sent || summary.bytes() != sent * options_.size) Fail("Other messages arrived than were sent.");
  }

  Phase phase() const { return phase_.load(std::memory_order_relaxed); }
  Bench::Stub& stub() { return *stub_; }
  const Message& message() const { return message_; }
  const ClientOptions& options() const { return options_; }

 private:
  struct Result {
    double seconds;
    double cpu_ms;
  };

  // Starts all calls in the callback API, or one thread per call in the sync API; returns what waits for their ends.
  std::function<void()> Start();
  std::function<void()> StartCallback();
  void RunSync(Lane& lane);

  bool CountsWholeCalls() const;
  Result Measure(double seconds);
  void Print(const Result& result);

  const ClientOptions options_;
  std::vector<Lane> lanes_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Bench::Stub> stub_;
  Message message_;
  std::atomic<Phase> phase_{Phase::kSettle};
};

// ---- sync API

void UnarySync(Client& client, Lane& lane) {
  Message response;
  while (client.phase() != Phase::kStop) {
    const auto start = Clock::now();
    grpc::ClientContext context;
    if (!client.stub().Unary(&context, client.message(), &response).ok()) Fail("A call failed.");
    client.Check(response);
    client.Record(lane, start);
  }
}

void PingPongSync(Client& client, Lane& lane) {
  grpc::ClientContext context;
  auto stream = client.stub().Bidi(&context);
  Message response;
  while (client.phase() != Phase::kStop) {
    const auto start = Clock::now();
    if (!stream->Write(client.message()) || !stream->Read(&response)) Fail("The stream ended.");
    client.Check(response);
    client.Record(lane, start);
  }
  stream->WritesDone();
  if (!stream->Finish().ok()) Fail("The stream failed.");
}

void ServerStreamSync(Client& client, Lane& lane) {
  grpc::ClientContext context;
  client.AddHint(context);
  honu::bench::StreamRequest request;
  request.set_size(client.options().size);
  auto reader = client.stub().ServerStream(&context, request);
  Message response;
  while (client.phase() != Phase::kStop) {
    if (!reader->Read(&response)) Fail("The stream ended.");
    client.Check(response);
    if (client.phase() == Phase::kMeasure) lane.count++;
  }
  context.TryCancel();
  reader->Finish();
}

void ClientStreamSync(Client& client, Lane& lane) {
  grpc::ClientContext context;
  honu::bench::Summary summary;
  auto writer = client.stub().ClientStream(&context, &summary);
  const auto options = Options(client.options().hint);
  int64_t sent = 0;
  do {
    if (!writer->Write(client.message(), options)) Fail("The stream ended.");
    sent++;
  } while (client.phase() != Phase::kStop);
  writer->WritesDone();
  client.CheckSummary(writer->Finish(), summary, sent);
  lane.count += sent;
}

void FloodSync(Client& client, Lane& lane) {
  grpc::ClientContext context;
  client.AddHint(context);
  auto stream = client.stub().Bidi(&context);
  int64_t sent = 0, received = 0;
  std::thread writer([&] {
    const auto options = Options(client.options().hint);
    do {
      if (!stream->Write(client.message(), options)) Fail("The stream ended.");
      sent++;
    } while (client.phase() != Phase::kStop);
    stream->WritesDone();
  });
  Message response;
  while (stream->Read(&response)) {
    client.Check(response);
    received++;
  }
  writer.join();
  if (!stream->Finish().ok() || sent != received) Fail("Other messages came back than were sent.");
  lane.count += received;
}

// ---- callback API

class UnaryCalls {
 public:
  UnaryCalls(Client& client, Lane& lane, Done& done) : client_(client), lane_(lane), done_(done) { Next(); }

 private:
  void Next() {
    context_ = std::make_unique<grpc::ClientContext>();
    start_ = Clock::now();
    client_.stub().async()->Unary(context_.get(), &client_.message(), &response_, [this](grpc::Status status) {
      if (!status.ok()) Fail("A call failed.");
      client_.Check(response_);
      client_.Record(lane_, start_);
      if (client_.phase() != Phase::kStop) {
        Next();
        return;
      }
      done_.Signal();
      delete this;
    });
  }

  Client& client_;
  Lane& lane_;
  Done& done_;
  std::unique_ptr<grpc::ClientContext> context_;
  Clock::time_point start_;
  Message response_;
};

class Reader final : public grpc::ClientReadReactor<Message> {
 public:
  Reader(Client& client, Lane& lane, Done& done) : client_(client), lane_(lane), done_(done) {
    client.AddHint(context_);
    request_.set_size(client.options().size);
    client.stub().async()->ServerStream(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (client_.phase() == Phase::kStop) {
      if (ok) context_.TryCancel();
      return;
    }
    if (!ok) Fail("The stream ended.");
    client_.Check(response_);
    if (client_.phase() == Phase::kMeasure) lane_.count++;
    StartRead(&response_);
  }

  void OnDone(const grpc::Status&) override {
    done_.Signal();
    delete this;
  }

 private:
  Client& client_;
  Lane& lane_;
  Done& done_;
  grpc::ClientContext context_;
  honu::bench::StreamRequest request_;
  Message response_;
};

class Writer final : public grpc::ClientWriteReactor<Message> {
 public:
  Writer(Client& client, Lane& lane, Done& done) : client_(client), lane_(lane), done_(done), options_(Options(client.options().hint)) {
    client.stub().async()->ClientStream(&context_, &summary_, this);
    StartWrite(&client.message(), options_);
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) Fail("The stream ended.");
    sent_++;
    if (client_.phase() == Phase::kStop)
      StartWritesDone();
    else
      StartWrite(&client_.message(), options_);
  }

  void OnDone(const grpc::Status& status) override {
    client_.CheckSummary(status, summary_, sent_);
    lane_.count += sent_;
    done_.Signal();
    delete this;
  }

 private:
  Client& client_;
  Lane& lane_;
  Done& done_;
  const grpc::WriteOptions options_;
  grpc::ClientContext context_;
  honu::bench::Summary summary_;
  int64_t sent_ = 0;
};

class BothWays final : public grpc::ClientBidiReactor<Message, Message> {
 public:
  BothWays(Client& client, Lane& lane, Done& done, bool flood)
      : client_(client), lane_(lane), done_(done), options_(Options(client.options().hint)), flood_(flood) {
    client.AddHint(context_);
    client.stub().async()->Bidi(&context_, this);
    SendNext();
    StartRead(&response_);
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) Fail("The stream ended.");
    sent_++;
    if (flood_ || ++answered_ == 2) Continue();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    client_.Check(response_);
    received_++;
    StartRead(&response_);

    // An answer may be seen before the end of the write that asked for it.
    if (!flood_ && ++answered_ == 2) Continue();
  }

  void OnDone(const grpc::Status& status) override {
    if (!status.ok() || sent_ != received_) Fail("Other messages came back than were sent.");
    if (flood_) lane_.count += received_;
    done_.Signal();
    delete this;
  }

 private:
  void Continue() {
    if (!flood_) client_.Record(lane_, start_);
    if (client_.phase() == Phase::kStop)
      StartWritesDone();
    else
      SendNext();
  }

  void SendNext() {
    answered_ = 0;
    start_ = Clock::now();
    StartWrite(&client_.message(), options_);
  }

  Client& client_;
  Lane& lane_;
  Done& done_;
  const grpc::WriteOptions options_;
  const bool flood_;
  std::atomic<int> answered_{0};
  grpc::ClientContext context_;
  Clock::time_point start_;
  Message response_;
  int64_t sent_ = 0;
  int64_t received_ = 0;
};

// ---- measuring

void Client::RunSync(Lane& lane) {
  if (options_.scenario == "unary") UnarySync(*this, lane);
  else if (options_.scenario == "pingpong") PingPongSync(*this, lane);
  else if (options_.scenario == "serverstream") ServerStreamSync(*this, lane);
  else if (options_.scenario == "clientstream") ClientStreamSync(*this, lane);
  else FloodSync(*this, lane);
}

std::function<void()> Client::StartCallback() {
  auto done = std::make_shared<Done>(options_.concurrency);
  for (auto& lane : lanes_) {
    if (options_.scenario == "unary") new UnaryCalls(*this, lane, *done);
    else if (options_.scenario == "serverstream") new Reader(*this, lane, *done);
    else if (options_.scenario == "clientstream") new Writer(*this, lane, *done);
    else new BothWays(*this, lane, *done, options_.scenario == "flood");
  }
  return [done] { done->Wait(); };
}

std::function<void()> Client::Start() {
  if (options_.api == "callback") return StartCallback();
  auto threads = std::make_shared<std::vector<std::thread>>();
  for (auto& lane : lanes_) threads->emplace_back([this, &lane] { RunSync(lane); });
  return [threads] {
    for (auto& thread : *threads) thread.join();
  };
}

void Sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

bool Client::CountsWholeCalls() const { return options_.scenario == "clientstream" || options_.scenario == "flood"; }

// Operations that end within the window count. Where the client sends, whole calls do, from their begin until the other side has confirmed all
// messages: what lies in buffers is neither gained nor lost.
Client::Result Client::Measure(double seconds) {
  for (auto& lane : lanes_) {
    lane.count = 0;
    lane.nanos.clear();
  }
  const bool whole = CountsWholeCalls();
  phase_ = Phase::kSettle;
  std::function<void()> wait;
  if (!whole) {
    wait = Start();
    Sleep(kSettleSeconds);
  }
  std::cout << "measuring" << std::endl;
  const auto start = Clock::now();
  const auto cpu = CpuMs();
  phase_ = Phase::kMeasure;
  if (whole) wait = Start();
  Sleep(seconds);
  phase_ = Phase::kStop;
  if (whole) wait();
  const Result result{std::chrono::duration<double>(Clock::now() - start).count(), CpuMs() - cpu};
  if (!whole) wait();
  return result;
}

void Client::Print(const Result& result) {
  int64_t count = 0;
  std::vector<int64_t> all;
  for (auto& lane : lanes_) {
    count += lane.count;
    all.insert(all.end(), lane.nanos.begin(), lane.nanos.end());
  }
  std::sort(all.begin(), all.end());
  const auto quantile = [&all](double q) {
    char text[32] = "null";
    if (!all.empty()) std::snprintf(text, sizeof text, "%.1f", all[static_cast<size_t>(q * (all.size() - 1))] / 1e3);
    return std::string(text);
  };
  std::printf(
      "{\"impl\":\"cpp\",\"api\":\"%s\",\"scenario\":\"%s\",\"size\":%d,\"concurrency\":%d,\"hint\":%s,\"operations\":%lld,\"opsPerSecond\":%.1f,"
      "\"p50us\":%s,\"p99us\":%s,\"p999us\":%s,\"cpuMs\":%.1f}\n",
      options_.api.c_str(), options_.scenario.c_str(), options_.size, options_.concurrency, options_.hint ? "true" : "false",
      static_cast<long long>(count), count / result.seconds, quantile(0.5).c_str(), quantile(0.99).c_str(), quantile(0.999).c_str(), result.cpu_ms);
  std::fflush(stdout);
}

int Client::Run() {
  static const std::set<std::string> scenarios = {"unary", "pingpong", "serverstream", "clientstream", "flood"};
  if (scenarios.count(options_.scenario) == 0) Fail("There is no such scenario.");
  Measure(options_.warmup);
  if (!options_.interactive) {
    Print(Measure(options_.seconds));
    return 0;
  }

  // One round for each line, so that the rounds of several warm clients can take turns.
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) Print(Measure(options_.seconds));
  return 0;
}

}  // namespace

int RunClient(const ClientOptions& options) { return Client(options).Run(); }

}  // namespace bench
