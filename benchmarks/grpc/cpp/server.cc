#include <memory>

#include "bench.h"

namespace bench {
namespace {

bool Hinted(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) { return metadata.find(kHint) != metadata.end(); }

// Headers that go with a hinted message are held back together with it, and C++ gRPC 1.51 then never sends either: the headers go first.

// One thread per running call.
class SyncService final : public honu::bench::Bench::Service {
  grpc::Status Unary(grpc::ServerContext*, const honu::bench::Message* request, honu::bench::Message* response) override {
    response->set_payload(request->payload());
    return grpc::Status::OK;
  }

  grpc::Status ServerStream(grpc::ServerContext* context, const honu::bench::StreamRequest* request,
                            grpc::ServerWriter<honu::bench::Message>* writer) override {
    const auto options = Options(Hinted(context->client_metadata()));
    if (options.get_buffer_hint()) writer->SendInitialMetadata();
    honu::bench::Message message;
    message.set_payload(std::string(request->size(), '\0'));
    while (writer->Write(message, options)) {
    }
    return grpc::Status::OK;
  }

  grpc::Status ClientStream(grpc::ServerContext*, grpc::ServerReader<honu::bench::Message>* reader, honu::bench::Summary* summary) override {
    honu::bench::Message message;
    int64_t messages = 0, bytes = 0;
    while (reader->Read(&message)) {
      messages++;
      bytes += message.payload().size();
    }
    summary->set_messages(messages);
    summary->set_bytes(bytes);
    return grpc::Status::OK;
  }

  grpc::Status Bidi(grpc::ServerContext* context, grpc::ServerReaderWriter<honu::bench::Message, honu::bench::Message>* stream) override {
    const auto options = Options(Hinted(context->client_metadata()));
    if (options.get_buffer_hint()) stream->SendInitialMetadata();
    honu::bench::Message message;
    while (stream->Read(&message)) {
      if (!stream->Write(message, options)) break;
    }
    return grpc::Status::OK;
  }
};

class Source final : public grpc::ServerWriteReactor<honu::bench::Message> {
 public:
  Source(int size, bool hint) : options_(Options(hint)) {
    if (hint) StartSendInitialMetadata();
    message_.set_payload(std::string(size, '\0'));
    StartWrite(&message_, options_);
  }

  void OnWriteDone(bool ok) override {
    if (ok)
      StartWrite(&message_, options_);
    else
      Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { delete this; }

 private:
  const grpc::WriteOptions options_;
  honu::bench::Message message_;
};

class Sink final : public grpc::ServerReadReactor<honu::bench::Message> {
 public:
  explicit Sink(honu::bench::Summary* summary) : summary_(summary) { StartRead(&message_); }

  void OnReadDone(bool ok) override {
    if (ok) {
      messages_++;
      bytes_ += message_.payload().size();
      StartRead(&message_);
      return;
    }
    summary_->set_messages(messages_);
    summary_->set_bytes(bytes_);
    Finish(grpc::Status::OK);
  }

  void OnDone() override { delete this; }

 private:
  honu::bench::Summary* const summary_;
  honu::bench::Message message_;
  int64_t messages_ = 0;
  int64_t bytes_ = 0;
};

class Mirror final : public grpc::ServerBidiReactor<honu::bench::Message, honu::bench::Message> {
 public:
  explicit Mirror(bool hint) : options_(Options(hint)) {
    if (hint) StartSendInitialMetadata();
    StartRead(&message_);
  }

  void OnReadDone(bool ok) override {
    if (ok)
      StartWrite(&message_, options_);
    else
      Finish(grpc::Status::OK);
  }

  void OnWriteDone(bool ok) override {
    if (ok)
      StartRead(&message_);
    else
      Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { delete this; }

 private:
  const grpc::WriteOptions options_;
  honu::bench::Message message_;
};

class CallbackService final : public honu::bench::Bench::CallbackService {
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const honu::bench::Message* request, honu::bench::Message* response) override {
    response->set_payload(request->payload());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerWriteReactor<honu::bench::Message>* ServerStream(grpc::CallbackServerContext* context, const honu::bench::StreamRequest* request) override {
    return new Source(request->size(), Hinted(context->client_metadata()));
  }

  grpc::ServerReadReactor<honu::bench::Message>* ClientStream(grpc::CallbackServerContext*, honu::bench::Summary* summary) override {
    return new Sink(summary);
  }

  grpc::ServerBidiReactor<honu::bench::Message, honu::bench::Message>* Bidi(grpc::CallbackServerContext* context) override {
    return new Mirror(Hinted(context->client_metadata()));
  }
};

}  // namespace

int RunServer(int port, const std::string& api) {
  std::unique_ptr<grpc::Service> service;
  if (api == "sync")
    service = std::make_unique<SyncService>();
  else
    service = std::make_unique<CallbackService>();

  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(service.get());
  auto server = builder.BuildAndStart();
  if (!server) Fail("The server does not start.");
  std::cout << "port " << port << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

}  // namespace bench
