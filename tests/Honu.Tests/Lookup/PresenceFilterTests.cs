using Honu.Lookup;

namespace Honu.Tests.Lookup;

public sealed class PresenceFilterTests
{
    private static readonly KeyHash Hash = new(Enumerable.Range(1, 32).Select(static i => (byte)(i * 7)).ToArray());

    [Fact]
    public void MayContain_AddedKeys_AlwaysAndOthersRarely()
    {
        const int keys = 20_000;
        var filter = new PresenceFilter(keys, bitsPerKey: 12);
        for (var i = 0; i < keys; i++)
            filter.Add(Hash.Of(0, BitConverter.GetBytes(i)));

        for (var i = 0; i < keys; i++)
            Assert.True(filter.MayContain(Hash.Of(0, BitConverter.GetBytes(i))));
        var wrong = Enumerable.Range(keys, 100_000).Count(i => filter.MayContain(Hash.Of(0, BitConverter.GetBytes(i))));

        // 0.5 % is what the documentation says; twice that would be a broken hash.
        Assert.InRange(wrong, 0, 1000);
        Assert.Equal(keys, filter.Count);
    }

    [Fact]
    public void Of_OtherNamespaceOrLength_GivesAnotherHash()
    {
        var key = new byte[40];
        var hashes = Enumerable.Range(0, 41).Select(length => Hash.Of(0, key.AsSpan(0, length)))
            .Concat(Enumerable.Range(1, 100).Select(ns => Hash.Of((ushort)ns, key)))
            .Concat(Enumerable.Range(0, 40).Select(length => Hash.SecondOf(0, key.AsSpan(0, length))))
            .ToList();

        Assert.Equal(hashes.Count, hashes.Distinct().Count());
    }

    [Fact]
    public void FilterFile_WrittenAndTaken_OnceAndOnlyWithItsNonce()
    {
        using var directory = new Honu.TestKit.TestDirectory();
        var filter = new PresenceFilter(100, 12);
        filter.Add(42);
        byte[] nonce = [.. Enumerable.Range(0, 16).Select(static i => (byte)i)];
        var secrets = new byte[KeyHash.SecretBytes];
        secrets[3] = 9;

        Assert.True(FilterFile.TryWrite(directory.Path, nonce, secrets, filter));
        Assert.True(FilterFile.TryTake(directory.Path, nonce, out var takenSecrets, out var taken));
        Assert.Equal(secrets, takenSecrets);
        Assert.Equal(filter.Words.ToArray(), taken!.Words.ToArray());
        Assert.Equal((filter.Capacity, filter.Count), (taken.Capacity, taken.Count));
        Assert.False(FilterFile.TryTake(directory.Path, nonce, out _, out _));

        FilterFile.TryWrite(directory.Path, nonce, secrets, filter);
        Assert.False(FilterFile.TryTake(directory.Path, new byte[16], out _, out _));
        Assert.Empty(Directory.EnumerateFiles(directory.Path));
    }

    [Fact]
    public void FilterFile_AnyByteChangedOrCut_IsPassedOver()
    {
        using var directory = new Honu.TestKit.TestDirectory();
        var nonce = new byte[16];
        FilterFile.TryWrite(directory.Path, nonce, new byte[KeyHash.SecretBytes], new PresenceFilter(20, 12));
        var path = Directory.EnumerateFiles(directory.Path).Single();
        var bytes = File.ReadAllBytes(path);

        for (var i = 0; i < bytes.Length; i++)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[i] ^= 0x10;
            File.WriteAllBytes(path, damaged);
            Assert.False(FilterFile.TryTake(directory.Path, nonce, out _, out _));
            File.WriteAllBytes(path, bytes[..i]);
            Assert.False(FilterFile.TryTake(directory.Path, nonce, out _, out _));
        }
    }
}
