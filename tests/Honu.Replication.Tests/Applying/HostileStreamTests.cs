using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Applying;

/// <summary>Streams that fail in the middle, and peers that send what no healthy replica would: nothing is claimed that is not held.</summary>
public sealed class HostileStreamTests : IDisposable
{
    private const string Ns = HonuStore.DefaultNamespace;

    private readonly ScriptedReplica _a = new(1);

    public void Dispose() => _a.Dispose();

    [Fact]
    public void Apply_LastChunkAfterOneThatFailed_DoesNotJoin()
    {
        _a.Put("own", "v");
        var target = new VersionVector();
        target.Advance(new ReplicaId(2, 0), 12);
        var stream = new IncomingStream(_a.Store.Replication, Ns, static () => (new ReplicaId(2, 0), Guid.Empty), _a.Vector, toldEmpty: false, toldCursor: null);
        _a.Disk.FailsReads = true;
        Assert.ThrowsAny<Exception>(() => stream.Apply(ChunkOf(target, new RecordBuilder("k").At(10, 2), last: false)));
        _a.Disk.FailsReads = false;

        Assert.Throws<HonuException>(() => stream.Apply(ChunkOf(target, new RecordBuilder("l").At(12, 2), last: true)));

        Assert.False(_a.Vector.Covers(new VersionId(10, new ReplicaId(2, 0))));
    }

    [Fact]
    public void Apply_TwoFullStreamsOfOneSenderAtOnce_TheLaterGoesOnAndNoKeyIsTakenForDeleted()
    {
        // Both sides opened a session before either knew the other.
        _a.Put("own", "v");
        var sender = new ReplicaId(2, 0);
        var running = new Dictionary<(string, ReplicaId), IncomingStream>();
        IncomingStream Begin() => new(_a.Store.Replication, Ns, () => (sender, Guid.Empty), _a.Vector, toldEmpty: false, toldCursor: null) { Running = running };
        var (target, frontier) = (new VersionVector(), new VersionVector());
        target.Advance(sender, 12);
        frontier.Advance(sender, 5);
        Chunk First()
        {
            var chunk = ChunkOf(target, new RecordBuilder("k").At(10, 2), last: false);
            (chunk.Full, chunk.Frontier, chunk.PurgeMark, chunk.PositionKey) = (true, NamespaceVectors.Encode(frontier), 5, ByteString.CopyFromUtf8("k"));
            return chunk;
        }

        Chunk Last() => new() { Namespace = Ns, Records = ByteString.CopyFrom(RecordBuilder.Block(new RecordBuilder("l").At(12, 2))), Last = true };
        var (earlier, later) = (Begin(), Begin());
        earlier.Apply(First());
        later.Apply(First());

        Assert.Throws<InvalidOperationException>(() => earlier.Apply(Last()));
        later.Apply(Last());

        Assert.True(later.IsJoined);
        Assert.NotNull(_a.Get("k"));
        Assert.NotNull(_a.Get("l"));
    }

    [Fact]
    public void Apply_TargetsOfMoreOriginsThanAVectorHolds_AreRefusedAndTheStoreOpens()
    {
        _a.Put("k", "v");
        var refused = 0;
        for (uint round = 0; round < 2; round++)
        {
            var target = new VersionVector();
            for (uint pid = 0; pid < 3000; pid++)
                target.Advance(new ReplicaId(10_000 + pid + (round * 5000), 0), 1);
            var error = Record.Exception(() => { _a.Store.Replication.Apply(Ns, [], cursor: null, new VectorJoin(new VersionVector(), target)); });
            refused += error is HonuException { Code: HonuErrorCode.MalformedRecord } ? 1 : 0;
        }

        _a.Store.Dispose();
        _a.Kill();

        Assert.Equal(1, refused);
        Assert.Equal("v", _a.Get("k"));
    }

    [Fact]
    public void Apply_BadRecordBehindTwoOfOneKey_AppliesNothing()
    {
        var first = new RecordBuilder("k").At(10, 2);
        var bad = RecordBuilder.Block(new RecordBuilder("z").At(12, 2));
        bad[^1] ^= 1;
        byte[] block = [.. RecordBuilder.Block(first, first.At(11, 2).After(10, 2)), .. bad];

        Assert.Throws<HonuException>(() => _a.Store.Replication.Apply(Ns, block, cursor: null, join: null));

        Assert.Null(_a.Get("k"));
    }

