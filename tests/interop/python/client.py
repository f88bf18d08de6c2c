"""One case of gRPC's interoperability tests on grpcio:  client.py --connect HOST:PORT --case NAME [--tls DIR]

Exit status 0 = passed; otherwise 1 and the reason. grpcio hides what was compressed: the server_compressed cases look at the payloads only.
"""

import argparse
import queue

import grpc

from testing import message, methods, pem

REQUEST_SIZES = [27182, 8, 1828, 45904]
RESPONSE_SIZES = [31415, 9, 2653, 58979]
DEADLINE = 20


class Stub:
    """The methods of a service as members."""

    def __init__(self, channel, service):
        for name, method in methods(service).items():
            make = {
                (False, False): channel.unary_unary, (True, False): channel.stream_unary,
                (False, True): channel.unary_stream, (True, True): channel.stream_stream,
            }[method.client_streaming, method.server_streaming]
            setattr(self, name, make(method.path, method.request.SerializeToString, method.response.FromString))


def zeros(size):
    return message("Payload", body=bytes(size))


def large(**fields):
    return message("SimpleRequest", response_size=314159, payload=zeros(271828), **fields)


def wanted(size, *sizes):
    return message("StreamingOutputCallRequest", payload=zeros(size), response_parameters=[message("ResponseParameters", size=s) for s in sizes])


def true_or_false(value):
    return message("BoolValue", value=value)


def check(expected, found, what):
    if expected != found:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def check_zeros(size, payload):
    check(0, payload.type, "type of the payload")
    check(size, len(payload.body), "length of the payload")
    check(bytes(size), payload.body, "payload")


def check_fails(code, call, details=None):
    try:
        call()
    except grpc.RpcError as error:
        check(code, error.code(), f"status ({error.details()})")
        if details is not None:
            check(details, error.details(), "details")
    else:
        raise AssertionError(f"the call succeeded; expected {code}")


class Requests:
    """A stream of requests that is written as the case goes on."""

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, request):
        self._queue.put(request)

    def end(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


def empty_unary(stub, _channel):
    check(message("Empty"), stub.EmptyCall(message("Empty"), timeout=DEADLINE), "response")


def large_unary(stub, _channel):
    check_zeros(314159, stub.UnaryCall(large(), timeout=DEADLINE).payload)


def client_streaming(stub, _channel):
    requests = (message("StreamingInputCallRequest", payload=zeros(size)) for size in REQUEST_SIZES)
    check(74922, stub.StreamingInputCall(requests, timeout=DEADLINE).aggregated_payload_size, "aggregated_payload_size")


def server_streaming(stub, _channel):
    responses = list(stub.StreamingOutputCall(wanted(0, *RESPONSE_SIZES), timeout=DEADLINE))
    check(len(RESPONSE_SIZES), len(responses), "number of responses")
    for size, response in zip(RESPONSE_SIZES, responses):
        check_zeros(size, response.payload)


def ping_pong(stub, _channel):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), timeout=DEADLINE)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(wanted(request_size, response_size))
        check_zeros(response_size, next(call).payload)
    requests.end()
    check([], list(call), "further responses")


def empty_stream(stub, _channel):
    check([], list(stub.FullDuplexCall(iter(()), timeout=DEADLINE)), "responses")


def timeout_on_sleeping_server(stub, _channel):
    # The prescribed millisecond is mostly over before anything was sent; the second one reaches the server.
    for seconds in (0.001, 0.5):
        requests = Requests()
        requests.send(wanted(27182))
        call = stub.FullDuplexCall(iter(requests), timeout=seconds)
        check_fails(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(call))
        requests.end()


def cancel_after_begin(stub, _channel):
    requests = Requests()
    call = stub.StreamingInputCall.future(iter(requests), timeout=DEADLINE)
    call.cancel()
    requests.end()
    check(True, call.cancelled(), "cancelled")
    check(grpc.StatusCode.CANCELLED, call.code(), "status")


def cancel_after_first_response(stub, _channel):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), timeout=DEADLINE)
    requests.send(wanted(27182, 31415))
    check_zeros(31415, next(call).payload)
    call.cancel()
    requests.end()
    check_fails(grpc.StatusCode.CANCELLED, lambda: next(call))


