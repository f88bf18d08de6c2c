using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Honu.Grpc;
using Honu.Replication;

namespace Honu.Hosting.Tests.Security;

/// <summary>What clients may do, by certificate and by token: every call of the store's service, refused before the store is touched.</summary>
public sealed class ClientAccessTests : IDisposable
{
    private static readonly byte[] Key = [.. "k"u8];
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Calls_WithoutAToken_AreUnauthenticated()
    {
        await using var server = await SecuredReplica.Start(1, certificates: null, grants: Grants());
        await using var client = Connect(server, token: null);

        var refused = await Assert.ThrowsAsync<StoreClientException>(() => client.GetAsync("orders", Key));
        await Assert.ThrowsAsync<StoreClientException>(() => client.GetInfoAsync());

        Assert.Equal((StoreClientError.Refused, StatusCode.Unauthenticated), (refused.Error, Status(refused)));
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData("reader-secret ")]
    [InlineData("Reader-secret")]
    public async Task Calls_WithAWrongToken_AreUnauthenticated(string token)
    {
        await using var server = await SecuredReplica.Start(1, certificates: null, grants: Grants());
        await using var client = Connect(server, token.TrimEnd() + (token.EndsWith(' ') ? "x" : ""));

        var refused = await Assert.ThrowsAsync<StoreClientException>(() => client.GetAsync("orders", Key));

        Assert.Equal((StoreClientError.Refused, StatusCode.Unauthenticated), (refused.Error, Status(refused)));
        Assert.DoesNotContain(server.Log.Lines, line => token.Length > 0 && line.Text.Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Calls_OfAReader_ReadItsNamespacesAndDoNothingElse()
    {
        await using var server = await SecuredReplica.Start(1, certificates: null, grants: Grants());
        server.Put("orders", "k");
        server.Put("secret", "k");
        await using var reader = Connect(server, "reader-secret");

        Assert.NotNull(await reader.GetAsync("orders", Key));
        Assert.Single(await List(reader.HistoryAsync("orders", Key)));
        Assert.Single(await List(reader.ScanAsync(new StoreScan { Namespace = "orders" })));
        Assert.Equal(["orders"], (await reader.GetInfoAsync()).Namespaces);
        Assert.Equal(["orders"], (await reader.GetInfoAsync(includeFigures: true)).Figures!.Namespaces.Select(static item => item.Name));

        await reader.WaitForAsync(["orders"], new ReadOptions());
        await Denied(() => reader.WaitForAsync(["orders", "secret"], new ReadOptions()));
        await Denied(() => reader.WaitForAsync(null, new ReadOptions()));
        await Denied(() => reader.GetAsync("secret", Key));
        await Denied(() => List(reader.HistoryAsync("secret", Key)));
        await Denied(() => List(reader.ScanAsync(new StoreScan { Namespace = "secret" })));
        await Denied(() => List(reader.ScanAsync(new StoreScan { Namespace = null })));
        await Denied(() => List(reader.ConflictsAsync(null)));
        await Denied(() => List(reader.ConflictsAsync("secret")));
        await Denied(() => List(reader.WatchAsync(new StoreWatch { EndWhenCaughtUp = true })));
        await Denied(() => List(reader.WatchAsync(new StoreWatch { Namespaces = ["orders", "secret"], EndWhenCaughtUp = true })));
        await Denied(() => reader.PutAsync("orders", Key, Key));
        await Denied(() => reader.TryPutAsync("orders", Key, Key, default));
        await Denied(() => reader.DeleteAsync("orders", Key));
        await Denied(() => reader.WriteAsync([new StoreOperation("orders", Key, Key)]));
        await Denied(() => reader.ImportAsync(Batches("orders")));
        await Denied(() => reader.GetReplicaInfoAsync());
        await Denied(() => reader.SyncAsync("127.0.0.1:1"));
        await Denied(() => reader.VerifyAsync("127.0.0.1:1"));
        await Denied(() => reader.GetPeersAsync());
        await Denied(() => reader.AddPeerAsync("127.0.0.1:1"));
        await Denied(() => reader.GetSubscriptionsAsync());
        await Denied(() => reader.AllowReconcileAsync("orders"));
        await Denied(() => List(reader.QuarantinedAsync("orders")));
        await Denied(() => reader.RetryQuarantinedAsync("orders"));
        Assert.Equal("v"u8.ToArray(), server.Store.Namespace("orders").Get(Key));
    }

    [Fact]
    public async Task Calls_OfAWriter_WriteItsNamespacesAndDoNotRead()
    {
        await using var server = await SecuredReplica.Start(1, certificates: null, grants: Grants());
        await using var writer = Connect(server, "writer-secret");

        await writer.PutAsync("orders/1", Key, Key);
        await writer.TryPutAsync("orders/2", Key, Key, default);
        await writer.DeleteAsync("orders/2", Key);
        await writer.WriteAsync([new StoreOperation("orders/3", Key, Key), new StoreOperation("orders/4", Key, Key)]);
        Assert.Equal(1, (await writer.ImportAsync(Batches("orders/5"))).Acknowledged);

        await Denied(() => writer.GetAsync("orders/1", Key));
        await Denied(() => writer.PutAsync("", Key, Key));
        await Denied(() => writer.ImportAsync(Batches("orders/5"), skipUnchanged: true));
        await Denied(() => writer.WriteAsync([new StoreOperation("orders/6", Key, Key), new StoreOperation("secret", Key, Key)]));
        var partly = await Assert.ThrowsAsync<StoreClientException>(() => writer.ImportAsync(Batches("orders/7", "secret")));
        Assert.Equal(StoreClientError.Refused, partly.Error);
        Assert.True(server.Has("orders/7", "k"));
        Assert.False(server.Has("orders/6", "k"));
        Assert.False(server.Has("secret", "k"));
    }

    [Fact]
    public async Task Calls_OfAnOperator_ReachTheAdminService()
    {
        await using var server = await SecuredReplica.Start(1, certificates: null, grants: Grants());
        await using var admin = Connect(server, "admin-secret");

        Assert.Equal(1u, (await admin.GetReplicaInfoAsync()).Identity.Replica.Pid);
        await Denied(() => admin.GetAsync("orders", Key));
    }

    [Fact]
    public async Task Calls_WithACertificate_HaveTheRightsOfItsName()
    {
        await using var server = await SecuredReplica.Start(1, _authority.Replica(1), grants: Grants());
        await using var alice = Connect(server, token: null, _authority.Client("alice"));
        await using var bob = Connect(server, token: null, _authority.Client("bob"));
        await using var bobWithToken = Connect(server, "writer-secret", _authority.Client("bob"));
        await using var foreign = Connect(server, token: null, _authority.Client("alice", "other"));

        await alice.PutAsync("orders", Key, Key);
        Assert.NotNull(await alice.GetAsync("orders", Key));
        await Denied(() => bob.GetAsync("orders", Key));
        await bobWithToken.PutAsync("orders/1", Key, Key);
        Assert.Contains("for cluster \"other\"", (await Denied(() => foreign.GetAsync("orders", Key))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_WithoutGrants_AreOpenToEveryMemberOfTheClusterAndToNobodyElse()
    {
        await using var server = await SecuredReplica.Start(1, _authority.Replica(1));
        await using var alice = Connect(server, token: null, _authority.Client("alice"));
        await using var replica = Connect(server, token: null, _authority.Replica(4));
        await using var foreign = Connect(server, token: null, _authority.Client("alice", "other"));

        await alice.PutAsync("n", Key, Key);
        Assert.NotNull(await replica.GetAsync("n", Key));
        await Denied(() => foreign.GetAsync("n", Key));
    }

    [Fact]
    public void Options_WithAToken_KeepItOutOfTheirText()
    {
        var text = new StoreClientOptions { AuthToken = "hush-hush" }.ToString();

        Assert.DoesNotContain("hush", text, StringComparison.Ordinal);
        Assert.Contains("AuthToken = given", text, StringComparison.Ordinal);
        Assert.Null(new StoreClientOptions().AuthToken);
        Assert.Null(new HonuServiceOptions().Grants);
        Assert.Null(new HonuReplicaOptions().Grants);
    }

    private static AccessGrants Grants() => new(
        [
            new AccessRule { Namespaces = ["orders"], Read = ["token:reader", "client:alice"], Write = ["client:alice"] },
            new AccessRule { Namespaces = ["orders/*"], Write = ["token:writer"] },
            new AccessRule { Namespaces = ["*"], Admin = ["token:admin"] },
        ],
        new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["reader"] = Hash("reader-secret"), ["writer"] = Hash("writer-secret"), ["admin"] = Hash("admin-secret") });

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static StoreClient Connect(SecuredReplica server, string? token, RpcCertificates? certificates = null) =>
        StoreClient.Connect(server.Address, new StoreClientOptions { AuthToken = token, Tls = certificates is null ? null : new RpcClientTlsOptions { Certificates = certificates } });

    private static async Task<StoreClientException> Denied(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<StoreClientException>(call);
        Assert.Equal((StoreClientError.Refused, StatusCode.PermissionDenied), (refused.Error, Status(refused)));
        return refused;
    }

    private static StatusCode Status(StoreClientException exception) => Assert.IsType<RpcException>(exception.InnerException).StatusCode;

    private static async Task<List<T>> List<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items)
            list.Add(item);
        return list;
    }

    private static async IAsyncEnumerable<IReadOnlyList<StoreOperation>> Batches(params string[] namespaces)
    {
        foreach (var ns in namespaces)
        {
            yield return [new StoreOperation(ns, Key, Key)];
            await Task.Yield();
        }
    }
}
