using System.Text.Json;
using Honu.Compatibility;

namespace Honu.Tests.Compatibility;

public class GoVersionRulesTests
{
    [Fact]
    public void Compare_EveryPairOfTheOriginal_GivesItsAnswers()
    {
        var pairs = GoFixtures.Load("version_pairs.json").EnumerateArray().ToList();

        foreach (var pair in pairs)
        {
            var a = GoFixtures.Version(pair.GetProperty("a"));
            var b = GoFixtures.Version(pair.GetProperty("b"));
            AssertZero(pair.GetProperty("aIsZero"), a);
            AssertZero(pair.GetProperty("bIsZero"), b);
            AssertAnswers(pair.GetProperty("ab"), a, b, pair);
            AssertAnswers(pair.GetProperty("ba"), b, a, pair);
        }

        Assert.Equal(224, pairs.Count);
    }

    [Fact]
    public void Compare_MissingVersions_CountAsZero()
    {
        Assert.True(GoVersionRules.IsZero(null));
        Assert.True(GoVersionRules.Equal(null, new GoVersion()));
        Assert.False(GoVersionRules.IsLater(null, null));
        Assert.True(GoVersionRules.LinearFrom(null, null));
    }

    [Fact]
    public void Concurrent_SameVersionDifferentRegionOrTombstone_IsFalse()
    {
        var live = new GoVersion { Pid = 8, Version = 3, Region = "us" };
        var deleted = new GoVersion { Pid = 8, Version = 3, Region = "eu", Tombstone = true };

        var concurrent = GoVersionRules.Concurrent(live, deleted);

        Assert.False(concurrent);
        Assert.True(GoVersionRules.Equal(live, deleted));
    }

    private static void AssertZero(JsonElement expected, GoVersion? version)
    {
        if (expected.ValueKind != JsonValueKind.Null)
            Assert.Equal(expected.GetBoolean(), GoVersionRules.IsZero(version));
    }

    private static void AssertAnswers(JsonElement expected, GoVersion? version, GoVersion? other, JsonElement pair)
    {
        if (expected.ValueKind == JsonValueKind.Null)
            return;
        bool Expected(string name) => expected.GetProperty(name).GetBoolean();
        var wanted = (Expected("isLater"), Expected("equal"), Expected("concurrent"), Expected("linearFrom"), Expected("stomps"), Expected("skips"));
        var found = (GoVersionRules.IsLater(version, other), GoVersionRules.Equal(version, other), GoVersionRules.Concurrent(version, other),
            GoVersionRules.LinearFrom(version, other), GoVersionRules.Stomps(version, other), GoVersionRules.Skips(version, other));
        Assert.True(wanted == found, $"expected {wanted}, found {found} for {pair}");
    }
}
