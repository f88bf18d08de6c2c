using Honu.TestKit;

namespace Honu.Tests.Versions;

public class CausalContextTests
{
    [Fact]
    public void Join_BelowTheLimit_IsCommutativeAssociativeAndIdempotent() => Seeds.Run(usualSeed: 1, usualRuns: 500, static seed =>
    {
        var random = new Random(seed);
        var (a, b, c) = (Make(random), Make(random), Make(random));

        Assert.Equal(a.Join(b), b.Join(a));
        Assert.Equal(a.Join(b).Join(c), a.Join(b.Join(c)));
        Assert.Equal(a, a.Join(a));
        Assert.Equal(a.Join(b), a.Join(b).Join(b));
        Assert.Equal(a, a.Join(CausalContext.Empty));
        Assert.Equal(a, CausalContext.Empty.Join(a));
        foreach (var version in Universe())
            Assert.Equal(a.Covers(version) || b.Covers(version), a.Join(b).Covers(version));
    });

    [Fact]
    public void Except_OtherAndItsVersion_LeavesWhatNeitherCovers() => Seeds.Run(usualSeed: 1, usualRuns: 500, static seed =>
    {
        var random = new Random(seed);
        var (context, other) = (Make(random), Make(random));
        var version = new VersionId(10, new ReplicaId((uint)random.Next(10), 0));

        var rest = context.Except(other, version);

        foreach (var entry in context.Entries)
            Assert.Equal(!other.Covers(entry) && entry != version, rest.Covers(entry));
        Assert.Equal(context.Join(other).With(version), rest.Join(other).With(version));
    });

    // A false conflict is shown to the user, a missed fork is silent: the oldest entry goes.
    [Fact]
    public void Join_BeyondTheLimit_DropsTheOldestAndClaimsNothingNew()
    {
        var many = Enumerable.Range(1, 40).Aggregate(CausalContext.Empty, static (context, i) => context.With(new VersionId((ulong)(i * 10), new ReplicaId((uint)(41 - i), 0))));

        Assert.Equal(CausalContext.MaxOrigins, many.Count);
        Assert.False(many.Covers(new VersionId(80, new ReplicaId(33, 0))));
        for (var i = 9; i <= 40; i++)
        {
            Assert.True(many.Covers(new VersionId((ulong)(i * 10), new ReplicaId((uint)(41 - i), 0))));
            Assert.False(many.Covers(new VersionId((ulong)(i * 10) + 1, new ReplicaId((uint)(41 - i), 0))));
        }
    }

    [Fact]
    public void Encode_AnyContext_DecodesToTheSame() => Seeds.Run(usualSeed: 1, usualRuns: 200, static seed =>
    {
        var context = Make(new Random(seed));
        var bytes = new byte[context.EncodedLength];
        Assert.Equal(bytes.Length, context.Encode(bytes));

        Assert.True(CausalContext.TryMeasure([.. bytes, 0xFF], out var length));
        Assert.Equal(bytes.Length, length);
        Assert.Equal(context, CausalContext.Decode(bytes));
        Assert.Equal(context.GetHashCode(), CausalContext.Decode(bytes).GetHashCode());
        for (var cut = 0; cut < bytes.Length; cut++)
            Assert.False(CausalContext.TryMeasure(bytes.AsSpan(0, cut), out _));
    });

    [Fact]
    public void TryMeasure_HostileBytes_NeverThrowsAndAcceptsOnlySortedValidEntries() => Seeds.Run(usualSeed: 1, usualRuns: 3000, static seed =>
    {
        var random = new Random(seed);
        var bytes = new byte[Make(random).EncodedLength];
        random.NextBytes(bytes);
        if (seed % 2 == 0)
            Make(random).Encode(bytes = new byte[1 + (32 * 16)]);
        bytes[random.Next(bytes.Length)] = (byte)random.Next(256);

        if (!CausalContext.TryMeasure(bytes, out var length))
            return;
        var context = CausalContext.Decode(bytes.AsSpan(0, length));
        for (var i = 0; i < context.Count; i++)
        {
            Assert.InRange(context.Entries[i].Scalar, 1UL, StoreLimits.MaxScalar);
            Assert.True(i == 0 || context.Entries[i - 1].Replica.CompareTo(context.Entries[i].Replica) < 0);
        }
    });

    private static CausalContext Make(Random random)
    {
        var context = CausalContext.Empty;
        for (var i = random.Next(8); i > 0; i--)
            context = context.With(new VersionId((ulong)random.Next(1, 20), new ReplicaId((uint)random.Next(10), 0)));
        return context;
    }

    private static IEnumerable<VersionId> Universe() =>
        from pid in Enumerable.Range(0, 11)
        from scalar in Enumerable.Range(1, 20)
        select new VersionId((ulong)scalar, new ReplicaId((uint)pid, 0));
}
