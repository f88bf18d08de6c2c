// Two stores in one process replicate over real gRPC on loopback: what converges, and who wins a conflict.
using System.Net;
using System.Text;
using Honu;
using Honu.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

var root = Directory.CreateTempSubdirectory("honu-quickstart-");
var amsterdam = await StartAsync("amsterdam", pid: 1);
var boston = await StartAsync("boston", pid: 2, peer: Address(amsterdam));
HonuStore a = amsterdam.Services.GetRequiredService<HonuStore>(), b = boston.Services.GetRequiredService<HonuStore>();

// Writes on both sides. Neither hears of the other's before the next session, so "motto" is a conflict.
await SyncAsync();
a.Put("city/ams"u8, "Amsterdam"u8);
a.Put("city/old"u8, "to be deleted"u8);
a.Put("motto"u8, "Valiant, steadfast, compassionate"u8);
b.Put("city/bos"u8, "Boston"u8);
b.Put("motto"u8, "God be with us as he was with our fathers"u8);
await SyncAsync();
b.Delete("city/old"u8);
await SyncAsync();

Console.WriteLine("Both replicas hold:");
foreach (var entry in a.Scan())
{
    var same = b.Get(entry.Key, out var other) is { } value && entry.Value.SequenceEqual(value) && other.Id == entry.Version.Id;
    Console.WriteLine($"  {Text(entry.Key),-9} = {Text(entry.Value),-42} {entry.Version.Id}  {(same ? "same on both" : "DIFFERS")}");
}

a.TryGetVersion("city/old"u8, out var tombstone);
Console.WriteLine($"  city/old    was deleted in Boston and is {(tombstone.IsDeleted ? "a tombstone in Amsterdam, too" : "STILL THERE")}");

Console.WriteLine("History of \"motto\" in Amsterdam, the winner first:");
var history = a.History("motto"u8);
foreach (var version in history)
    Console.WriteLine($"  {version.Version.Id}  {Text(version.Value.Span)}{(version.LostConflict ? "  (lost the conflict)" : "")}");

VersionId winner = history[0].Version.Id, loser = history[1].Version.Id;
Console.WriteLine(winner.Scalar != loser.Scalar
    ? $"{winner} won because {winner.Scalar} is the later scalar; every replica decides so by itself."
    : $"{winner} won because at equal scalars the lower pid wins; every replica decides so by itself.");

// The stores are closed with their hosts' services; only then may their directories go.
foreach (var app in new[] { boston, amsterdam })
{
    await app.StopAsync();
    await app.DisposeAsync();
}

root.Delete(recursive: true);

static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

// Sessions run by themselves (here once a minute, by default every half second to four); this asks for one at once.
async Task SyncAsync() => await boston.Services.GetRequiredService<ReplicaHost>().SyncAsync(Address(amsterdam), CancellationToken.None);

static string Address(WebApplication app) => app.Urls.First()["http://".Length..];

async Task<WebApplication> StartAsync(string name, uint pid, string? peer = null)
{
    var builder = WebApplication.CreateSlimBuilder();
    builder.Logging.ClearProviders();
    builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0, listen => listen.UseRpc()));
    builder.Services.AddHonu(Path.Combine(root.FullName, name), new HonuStoreOptions { Pid = pid, Region = name });
    builder.Services.AddHonuReplica(new HonuReplicaOptions { Peers = peer is null ? [] : [peer], Interval = TimeSpan.FromMinutes(1) });
    var app = builder.Build();
    app.MapHonu();
    await app.StartAsync();
    return app;
}
