"""grpc.testing.TestService on grpcio:  server.py --listen HOST:PORT [--tls DIR]

A handler of grpcio cannot see whether a request was compressed, so the client_compressed cases are not for this server.
"""

import argparse
import signal
import threading
import time
from concurrent import futures

import grpc

from testing import message, methods, pem

INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"


def echo_metadata(context):
    sent = context.invocation_metadata()
    initial = [(key, value) for key, value in sent if key == INITIAL]
    if initial:
        context.send_initial_metadata(initial)
    context.set_trailing_metadata([(key, value) for key, value in sent if key == TRAILING])


def abort_if_asked(request, context):
    if request.response_status.code:
        code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
        context.abort(code, request.response_status.message)


def payload(size):
    return message("Payload", body=bytes(size))


def responses(request, context):
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)  # the client asks for this pause
        if not parameters.compressed.value:
            context.disable_next_message_compression()
        yield message("StreamingOutputCallResponse", payload=payload(parameters.size))


def empty_call(_request, _context):
    return message("Empty")


def unary_call(request, context):
    if request.response_compressed.value:
        context.set_compression(grpc.Compression.Gzip)
    echo_metadata(context)
    abort_if_asked(request, context)
    return message("SimpleResponse", payload=payload(request.response_size))


def streaming_input_call(requests, _context):
    return message("StreamingInputCallResponse", aggregated_payload_size=sum(len(request.payload.body) for request in requests))


def streaming_output_call(request, context):
    if any(parameters.compressed.value for parameters in request.response_parameters):
        context.set_compression(grpc.Compression.Gzip)
    abort_if_asked(request, context)
    yield from responses(request, context)


def full_duplex_call(requests, context):
    echo_metadata(context)
    for request in requests:
        abort_if_asked(request, context)
        yield from responses(request, context)


def handler(method, implementation):
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[method.client_streaming, method.server_streaming]
    return make(implementation, method.request.FromString, method.response.SerializeToString)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True)
    parser.add_argument("--tls")
    args = parser.parse_args()

    implementations = {
        "EmptyCall": empty_call, "UnaryCall": unary_call, "StreamingInputCall": streaming_input_call,
        "StreamingOutputCall": streaming_output_call, "FullDuplexCall": full_duplex_call,
    }
    known = methods("TestService")
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(
        "grpc.testing.TestService", {name: handler(known[name], run) for name, run in implementations.items()})])
    if args.tls:
        port = server.add_secure_port(args.listen, grpc.ssl_server_credentials(
            [(pem(args.tls, "server.key"), pem(args.tls, "server.pem"))], pem(args.tls, "ca.pem"), require_client_auth=True))
    else:
        port = server.add_insecure_port(args.listen)
    server.start()
    print(f"listening on {args.listen.rpartition(':')[0]}:{port}", flush=True)

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    server.stop(0).wait()


main()
