using System.Text;
using Honu.Hosting.Protocol.Stores;

namespace Honu.Hosting.Services;

/// <summary>Checks what comes from clients before the store is touched; every refusal says what was found and what is allowed.</summary>
internal static class RequestChecks
{
    /// <summary>Most operations of a batch or of an import message.</summary>
    public const int MaxOperations = 10_000;

    private const ulong MaxTimeToLiveMs = 36_500UL * 24 * 60 * 60 * 1000;

    public static string Namespace(string name)
    {
        if (name.Length == 0)
            return HonuStore.DefaultNamespace;
        var bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes > StoreLimits.MaxNamespaceBytes)
            throw ServiceErrors.Invalid($"A namespace has 1 to {StoreLimits.MaxNamespaceBytes} bytes of UTF-8; this one has {bytes}.");
        return name;
    }

    public static void Key(int length)
    {
        if (length is < 1 or > StoreLimits.MaxKeyBytes)
            throw ServiceErrors.Invalid($"A key has 1 to {StoreLimits.MaxKeyBytes} bytes; this one has {length}.");
    }

    public static void Operations(int count)
    {
        if (count > MaxOperations)
            throw ServiceErrors.Exhausted($"A message has at most {MaxOperations} operations; this one has {count}. Send it in parts.");
    }

    public static void Operation(Operation operation)
    {
        Namespace(operation.Namespace);
        Key(operation.Key.Length);
        if (operation.Delete && operation.Value.Length > 0)
            throw ServiceErrors.Invalid("A deletion has no value. Send either delete or value.");
    }

    public static WriteOptions Options(Protocol.Stores.Durability durability) => durability switch
    {
        Protocol.Stores.Durability.Unspecified => default,
        Protocol.Stores.Durability.Flushed => new WriteOptions { Durability = Durability.Flushed },
        Protocol.Stores.Durability.Synced => new WriteOptions { Durability = Durability.Synced },
        _ => throw ServiceErrors.Invalid($"Durability {(int)durability} is not known to this server."),
    };

    public static WriteOptions Options(Protocol.Stores.Durability durability, ulong timeToLiveMs)
    {
        if (timeToLiveMs > MaxTimeToLiveMs)
            throw ServiceErrors.Invalid($"A time to live has at most {MaxTimeToLiveMs} ms; this one has {timeToLiveMs}.");
        return Options(durability) with { TimeToLive = timeToLiveMs == 0 ? null : TimeSpan.FromMilliseconds(timeToLiveMs) };
    }

    public static StoreScan Scan(ScanRequest request)
    {
        if (request.Limit > long.MaxValue)
            throw ServiceErrors.Invalid($"A limit is at most {long.MaxValue}; this one is {request.Limit}.");
        Bound(request.Prefix.Length, "prefix");
        Bound(request.From.Length, "from");
        Bound(request.To.Length, "to");
        return new StoreScan
        {
            Namespace = request.AllNamespaces ? null : Namespace(request.Namespace),
            Prefix = request.Prefix.Memory,
            From = request.From.Memory,
            To = request.To.Memory,
            Reverse = request.Reverse,
            Limit = request.Limit == 0 ? null : (long)request.Limit,
            IncludeTombstones = request.IncludeTombstones,
            KeysOnly = request.KeysOnly,
            IncludeHistory = request.IncludeHistory,
        };
    }

    public static WatchOptions Watch(WatchRequest request)
    {
        if (request.Limit > long.MaxValue)
            throw ServiceErrors.Invalid($"A limit is at most {long.MaxValue}; this one is {request.Limit}.");
        foreach (var name in request.Namespaces)
        {
            if (name.Length == 0)
                throw ServiceErrors.Invalid("A namespace of a watch has no name. Leave the list empty to watch all.");
            Namespace(name);
        }

        return new WatchOptions
        {
            Namespaces = request.Namespaces.Count == 0 ? null : request.Namespaces,
            Prefix = request.Prefix.ToByteArray(),
            Token = request.Token.Length == 0 ? null : WatchToken.Parse(request.Token),
            FromStart = request.FromStart,
            IncludeValues = !request.KeysOnly,
            EndWhenCaughtUp = request.EndWhenCaughtUp,
        };
    }

    // One byte more than a key is of use: the end of a range just after the longest key.
    private static void Bound(int length, string name)
    {
        if (length > StoreLimits.MaxKeyBytes + 1)
            throw ServiceErrors.Invalid($"The bound \"{name}\" has at most {StoreLimits.MaxKeyBytes + 1} bytes; this one has {length}.");
    }
}
