using Honu.TestKit;

namespace Honu.Tests.Kit;

public class GuardAndSeedTests
{
    [Fact]
    public async Task Within_TaskThatNeverEnds_NamesWhatWasAwaited()
    {
        var neverSent = new TaskCompletionSource();

        var error = await Assert.ThrowsAsync<TimeoutException>(() => Guard.Within(neverSent.Task, TimeSpan.FromMilliseconds(1)));

        Assert.Contains("neverSent.Task", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Within_TaskThatFails_GivesItsOwnError()
    {
        var failed = Task.FromException<int>(new TimeoutException("its own"));

        var error = await Assert.ThrowsAsync<TimeoutException>(() => Guard.Within(failed));

        Assert.Equal("its own", error.Message);
    }

    [Fact]
    public void Run_BodyThatFails_NamesTheSeed()
    {
        var error = Assert.Throws<SeededTestException>(() => Seeds.Run(100, 5, _ => Assert.Fail("too large")));

        Assert.Contains($"HONU_SEED={error.Seed}", error.Message, StringComparison.Ordinal);
        Assert.Contains("too large", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ByteGenerator_SameSeed_GivesTheSameBytes()
    {
        var seed = Seeds.Of(3);
        byte[][] Take(ByteGenerator bytes) => [.. Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? bytes.Key() : bytes.Value())];

        Assert.Equal(Take(new ByteGenerator(seed)), Take(new ByteGenerator(seed)));
    }

    [Fact]
    public void ByteGenerator_ManyKeys_ReachesTheAwkwardOnes()
    {
        var bytes = new ByteGenerator(5);

        var keys = Enumerable.Range(0, 2000).Select(_ => bytes.Key()).ToList();
        var values = Enumerable.Range(0, 200).Select(_ => bytes.Value()).ToList();

        Assert.All(keys, key => Assert.InRange(key.Length, 1, 24));
        Assert.Contains(keys, key => key is [0x00]);
        Assert.Contains(keys, key => key is [0xFF, ..] && key.All(b => b == 0xFF));
        Assert.Contains(keys, key => keys.Exists(other => other.Length > key.Length && other.AsSpan().StartsWith(key)));
        Assert.True(keys.Count > keys.Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count() * 3 / 2);
        Assert.Contains(values, value => value.Length == 0);
        Assert.Equal(1 << 20, bytes.LargeValue().Length);
    }
}
