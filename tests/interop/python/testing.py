"""The messages and methods of grpc.testing, made at run time: generated modules would be named grpc.testing, like a package of grpcio."""

import collections
import os
import subprocess

from google.protobuf import descriptor_pb2, message_factory

Method = collections.namedtuple("Method", "path request response client_streaming server_streaming")


def _load():
    root = os.environ.get("GRPC_PROTO_ROOT", "/usr/share/grpc-proto")
    compiled = subprocess.run(
        ["protoc", f"-I{root}", "--include_imports", "--descriptor_set_out=/dev/stdout", "grpc/testing/test.proto"],
        check=True, stdout=subprocess.PIPE).stdout
    return descriptor_pb2.FileDescriptorSet.FromString(compiled).file


_files = _load()
_messages = message_factory.GetMessages(_files)


def message(name, **fields):
    return _messages[f"grpc.testing.{name}"](**fields)


def methods(service):
    """The methods of a service by their names."""
    return {
        method.name: Method(
            f"/grpc.testing.{service}/{method.name}", _messages[method.input_type[1:]], _messages[method.output_type[1:]],
            method.client_streaming, method.server_streaming)
        for file in _files for found in file.service if found.name == service for method in found.method
    }


def pem(directory, name):
    with open(os.path.join(directory, name), "rb") as file:
        return file.read()