    [Fact]
    public void Apply_ContextThatCoversItsOwnFuture_IsMalformed()
    {
        _a.Store.Replication.Apply(Ns, RecordBuilder.Block(new RecordBuilder("k").At(100, 2).Saying("right")), cursor: null, join: null);
        var version = new VersionId(5, new ReplicaId(3, 0));
        var parent = version with { Scalar = 4 };
        var future = CausalContext.Of(parent).With(new VersionId(StoreLimits.MaxScalar, new ReplicaId(2, 0)));
        var record = new RecordWriter().Write("k"u8, "poison"u8, RecordChecksum.OfValue("poison"u8), isTombstone: false, version, parent, future, version.Replica, default);
        byte[] poison = [1, (byte)'k', (byte)record.Length, .. record];

        Assert.Throws<HonuException>(() => _a.Store.Replication.Apply(Ns, poison, cursor: null, join: null));

        Assert.Equal("right", _a.Get("k"));
    }

    [Fact]
    public void Apply_OwnRecordComingBack_TakesANewEpochAndDoesNotCoverWhatIsBetween()
    {
        var before = _a.Id;
        var block = RecordBuilder.Block(new RecordBuilder("l").At(10, 1));

        var error = Assert.Throws<HonuException>(() => _a.Store.Replication.Apply(Ns, block, cursor: null, join: null));
        _a.Store.Replication.Apply(Ns, block, cursor: null, join: null);

        Assert.Equal(HonuErrorCode.IdentityMismatch, error.Code);
        Assert.NotEqual(before, _a.Id);
        Assert.Equal("v", _a.Get("l"));
        Assert.False(_a.Vector.Covers(new VersionId(5, before)));
    }

    [Fact]
    public void Apply_TargetCoversMoreOfOurWritesThanWeDo_TakesANewEpochAndCoversNothing()
    {
        var before = _a.Id;
        var target = new VersionVector();
        target.Advance(before, 10);

        var error = Assert.Throws<HonuException>(() => _a.Store.Replication.Apply(Ns, [], cursor: null, new VectorJoin(new VersionVector(), target)));

        Assert.Equal(HonuErrorCode.IdentityMismatch, error.Code);
        Assert.NotEqual(before, _a.Id);
        Assert.False(_a.Vector.Covers(new VersionId(5, before)));
    }

    [Fact]
    public void Apply_ManyLosers_TheWinnerStaysInHistoryAfterTheNextWrite()
    {
        _a.Store.Replication.Apply(Ns, RecordBuilder.Block(new RecordBuilder("k").At(1000, 2).Saying("winner")), cursor: null, join: null);
        for (uint i = 1; i <= 12; i++)
            _a.Store.Replication.Apply(Ns, RecordBuilder.Block(new RecordBuilder("k").At(i, 100 + i).Saying("loser")), cursor: null, join: null);

        _a.Put("k", "next");

        Assert.Equal(1000UL, _a.History("k")[1].Version.Id.Scalar);
    }

    [Fact]
    public void Barrier_Failed_NothingMoreIsAcknowledged()
    {
        _a.Put("k", "v");
        _a.Disk.FailsSyncs = true;
        Assert.ThrowsAny<HonuException>(() => _a.Store.Replication.Barrier());
        _a.Disk.FailsSyncs = false;

        Assert.Equal(HonuErrorCode.StoreFailed, Assert.Throws<HonuException>(() => _a.Put("l", "v")).Code);
    }

    private static Chunk ChunkOf(VersionVector target, RecordBuilder record, bool last) => new()
    {
        Namespace = Ns,
        Target = ByteString.CopyFrom(target.ToArray()),
        Records = ByteString.CopyFrom(RecordBuilder.Block(record)),
        PositionReplica = new ReplicaId(2, 0).ToUInt64(),
        PositionScalar = last ? 0UL : 10,
        Last = last,
    };
}
