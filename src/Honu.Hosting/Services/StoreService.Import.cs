using Grpc.Core;
using Honu.Hosting.Protocol.Stores;

namespace Honu.Hosting.Services;

/// <summary>The import stream: many writes with one answer per message.</summary>
internal sealed partial class StoreService
{
    public override Task Import(IAsyncStreamReader<ImportRequest> requestStream, IServerStreamWriter<ImportResponse> responseStream, ServerCallContext context) => Stream(context, async token =>
    {
        var counts = new ImportCounts();
        var more = await requestStream.MoveNext(token).ConfigureAwait(false);
        while (more)
        {
            var request = requestStream.Current;
            // The next message is received while this one is written.
            var next = requestStream.MoveNext(token);
            try
            {
                RpcException? refused = null;
                counts = Apply(request, counts, ref refused);
                var answer = new ImportResponse
                {
                    Acknowledged = (ulong)counts.Acknowledged,
                    Unchanged = (ulong)counts.Unchanged,
                    Deleted = (ulong)counts.Deleted,
                    NothingToDelete = (ulong)counts.NothingToDelete,
                };
                await responseStream.WriteAsync(answer, token).ConfigureAwait(false);
                if (refused is not null)
                    throw refused;
            }
            catch
            {
                // The call ends here: what the pending read says no longer matters, but it must not go unobserved.
                _ = next.ContinueWith(static read => _ = read.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                throw;
            }

            more = await next.ConfigureAwait(false);
        }
    });

    /// <summary>Writes the operations in order; those before one that is not allowed are written too.</summary>
    private ImportCounts Apply(ImportRequest request, ImportCounts before, ref RpcException? refused)
    {
        WriteOptions durability;
        try
        {
            durability = RequestChecks.Options(request.Durability);
            RequestChecks.Operations(request.Operations.Count);
        }
        catch (RpcException e)
        {
            refused = e;
            return before;
        }

        var runs = new ImportRuns(store, durability, request.SkipUnchanged, before);
        foreach (var operation in request.Operations)
        {
            try
            {
                RequestChecks.Operation(operation);
                if (operation.Value.Length > store.Replication.MaxValueBytes)
                    throw ServiceErrors.Invalid($"A value has at most {store.Replication.MaxValueBytes} bytes; this one has {operation.Value.Length}.");
            }
            catch (RpcException e)
            {
                // Kept for after the answer that counts the operations before this one.
                refused = e;
                break;
            }

            runs.Add(
                operation.Namespace.Length == 0 ? HonuStore.DefaultNamespace : operation.Namespace,
                operation.Key.Memory,
                operation.Value.Memory,
                operation.Delete,
                ProtocolMapping.FromWireTime(operation.ExpiresUnixMs));
        }

        runs.Flush();
        return runs.Counts;
    }
}
