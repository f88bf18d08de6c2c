using Google.Protobuf.Reflection;
using Grpc.Core;
using Honu.Grpc.Protocol.Reflection;
using Case = Honu.Grpc.Protocol.Reflection.ServerReflectionRequest.MessageRequestOneofCase;

namespace Honu.Grpc;

/// <summary>The standard reflection service, <c>grpc.reflection.v1</c> and <c>v1alpha</c>: tools learn from it what a server serves.</summary>
/// <remarks>Serve each of <see cref="Definitions"/> with <c>MapRpcService</c>. Tells every caller all message types of the given services.</remarks>
public sealed class RpcReflection
{
    private readonly List<string> _services;
    private readonly SymbolIndex _index;

    /// <summary>Reflection of these services.</summary>
    /// <param name="services">The <c>Descriptor</c> of each service, from generated code.</param>
    public RpcReflection(params IEnumerable<ServiceDescriptor> services)
    {
        var described = services.Append(ReflectionReflection.Descriptor.Services[0]).ToList();
        _services = [.. described.Select(static service => service.FullName).Order(StringComparer.Ordinal)];
        _index = new SymbolIndex(described.Select(static service => service.File));
        Definitions = [Define("grpc.reflection.v1.ServerReflection"), Define("grpc.reflection.v1alpha.ServerReflection")];
    }

    /// <summary>The services, for <c>MapRpcService</c>: version 1, and the older version that many tools still ask.</summary>
    public IReadOnlyList<ServerServiceDefinition> Definitions { get; }

    private ServerServiceDefinition Define(string service) => ServerServiceDefinition.CreateBuilder()
        .AddMethod(
            new Method<ServerReflectionRequest, ServerReflectionResponse>(
                MethodType.DuplexStreaming, service, "ServerReflectionInfo",
                ProtobufMarshaller<ServerReflectionRequest>.Instance, ProtobufMarshaller<ServerReflectionResponse>.Instance),
            async (requests, responses, _) =>
            {
                await foreach (var request in requests.ReadAllAsync().ConfigureAwait(false))
                    await responses.WriteAsync(Answer(request)).ConfigureAwait(false);
            })
        .Build();

    private ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        var file = request.MessageRequestCase switch
        {
            Case.FileByFilename => _index.FileNamed(request.FileByFilename),
            Case.FileContainingSymbol => _index.FileOf(request.FileContainingSymbol),
            Case.FileContainingExtension => _index.FileOf(request.FileContainingExtension.ContainingType, request.FileContainingExtension.ExtensionNumber),
            _ => null,
        };
        if (file is not null)
            response.FileDescriptorResponse = new FileDescriptorResponse { FileDescriptorProto = { SymbolIndex.WithImports([file]).Select(static f => f.SerializedData) } };
        else if (request.MessageRequestCase == Case.ListServices)
            response.ListServicesResponse = new ListServiceResponse { Service = { _services.Select(static name => new ServiceResponse { Name = name }) } };
        else if (request.MessageRequestCase == Case.AllExtensionNumbersOfType && request.AllExtensionNumbersOfType is var type && _index.IsMessage(type))
            response.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = type, ExtensionNumber = { _index.ExtensionsOf(type) } };
        else if (request.MessageRequestCase == Case.None)
            response.ErrorResponse = new ErrorResponse { ErrorCode = (int)StatusCode.InvalidArgument, ErrorMessage = "The request asks for nothing." };
        else
            response.ErrorResponse = new ErrorResponse { ErrorCode = (int)StatusCode.NotFound, ErrorMessage = "It is not known here." };
        return response;
    }
}
