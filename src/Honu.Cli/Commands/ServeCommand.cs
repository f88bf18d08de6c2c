using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Cli.Parsing;
using Honu.Cli.Serving;
using Honu.Grpc;
using Honu.Hosting;
using Honu.Hosting.Services;
using Honu.Replication;
using Microsoft.Extensions.Logging;

namespace Honu.Cli.Commands;

/// <summary><c>honu serve</c>: serves a store to clients and replicates it, until a signal ends it.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var listen = new Option<string>("--listen") { Description = "Where to listen; port 0 takes a free one, which the first line of output names.", HelpName = "HOST:PORT", Required = true };
        var pid = new Option<uint?>("--pid") { Description = "The replica's number, unique in the cluster. Default: drawn at random when the store is created.", HelpName = "N" };
        var region = new Option<string?>("--region") { Description = "Where this replica is, as a name that replicas of one place share.", HelpName = "NAME" };
        var cluster = new Option<string?>("--cluster") { Description = "The cluster; replicas of different clusters refuse each other.", HelpName = "NAME" };
        var peers = new Option<string[]>("--peer") { Description = "A peer to replicate with; may be given more than once.", HelpName = "[PID@]HOST:PORT", DefaultValueFactory = static _ => [] };
        var advertise = new Option<string?>("--advertise") { Description = "Where others reach this replica, told to all of them. Default: where it listens, unless that is every address of the machine.", HelpName = "HOST:PORT" };
        var subscribe = new Option<string[]>("--subscribe") { Description = "A namespace to exchange with others, or a prefix that ends with *; may be given more than once. Default: all.", HelpName = "NAME", DefaultValueFactory = static _ => [] };
        var retireAfter = CommonOptions.Duration("--retire-after", "Deletions are kept for a member that nobody has heard from for this long, then no more. Default: 30d.");
        var interval = CommonOptions.Duration("--interval", "Time between sessions, fixed. Default: 500ms, doubling up to 4s while nothing is found.");
        var dissemination = new Option<string>("--dissemination") { Description = "How writes reach the others: sessions, by anti-entropy alone, or region-relay, pushed at once by way of one replica of each region. The same for the whole cluster.", HelpName = "NAME", DefaultValueFactory = static _ => DisseminationNames.Sessions };
        var selector = new Option<string>("--selector") { Description = $"How the peer of a session is chosen: {string.Join(", ", PeerSelectors.Names)}; some take a parameter after a colon. After @ by which reward it learns: {string.Join(", ", PeerSelectors.RewardNames)}.", HelpName = "NAME[:PARAM][@REWARD]", DefaultValueFactory = static _ => "uniform" };
        var prices = new Option<string?>("--egress-prices") { Description = "A CSV file with the columns from, to and price: what bytes between regions cost, for the reward cost. Default: nothing within a region, the same between any two.", HelpName = "FILE" };
        var cache = new Option<long?>("--block-cache")
        {
            Description = "Memory for blocks of the engine, for example 64MiB. Larger: fewer reads of the disk.",
            HelpName = "SIZE",
            CustomParser = static result =>
            {
                if (Sizes.TryParse(result.Tokens[0].Value, out var bytes))
                    return bytes;
                result.AddError($"\"{result.Tokens[0].Value}\" is not a size. Write a number and a unit: 64KiB, 16MiB, 1GiB.");
                return null;
            },
        };
        var grants = new Option<string?>("--grants") { Description = "A JSON file that says which replicas, clients and tokens may read, write and administer which namespaces. Default: every member of the cluster may do everything.", HelpName = "FILE" };
        var command = new VerbCommand(
            "serve",
            "Serve a store to clients and replicate it with peers. Prints one line when it is ready; SIGTERM or SIGINT stop it cleanly.",
            """
              honu serve --db ./data --listen 127.0.0.1:7000 --pid 1
              honu serve --db ./other --listen 127.0.0.1:7001 --pid 2 --peer 1@127.0.0.1:7000
              honu serve --db ./test --listen 127.0.0.1:0 --json
              honu serve --db ./other --listen 127.0.0.1:7001 --peer 127.0.0.1:7000 --selector epsilon-greedy:0.1@novelty
              honu serve --db ./data --listen 0.0.0.0:7000 --tls-cert node.pem --tls-key node.key --tls-ca ca.pem
            """)
        {
            common.Db, listen, pid, region, cluster, peers, advertise, subscribe, retireAfter, interval, dissemination, selector, prices, cache, grants, common.AllowInsecure, common.Json,
        };
        common.Db.Required = true;
        common.Tls.Certificate.Description = "Speak TLS, with clients and with peers, and show the certificate in this PEM file; intermediate ones may follow it.";
        common.Tls.Authority.Description = "With --tls-cert: refuse clients and peers whose certificate is not of the authorities in this PEM file (mutual TLS).";
        common.Tls.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var insecure = parsed.GetValue(common.AllowInsecure);
            using var loggers = StoreServer.CreateLoggers();
            var certificates = common.Tls.ForServer(parsed, loggers.CreateLogger<RpcCertificates>());
            var allowed = ReadFile("--grants", parsed.GetValue(grants), AccessGrants.Parse);
            var endpoint = Endpoint(parsed.GetRequiredValue(listen), insecure || certificates is not null, insecure || certificates?.Roots is not null || allowed is not null);
            var spread = parsed.GetValue(dissemination) switch
            {
                DisseminationNames.Sessions => Dissemination.Sessions,
                DisseminationNames.RegionRelay => Dissemination.RegionRelay,
                var other => throw CliException.Usage($"There is no dissemination \"{other}\"; there are: {DisseminationNames.Sessions}, {DisseminationNames.RegionRelay}."),
            };
            var wantedPeers = parsed.GetValue(peers) ?? [];
            var store = new HonuStoreOptions { Pid = parsed.GetValue(pid), Region = parsed.GetValue(region), Cluster = parsed.GetValue(cluster) };
            if (parsed.GetValue(cache) is { } cacheBytes)
                store = store with { BlockCacheBytes = cacheBytes };
            var replica = new HonuReplicaOptions
            {
                Peers = wantedPeers,
                AdvertisedAddress = parsed.GetValue(advertise),
                AdvertiseListenAddress = true,
                Subscriptions = parsed.GetValue(subscribe) ?? [],
                RetireAfter = parsed.GetValue(retireAfter) ?? TimeSpan.FromDays(30),
                Interval = parsed.GetValue(interval),
                Selector = parsed.GetValue(selector)!,
                EgressPrices = ReadFile("--egress-prices", parsed.GetValue(prices), EgressPrices.Parse),
                Dissemination = spread,
                AllowInsecure = insecure,
                Grants = allowed,
                Tls = certificates is null ? null : new RpcClientTlsOptions { Certificates = certificates },
            };
            // Before the store is opened: a refused command must not create one.
            if (replica.Validate() is { Count: > 0 } failures)
                throw CliException.Usage(string.Join(' ', failures));
            CheckFree(endpoint);
            var path = parsed.GetRequiredValue(common.Db)!;
            return await StoreServer.RunAsync(path, endpoint, store, replica, loggers, (address, replicaId) => Ready(path, address, replicaId, parsed.GetValue(common.Json)), cancellation);
        });
        return command;
    }

    // Before the store is opened, too. The server binds again: what takes the port in between is told then.
    private static void CheckFree(IPEndPoint endpoint)
    {
        try
        {
            using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endpoint);
        }
        catch (SocketException e)
        {
            throw CliException.Usage($"Cannot listen on {endpoint}: {e.Message.TrimEnd('.')}. Name an address of this machine and a port that no other program has, or port 0 for a free one.");
        }
    }

    /// <summary>The line that tells scripts where the server is.</summary>
    private static void Ready(string path, string address, StoreIdentity identity, bool json)
    {
        using var output = new ResultWriter();
        if (json)
            output.Json((path, address, identity), WriteReady);
        else
            output.Line(string.Create(CultureInfo.InvariantCulture, $"honu: ready on {address} (pid {identity.Replica.Pid}, epoch {identity.Replica.Epoch}, store {identity.StoreId}, directory {path})"));
    }

    private static void WriteReady(Utf8JsonWriter json, (string Path, string Address, StoreIdentity Identity) ready)
    {
        json.WriteStartObject();
        json.WriteString("event"u8, "ready"u8);
        json.WriteString("address"u8, ready.Address);
        json.WriteNumber("pid"u8, ready.Identity.Replica.Pid);
        json.WriteNumber("epoch"u8, ready.Identity.Replica.Epoch);
        json.WriteString("storeId"u8, ready.Identity.StoreId);
        json.WriteString("db"u8, ready.Path);
        json.WriteNumber("processId"u8, Environment.ProcessId);
        json.WriteEndObject();
    }

    private static T? ReadFile<T>(string option, string? file, Func<string, T> parse)
        where T : class
    {
        if (file is null)
            return null;
        try
        {
            return parse(File.ReadAllText(file));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Whatever is wrong with the file: a server must not start with other rules than its operator believes.
            throw CliException.Usage($"{option} {file}: {e.Message}");
        }
    }

    private static IPEndPoint Endpoint(string text, bool isPrivate, bool isAuthenticated)
    {
        if (!HostPort.TryParse(text, out var address))
            throw CliException.Usage($"\"{text}\" is not an address to listen on. Write HOST:PORT, for example 127.0.0.1:7000; port 0 takes a free one.");

        IPAddress? ip;
        if (string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase))
        {
            ip = IPAddress.Loopback;
        }
        else if (!IPAddress.TryParse(address.Host, out ip))
        {
            try
            {
                ip = Dns.GetHostAddresses(address.Host).FirstOrDefault();
            }
            catch (SocketException)
            {
                // Told below: it does not resolve.
            }
        }

        if (ip is null)
            throw CliException.Usage($"The name \"{address.Host}\" does not resolve. Name an address of this machine to listen on.");
        if (!IPAddress.IsLoopback(ip) && !isPrivate)
        {
            throw CliException.Usage(
                $"{text} is not loopback, and without TLS anyone on the network could read and write the store. Listen on 127.0.0.1, use TLS (--tls-cert, --tls-key), or add --allow-insecure on a network that you trust.");
        }

        if (!IPAddress.IsLoopback(ip) && !isAuthenticated)
        {
            throw CliException.Usage(
                $"{text} is not loopback, and TLS alone asks nobody who they are. Add --tls-ca to demand certificates, or --grants with tokens, or --allow-insecure on a network that you trust.");
        }

        return new IPEndPoint(ip, address.Port);
    }
}
