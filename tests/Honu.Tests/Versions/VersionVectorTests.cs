using Honu.TestKit;

namespace Honu.Tests.Versions;

/// <summary>Against a model that keeps every covered scalar by itself, in a universe of 3 replicas and 40 scalars.</summary>
public class VersionVectorTests
{
    private const int Scalars = 40;

    private static readonly ReplicaId[] Replicas = [new(1, 0), new(1, 1), new(2, 0)];

    [Fact]
    public void TryCover_RandomRanges_CoversExactlyWhatTheModelCovers() => Seeds.Run(usualSeed: 1, usualRuns: 300, static seed =>
    {
        var (vector, model) = Make(new Random(seed));

        AssertSame(model, vector);
    });

    [Fact]
    public void Join_TwoVectors_IsTheUnionAndCommutesAndIsIdempotent() => Seeds.Run(usualSeed: 1, usualRuns: 300, static seed =>
    {
        var random = new Random(seed);
        var (one, oneModel) = Make(random);
        var (other, otherModel) = Make(random);
        var (third, _) = Make(random);

        var joined = Joined(one, other);

        AssertSame([.. oneModel.Union(otherModel)], joined);
        Assert.Equal(joined, Joined(other, one));
        Assert.Equal(joined, Joined(joined, one));
        Assert.Equal(Joined(Joined(one, other), third), Joined(one, Joined(other, third)));
        Assert.True(joined.Dominates(one) && joined.Dominates(other));
        Assert.Equal(oneModel.IsSupersetOf(otherModel), one.Dominates(other));
        Assert.Equal(oneModel.SetEquals(otherModel), one.Equals(other));
    });

    [Fact]
    public void Encode_AnyVector_DecodesToTheSameBytes() => Seeds.Run(usualSeed: 1, usualRuns: 300, static seed =>
    {
        var (vector, model) = Make(new Random(seed));
        var bytes = vector.ToArray();

        Assert.Equal(vector.EncodedLength, bytes.Length);
        Assert.True(VersionVector.TryDecode(bytes, out var decoded));
        AssertSame(model, decoded);
        Assert.Equal(vector, decoded);
        Assert.Equal(vector.GetHashCode(), decoded.GetHashCode());
        Assert.Equal(bytes, decoded.ToArray());
        for (var length = 0; length < bytes.Length; length++)
            Assert.False(VersionVector.TryDecode(bytes.AsSpan(0, length), out _));
    });

    [Fact]
    public void TryDecode_HostileBytes_NeverThrowsAndGivesOnlyWhatEncodesBack() => Seeds.Run(usualSeed: 1, usualRuns: 3000, static seed =>
    {
        var random = new Random(seed);
        var bytes = Make(random).Vector.ToArray();
        for (var i = random.Next(4); i >= 0; i--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(random.Next(2) == 0 ? 4 : 256);

        if (VersionVector.TryDecode(bytes, out var decoded))
            Assert.Equal(bytes, decoded.ToArray());
    });

    [Fact]
    public void DifferenceTo_AnotherVector_MakesTheOneOfTheOther() => Seeds.Run(usualSeed: 1, usualRuns: 300, static seed =>
    {
        var random = new Random(seed);
        var (mine, theirs) = (Make(random).Vector, Make(random).Vector);
        theirs.Advance(new ReplicaId(4_000_000, 1), 7);
        mine.Advance(new ReplicaId(4_000_001, 1), 8);

        Assert.True(VersionVector.TryDecode(mine.DifferenceTo(theirs).ToArray(), out var difference));

        var made = theirs.With(difference);
        Assert.True(made.Dominates(mine) && mine.Dominates(made));
        Assert.Equal(0UL, made.HighMark(new ReplicaId(4_000_000, 1)));
        Assert.Equal(0, mine.DifferenceTo(mine).Count);
    });

    [Fact]
    public void Clone_ThenChanged_LeavesTheOriginal()
    {
        var vector = new VersionVector();
        vector.TryCover(Replicas[0], 5, 6);

        vector.Clone().Advance(Replicas[0], 9);

        Assert.False(vector.Covers(new VersionId(9, Replicas[0])));
        Assert.Equal(0UL, vector.HighMark(Replicas[0]));
    }

    // R18: at 64 intervals a new one is refused; none is dropped or bridged.
    [Fact]
    public void TryCover_SixtyFifthInterval_IsRefusedAndNothingIsBridged()
    {
        var vector = new VersionVector();
        for (ulong i = 1; i <= 64; i++)
            Assert.True(vector.TryCover(Replicas[0], i * 10, (i * 10) + 2));
        var before = vector.ToString();

        Assert.False(vector.TryCover(Replicas[0], 650, 652));
        Assert.False(vector.TryCover(Replicas[0], 14, 16));

        Assert.Equal(before, vector.ToString());
        Assert.True(vector.TryCover(Replicas[0], 642, 650), "Growing an interval needs no new one.");
        Assert.True(vector.TryCover(Replicas[0], 12, 20), "Melting two into one frees one.");
        Assert.True(vector.TryCover(Replicas[0], 700, 701));
        Assert.False(vector.TryCover(Replicas[0], 800, 801));
        Assert.True(vector.TryCover(Replicas[0], 0, 10));
        Assert.Equal(22UL, vector.HighMark(Replicas[0]));
    }

    [Fact]
    public void Join_MoreThan64Intervals_KeepsWhatItHasAndBridgesNothing()
    {
        var (one, other) = (new VersionVector(), new VersionVector());
        for (ulong i = 1; i <= 64; i++)
        {
            one.TryCover(Replicas[0], i * 10, (i * 10) + 2);
            other.TryCover(Replicas[0], (i * 10) + 5, (i * 10) + 7);
        }

        var joined = Joined(one, other);

        Assert.True(joined.Dominates(one));
        Assert.False(joined.Dominates(other));
        Assert.False(joined.Covers(new VersionId(14, Replicas[0])));
        Assert.True(VersionVector.TryDecode(joined.ToArray(), out _));
    }

    private static VersionVector Joined(VersionVector one, VersionVector other)
    {
        var joined = one.Clone();
        joined.Join(other);
        return joined;
    }

    private static (VersionVector Vector, HashSet<VersionId> Model) Make(Random random)
    {
        var vector = new VersionVector();
        var model = new HashSet<VersionId>();
        for (var i = random.Next(12); i >= 0; i--)
        {
            var replica = Replicas[random.Next(Replicas.Length)];
            var from = random.Next(4) == 0 ? 0 : random.Next(Scalars);
            var to = Math.Min(Scalars, from + random.Next(8));
            if (from == 0)
                vector.Advance(replica, (ulong)to);
            else
                Assert.True(vector.TryCover(replica, (ulong)from, (ulong)to));
            for (var scalar = from + 1; scalar <= to; scalar++)
                model.Add(new VersionId((ulong)scalar, replica));
        }

        return (vector, model);
    }

    private static void AssertSame(HashSet<VersionId> model, VersionVector vector)
    {
        ulong greatest = 0;
        foreach (var replica in Replicas)
        {
            ulong? next = null;
            for (ulong scalar = Scalars + 2; scalar >= 1; scalar--)
            {
                var version = new VersionId(scalar, replica);
                Assert.True(model.Contains(version) == vector.Covers(version), $"{version} in {vector}");
                if (!model.Contains(version))
                    next = scalar;
                else
                    greatest = Math.Max(greatest, scalar);
                Assert.Equal(next, vector.NextUncovered(replica, scalar));
            }

            Assert.Equal(next - 1, vector.HighMark(replica));
        }

        Assert.Equal(greatest, vector.GreatestScalar());
    }
}
