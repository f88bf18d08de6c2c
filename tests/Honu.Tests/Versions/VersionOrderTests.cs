namespace Honu.Tests.Versions;

public class VersionOrderTests
{
    [Fact]
    public void Compare_AllTriples_IsATotalOrder()
    {
        VersionId[] versions =
        [
            .. from scalar in new[] { 1UL, 2UL, StoreLimits.MaxScalar }
               from pid in new[] { 0u, 1u, uint.MaxValue }
               from epoch in new[] { 0u, 1u, uint.MaxValue }
               select new VersionId(scalar, new ReplicaId(pid, epoch)),
        ];
        foreach (var a in versions)
        {
            foreach (var b in versions)
            {
                Assert.Equal(a == b, VersionOrder.Compare(a, b) == 0);
                Assert.Equal(Math.Sign(VersionOrder.Compare(a, b)), -Math.Sign(VersionOrder.Compare(b, a)));
                Assert.Equal(VersionOrder.Compare(a, b) > 0, VersionOrder.Wins(a, b));
                foreach (var c in versions.Where(c => VersionOrder.Wins(a, b) && VersionOrder.Wins(b, c)))
                    Assert.True(VersionOrder.Wins(a, c));
            }
        }
    }

    [Theory]
    [InlineData("2@9.9", "1@1.0")]
    [InlineData("5@1.9", "5@2.0")]
    [InlineData("5@1.0", "5@1.1")]
    public void Wins_LaterScalarThenLowerPidThenLowerEpoch(string winner, string loser)
    {
        Assert.True(VersionId.TryParse(winner, out var one));
        Assert.True(VersionId.TryParse(loser, out var other));

        Assert.True(VersionOrder.Wins(one, other));
        Assert.False(VersionOrder.Wins(other, one));
    }

    [Theory]
    [InlineData("7@3.2", 7, 3, 2)]
    [InlineData("7@3", 7, 3, 0)]
    [InlineData("9223372036854775807@4294967295.4294967295", 9223372036854775807, uint.MaxValue, uint.MaxValue)]
    public void TryParse_Version_RoundTrips(string text, ulong scalar, uint pid, uint epoch)
    {
        Assert.True(VersionId.TryParse(text, out var version));

        Assert.Equal(new VersionId(scalar, new ReplicaId(pid, epoch)), version);
        Assert.True(VersionId.TryParse(version.ToString(), out var again) && again == version);
        Assert.Equal(version.Replica, ReplicaId.FromUInt64(version.Replica.ToUInt64()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("@3")]
    [InlineData("0@3")]
    [InlineData("-1@3")]
    [InlineData("7@")]
    [InlineData("7@3.")]
    [InlineData("7@3.2.1")]
    [InlineData("7@4294967296")]
    [InlineData(" 7@3")]
    public void TryParse_AnythingElse_IsNoVersion(string text) => Assert.False(VersionId.TryParse(text, out _));
}