def check_echoed_status(stub, text):
    request = message("SimpleRequest", response_status=message("EchoStatus", code=2, message=text))
    check_fails(grpc.StatusCode.UNKNOWN, lambda: stub.UnaryCall(request, timeout=DEADLINE), text)


def status_code_and_message(stub, _channel):
    text = "test status method"
    check_echoed_status(stub, text)
    request = message("StreamingOutputCallRequest", response_status=message("EchoStatus", code=2, message=text))
    check_fails(grpc.StatusCode.UNKNOWN, lambda: list(stub.FullDuplexCall(iter([request]), timeout=DEADLINE)), text)


def special_status_message(stub, _channel):
    check_echoed_status(stub, "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n")


def unimplemented_method(stub, _channel):
    check_fails(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(message("Empty"), timeout=DEADLINE))


def unimplemented_service(_stub, channel):
    stub = Stub(channel, "UnimplementedService")
    check_fails(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(message("Empty"), timeout=DEADLINE))


def custom_metadata(stub, _channel):
    initial = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
    trailing = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")
    _, unary = stub.UnaryCall.with_call(large(), timeout=DEADLINE, metadata=[initial, trailing])
    duplex = stub.FullDuplexCall(iter([wanted(271828, 314159)]), timeout=DEADLINE, metadata=[initial, trailing])
    check(1, len(list(duplex)), "number of responses")
    for call in (unary, duplex):
        check(True, initial in [tuple(entry) for entry in call.initial_metadata()], initial[0])
        check(True, trailing in [tuple(entry) for entry in call.trailing_metadata()], trailing[0])


def client_compressed_unary(stub, _channel):
    probe = large(expect_compressed=true_or_false(True))
    check_fails(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.UnaryCall(probe, timeout=DEADLINE, compression=grpc.Compression.NoCompression))
    for value, compression in ((True, grpc.Compression.Gzip), (False, grpc.Compression.NoCompression)):
        request = large(expect_compressed=true_or_false(value))
        check_zeros(314159, stub.UnaryCall(request, timeout=DEADLINE, compression=compression).payload)


def server_compressed_unary(stub, _channel):
    for value in (True, False):
        check_zeros(314159, stub.UnaryCall(large(response_compressed=true_or_false(value)), timeout=DEADLINE).payload)


def server_compressed_streaming(stub, _channel):
    request = message("StreamingOutputCallRequest", response_parameters=[
        message("ResponseParameters", size=31415, compressed=true_or_false(True)),
        message("ResponseParameters", size=92653, compressed=true_or_false(False))])
    sizes = [len(response.payload.body) for response in stub.StreamingOutputCall(request, timeout=DEADLINE)]
    check([31415, 92653], sizes, "sizes")


def gzip_streaming(stub, _channel):
    """client_compressed_streaming without its second message, which grpcio cannot send uncompressed."""
    requests = [message("StreamingInputCallRequest", payload=zeros(size), expect_compressed=true_or_false(True)) for size in (27182, 45904)]
    response = stub.StreamingInputCall(iter(requests), timeout=DEADLINE, compression=grpc.Compression.Gzip)
    check(73086, response.aggregated_payload_size, "aggregated_payload_size")


def main():
    cases = [
        empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream, timeout_on_sleeping_server, cancel_after_begin,
        cancel_after_first_response, status_code_and_message, special_status_message, unimplemented_method, unimplemented_service, custom_metadata,
        client_compressed_unary, server_compressed_unary, server_compressed_streaming, gzip_streaming]
    by_name = {case.__name__: case for case in cases}
    parser = argparse.ArgumentParser()
    parser.add_argument("--connect", required=True)
    parser.add_argument("--case", required=True, choices=by_name)
    parser.add_argument("--tls")
    args = parser.parse_args()

    if args.tls:
        channel = grpc.secure_channel(args.connect, grpc.ssl_channel_credentials(
            pem(args.tls, "ca.pem"), pem(args.tls, "client.key"), pem(args.tls, "client.pem")))
    else:
        channel = grpc.insecure_channel(args.connect)
    with channel:
        by_name[args.case](Stub(channel, "TestService"), channel)


main()
