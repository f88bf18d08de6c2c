using Honu.TestKit;

namespace Honu.Tests.Consistency;

public class CausalTokenTests
{
    [Fact]
    public void Parse_OfItsOwnText_GivesAnEqualToken() => Seeds.Run(1, 200, static seed =>
    {
        var token = Any(new Random(seed));

        var again = CausalToken.Parse(token.ToString());

        Assert.Equal(token, again);
        Assert.Equal(token.ToArray(), again.ToArray());
        Assert.Equal(token, CausalToken.Parse(token.ToArray()));
    });

    [Fact]
    public void TryParse_OfChangedBytes_ReturnsFalseAndNeverThrows() => Seeds.Run(1, 500, static seed =>
    {
        var random = new Random(seed);
        var bytes = Any(random).ToArray();
        var changed = random.Next(3) switch
        {
            0 => bytes[..random.Next(bytes.Length)],
            1 => [.. bytes, (byte)random.Next(256)],
            _ => Flip(bytes, random),
        };

        Assert.False(CausalToken.TryParse(changed, out _));
    });

    // Behind a right checksum every field must still be checked: the bytes come from outside.
    [Fact]
    public void TryParse_OfRandomBytesWithARightChecksum_IsCanonicalOrRefused() => Seeds.Run(1, 2_000, static seed =>
    {
        var random = new Random(seed);
        var payload = Any(random).ToArray()[..^4];
        for (var i = random.Next(3); i >= 0; i--)
            payload[random.Next(2, payload.Length)] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next(4);
        byte[] bytes = [.. payload, .. BitConverter.GetBytes(Honu.Format.RecordChecksum.Of(payload))];

        if (CausalToken.TryParse(bytes, out var token))
            Assert.Equal(bytes, token.ToArray());
    });

    [Theory]
    [InlineData("")]
    [InlineData("=")]
    [InlineData("not a token")]
    [InlineData("AAAA")]
    public void Parse_OfNoToken_Throws(string text)
    {
        Assert.False(CausalToken.TryParse(text, out _));
        Assert.Throws<ArgumentException>(() => CausalToken.Parse(text));
    }

    [Fact]
    public void TryParse_OfAVeryLongText_ReturnsFalse() => Assert.False(CausalToken.TryParse(new string('A', 1_000_000), out _));

    [Fact]
    public void Merge_AsksForWhatEitherAsksFor() => Seeds.Run(1, 200, static seed =>
    {
        var random = new Random(seed);
        var (one, other) = (Any(random), Any(random));

        var merged = one.Merge(other);

        Assert.Equal(merged, other.Merge(one));
        Assert.Equal(merged, merged.Merge(one));
        foreach (var part in new[] { one, other })
            Assert.All(part.Needs, need => Assert.True(merged.Needs[need.Key].Dominates(need.Value)));
    });

    [Fact]
    public void Merge_WithTheEmptyOne_ChangesNothing()
    {
        var token = CausalToken.Of("c", "ns", new VersionId(7, new ReplicaId(1, 0)));

        Assert.Same(token, token.Merge(CausalToken.Empty));
        Assert.Same(token, CausalToken.Empty.Merge(token));
        Assert.True(CausalToken.Parse(CausalToken.Empty.ToString()).IsEmpty);
    }

    [Fact]
    public void Merge_OfTwoClusters_Throws()
    {
        var version = new VersionId(7, new ReplicaId(1, 0));

        var error = Assert.Throws<HonuException>(() => CausalToken.Of("blue", "ns", version).Merge(CausalToken.Of("red", "ns", version)));

        Assert.Equal(HonuErrorCode.ClusterMismatch, error.Code);
    }

    [Fact]
    public void Merge_BeyondTheLimit_ThrowsAndLosesNothing()
    {
        var token = CausalToken.Empty;
        var error = Assert.Throws<HonuException>(() =>
        {
            for (var i = 1u; i < 1000; i++)
                token = token.Merge(CausalToken.Of("c", "ns", new VersionId(i, new ReplicaId(i, 0))));
        });

        Assert.Equal(HonuErrorCode.TokenTooLarge, error.Code);
        Assert.InRange(token.ToArray().Length, CausalToken.MaxBytes - 20, CausalToken.MaxBytes);
    }

    [Fact]
    public void Token_Of45WritersInFiveNamespaces_Fits()
    {
        var token = CausalToken.Empty;
        for (var ns = 0; ns < 5; ns++)
        {
            for (var i = 1u; i <= 45; i++)
                token = token.Merge(CausalToken.Of("cluster", "namespace" + ns, new VersionId(StoreLimits.MaxScalar - i, new ReplicaId(i, 9))));
        }

        Assert.InRange(token.ToArray().Length, 1, 2_900);
    }

    [Fact]
    public void For_GivesThePartOfOneNamespace()
    {
        var (a, b) = (CausalToken.Of("c", "a", new VersionId(7, new ReplicaId(1, 0))), CausalToken.Of("c", "b", new VersionId(8, new ReplicaId(1, 0))));

        Assert.Equal(a, a.Merge(b).For("a"));
        Assert.True(a.Merge(b).For("c").IsEmpty);
        Assert.Equal(["a", "b"], a.Merge(b).Namespaces);
    }

    private static CausalToken Any(Random random)
    {
        var token = CausalToken.Empty;
        for (var i = random.Next(1, 12); i > 0; i--)
        {
            var replica = new ReplicaId((uint)random.Next(1, 5), (uint)random.Next(2));
            token = token.Merge(CausalToken.Of("clüster", "ns" + random.Next(4), new VersionId((ulong)random.NextInt64(1, (long)StoreLimits.MaxScalar), replica)));
        }

        return token;
    }

    private static byte[] Flip(byte[] bytes, Random random)
    {
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }
}
