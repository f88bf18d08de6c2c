using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Access;
using Honu.Cli.Output;
using Honu.Hosting;
using Honu.Replication;

namespace Honu.Cli.Commands;

/// <summary><c>honu status</c>: who a store is and, of a server, how its replication is doing.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var command = new VerbCommand("status", "Tell who a store is and, of a server, how its peers and namespaces are doing.", """
              honu status --db ./data
              honu status --remote 127.0.0.1:7000 --json
            """);
        common.AddStore(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var store = common.Open(parsed, create: false);
            var info = store is RemoteStore remote
                ? await remote.Client.GetReplicaInfoAsync(includeFigures: true, cancellation)
                : Local(await store.GetInfoAsync(includeFigures: true, cancellation), ((LocalStore)store).Store.Replication);
            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
                output.Json(info, WriteJson);
            else
                WriteText(output, info);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static ReplicaInfo Local(StoreInfo info, ReplicationPort store) => new()
    {
        Identity = info.Identity,
        Replicating = false,
        Selector = "",
        Peers = [],
        Namespaces = [.. info.Figures!.Namespaces.Select(ns => new ReplicaNamespaceInfo(ns.Name, ns.Vector, "", 0) { Objects = ns.Objects, Tombstones = ns.Tombstones, Conflicts = store.CountConflicts(ns.Name), Deferred = store.State(ns.Name).Deferred, Quarantined = store.State(ns.Name).Quarantined })],
        ServerVersion = info.ServerVersion,
    };

    private static void WriteText(ResultWriter output, ReplicaInfo info)
    {
        output.Line($"store        {info.Identity.StoreId}");
        output.Line($"replica      {info.Identity.Replica}");
        if (info.Identity.Cluster.Length > 0)
            output.Line($"cluster      {info.Identity.Cluster}");
        if (info.Identity.Region.Length > 0)
            output.Line($"region       {info.Identity.Region}");
        output.Line($"clock        {info.Identity.Clock}");
        output.Line($"version      {info.ServerVersion}");
        output.Line($"replicating  {(info.Replicating ? $"yes (selector {info.Selector}, reward {info.Reward})" : "no")}");
        foreach (var peer in info.Peers)
        {
            var round = peer.RoundTrip is { } time ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.###} ms") : "-";
            var last = peer.LastSuccess is { } at ? at.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : "never";
            output.Line($"peer         {peer.Address} ({peer.Replica?.ToString() ?? "not met yet"}) {peer.State}, round trip {round}, last session {last}{Text(peer.Arm)}{(peer.LastError is null ? "" : $", {peer.LastError}")}");
        }

        if (info.Rumors is { } rumors)
            RumorText.Write(output, rumors);
        foreach (var ns in info.Namespaces)
            output.Line(Text(ns));
    }

    private static string Text(ArmSnapshot? arm) => arm is null
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $", worth {arm.Value:0.00} by {arm.Count:0.#} rewards, last {(arm.LastReward is { } reward ? reward.ToString("0.00", CultureInfo.InvariantCulture) : "-")}, {arm.Share:0 %} of choices");

    private static string Text(ReplicaNamespaceInfo ns)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"namespace    {ns.Name}  {VectorText.Format(ns.Vector)}  {ns.Objects ?? 0} objects, {ns.Tombstones ?? 0} tombstones");
        if (ns.Blockers.Count > 0)
            text += $" (kept for {string.Join(", ", ns.Blockers)})";
        if (ns.Conflicts > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {ns.Conflicts} conflicts");
        if (ns.Deferred > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {ns.Deferred} deferred");
        if (ns.Quarantined > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {ns.Quarantined} in quarantine");
        if (ns.LooseObjects > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {ns.LooseObjects} loose");
        if (!ns.IsSubscribed)
            text += ", not subscribed";
        return ns.Summary.Length > 0 ? $"{text}  summary {ns.Summary}" : text;
    }

    private static void WriteJson(Utf8JsonWriter json, ReplicaInfo info)
    {
        json.WriteStartObject();
        json.WriteString("storeId"u8, info.Identity.StoreId);
        json.WriteNumber("pid"u8, info.Identity.Replica.Pid);
        json.WriteNumber("epoch"u8, info.Identity.Replica.Epoch);
        json.WriteString("cluster"u8, info.Identity.Cluster);
        json.WriteString("region"u8, info.Identity.Region);
        json.WriteString("clock"u8, info.Identity.Clock);
        json.WriteString("version"u8, info.ServerVersion);
        json.WriteBoolean("replicating"u8, info.Replicating);
        json.WriteString("selector"u8, info.Selector);
        json.WriteString("reward"u8, info.Reward);
        json.WriteStartArray("peers"u8);
        foreach (var peer in info.Peers)
            WritePeer(json, peer);
        json.WriteEndArray();
        if (info.Rumors is { } rumors)
            RumorText.Write(json, rumors);
        json.WriteStartArray("namespaces"u8);
        foreach (var ns in info.Namespaces)
            WriteNamespace(json, ns, info.Replicating);

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNamespace(Utf8JsonWriter json, ReplicaNamespaceInfo ns, bool replicating)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, ns.Name);
        VectorText.Write(json, ns.Vector);
        if (ns.Digest is { } digest)
            json.WriteString("digest"u8, digest);
        else
            json.WriteNull("digest"u8);
        if (ns.Objects is { } objects)
            json.WriteNumber("objects"u8, objects);
        if (ns.Tombstones is { } tombstones)
            json.WriteNumber("tombstones"u8, tombstones);
        VectorText.Write(json, ns.Frontier, "frontier"u8);
        json.WriteStartArray("blockers"u8);
        foreach (var pid in ns.Blockers)
            json.WriteNumberValue(pid);
        json.WriteEndArray();
        json.WriteNumber("conflicts"u8, ns.Conflicts);
        json.WriteNumber("deferred"u8, ns.Deferred);
        json.WriteNumber("quarantined"u8, ns.Quarantined);
        if (replicating)
        {
            json.WriteBoolean("subscribed"u8, ns.IsSubscribed);
            json.WriteString("summary"u8, ns.Summary);
            json.WriteNumber("looseObjects"u8, ns.LooseObjects);
        }

        json.WriteEndObject();
    }

    private static void WritePeer(Utf8JsonWriter json, PeerInfo peer)
    {
        json.WriteStartObject();
        json.WriteString("address"u8, peer.Address);
        if (peer.Replica is { } replica)
        {
            json.WriteNumber("pid"u8, replica.Pid);
            json.WriteNumber("epoch"u8, replica.Epoch);
        }

        json.WriteString("region"u8, peer.Region);
        json.WriteString("state"u8, peer.State);
        if (peer.RoundTrip is { } roundTrip)
            json.WriteNumber("roundTripMilliseconds"u8, Math.Round(roundTrip.TotalMilliseconds, 3));
        if (peer.LastSuccess is { } lastSuccess)
            json.WriteString("lastSuccess"u8, lastSuccess);
        if (peer.LastError is not null)
            json.WriteString("lastError"u8, peer.LastError);
        json.WriteString("origin"u8, peer.Origin);
        if (peer.Member.Length > 0)
            json.WriteString("member"u8, peer.Member);
        if (peer.Arm is { } arm)
            WriteArm(json, arm);
        if (peer.LagObjects is { } lag)
            json.WriteNumber("lag"u8, lag);
        else
            json.WriteNull("lag"u8);
        json.WriteStartArray("acknowledged"u8);
        foreach (var (ns, vector) in peer.Acknowledged.OrderBy(static item => item.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("namespace"u8, ns);
            VectorText.Write(json, vector);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteArm(Utf8JsonWriter json, ArmSnapshot arm)
    {
        json.WriteStartObject("arm"u8);
        json.WriteNumber("value"u8, Math.Round(arm.Value, 6));
        json.WriteNumber("count"u8, Math.Round(arm.Count, 3));
        json.WriteNumber("selections"u8, arm.Selections);
        json.WriteNumber("share"u8, Math.Round(arm.Share, 6));
        if (arm.LastReward is { } reward)
            json.WriteNumber("lastReward"u8, Math.Round(reward, 6));
        else
            json.WriteNull("lastReward"u8);
        json.WriteEndObject();
    }
}
