using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Sessions;

/// <summary>What a replica wrote since the last session with a peer goes out with its Hello.</summary>
public sealed class SpeculationTests : IDisposable
{
    private const string Ns = HonuStore.DefaultNamespace;

    private static readonly PeerAddress[] Peers = [new("scripted", 1)];

    private readonly ScriptedReplica _a = new(1, configure: static options => options with { Peers = Peers, ChunkRecords = 8 });
    private readonly ScriptedReplica _b = new(2, configure: static options => options with { ChunkRecords = 8 });

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public void Session_AfterAnotherOne_NewWritesTravelInOneRoundTrip()
    {
        _a.Put("k", "v");
        ScriptedSession.Complete(_a, _b);
        _a.Put("l", "w");

        var session = ScriptedSession.Complete(_a, _b);

        Assert.Equal("w", _b.Get("l"));
        Assert.Equal((1, 1), (session.Report!.RoundTrips, session.ResponderReport!.RoundTrips));
        Assert.Equal((1, 1), (session.Report.ObjectsSent, session.ResponderReport.ObjectsReceived));
        Assert.Equal(_a.Vector, _b.Vector);
        Assert.True(Assert.Single(session.Messages, static sent => sent.Message.BodyCase == SessionMessage.BodyOneofCase.Chunk && sent.Message.Chunk.Records.Length > 0).Message.Chunk.Speculative);
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_a, _b).Report!.Outcome);
    }

    [Fact]
    public void Session_BothSidesWrote_BothGetWhatTheyLackInOneRoundTrip()
    {
        _a.Put("k", "v");
        ScriptedSession.Complete(_a, _b);
        _a.Put("l", "a");
        _b.Put("m", "b");

        var session = ScriptedSession.Complete(_a, _b);

        Assert.Equal(("a", "b", 1), (_b.Get("l"), _a.Get("m"), session.Report!.RoundTrips));
        Assert.Equal(_a.Vector, _b.Vector);
    }

    [Fact]
    public void T07_PeerWasSetBackSinceItWasHeardOf_WhatWasSentAheadIsNotJoined()
    {
        _a.Put("k", "v");
        ScriptedSession.Complete(_a, _b);
        var backup = _b.Disk.Copy();
        var lost = _b.Put("lost", "in the backup");
        ScriptedSession.Complete(_a, _b);
        using var restored = new ScriptedReplica(2, disk: backup, configure: static options => options with { ChunkRecords = 8 });
        var written = _a.Put("l", "w");

        var session = ScriptedSession.Run(_a, restored);

        Assert.Contains(session.Messages, static sent => sent.Message.Chunk is { Speculative: true });
        if (!restored.Vector.Covers(lost))
            ScriptedSession.Complete(_a, restored);
        Assert.True(restored.Vector.Covers(lost));
        Assert.Equal(("in the backup", "w"), (restored.Get("lost"), restored.Get("l")));
        Assert.True(restored.Vector.Covers(written));
    }

    [Fact]
    public void Session_MoreThanAChunkIsNew_WaitsForThePeersVector()
    {
        _a.Put("k", "v");
        ScriptedSession.Complete(_a, _b);
        for (var i = 0; i < 20; i++)
            _a.Put($"k{i}", "v");

        var session = ScriptedSession.Complete(_a, _b);

        Assert.Equal(2, session.Report!.RoundTrips);
        Assert.DoesNotContain(session.Messages, static sent => sent.Message.Chunk is { Speculative: true });
        Assert.Equal(_a.Vector, _b.Vector);
    }

    [Fact]
    public void Acknowledgement_AfterASession_IsWhatThePeerHoldsDurably()
    {
        var written = _a.Put("k", "v");

        ScriptedSession.Complete(_a, _b);

        Assert.Equal(1, _a.Machine.Acknowledgements.CountCovering(Ns, written));
        _b.LosePower();
        Assert.Equal("v", _b.Get("k"));
        Assert.True(_b.Vector.Covers(written));
    }

    [Fact]
    public void Acknowledgement_EqualStores_IsTheWholeVector()
    {
        _a.Put("k", "v");
        ScriptedSession.Complete(_a, _b);
        _b.Machine.Acknowledgements.Forget(1);

        ScriptedSession.Complete(_a, _b);

        Assert.Equal(_a.Vector, _b.Machine.Acknowledgements.Find(1, Ns));
    }
}
