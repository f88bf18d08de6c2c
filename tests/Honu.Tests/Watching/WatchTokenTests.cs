using Honu.TestKit;
using Honu.Tests.Store;

namespace Honu.Tests.Watching;

public sealed class WatchTokenTests
{
    [Fact]
    public void Parse_EveryChangedOrMissingCharacter_IsRefused()
    {
        using var open = new OpenStore();
        open.Store.Namespace("s").Put("a"u8, "1"u8);
        var text = open.Store.Namespace("s").GetWatchToken().ToString();
        Assert.Equal(text, WatchToken.Parse(text).ToString());

        for (var i = 0; i < text.Length; i++)
        {
            var changed = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
            Assert.False(WatchToken.TryParse(changed, out _), changed);
            Assert.False(WatchToken.TryParse(text[..i], out _), text[..i]);
        }

        Assert.Contains("no watch token", Assert.Throws<ArgumentException>(() => WatchToken.Parse("not a token")).Message, StringComparison.Ordinal);
        Assert.False(WatchToken.TryParse(null, out _));
    }

    /// <summary>A token comes from outside: whatever its bytes, reading it ends with yes or no.</summary>
    [Fact]
    public void TryParse_RandomBytesWithARightChecksum_NeverThrows() => Seeds.Run(usualSeed: 1, usualRuns: 2_000, static seed =>
    {
        var bytes = new ByteGenerator(seed);
        var payload = bytes.Bytes(50 + bytes.Random.Next(120));
        payload[0] = 1;
        payload[49] = (byte)bytes.Random.Next(2);
        payload.AsSpan(41, 8).Clear();
        if (payload.Length > 54)
            payload.AsSpan(51, 3).Clear();
        var checksum = BitConverter.GetBytes(Honu.Format.RecordChecksum.Of(payload));

        if (WatchToken.TryParse(System.Buffers.Text.Base64Url.EncodeToString([.. payload, .. checksum]), out var token))
            Assert.True(WatchToken.TryParse(token.ToString(), out _));
    });

    /// <summary>A vector says what is held or superseded, and after a drop neither is true: what comes back from a peer must be told.</summary>
    [Fact]
    public async Task Watch_TokenTakenAfterADrop_TellsWhatComesBack()
    {
        using var store = HonuStore.OpenInMemory(new() { Pid = 1 });
        using var peer = HonuStore.OpenInMemory(new() { Pid = 2 });
        peer.Namespace("a").Put("k"u8, "v"u8);
        Replicated.Pull(store, peer);
        await using var watching = store.WatchAsync().GetAsyncEnumerator();
        var next = watching.MoveNextAsync();

        store.DropNamespace("a");
        store.Put("other"u8, "v"u8);
        await Guard.Within(next);
        var token = store.GetWatchToken();
        Replicated.Pull(store, peer);

        var keys = new List<string>();
        await foreach (var change in store.WatchAsync(new WatchOptions { Token = token, EndWhenCaughtUp = true }))
            keys.Add(System.Text.Encoding.UTF8.GetString(change.Key.Span));
        Assert.Equal(["k"], keys);
    }

    [Fact]
    public void Watch_TokenOfAnotherStore_IsRefusedWithBothNames()
    {
        using var one = new OpenStore();
        using var other = new OpenStore();

        var error = Assert.Throws<ArgumentException>(() => other.Store.WatchAsync(new WatchOptions { Token = one.Store.GetWatchToken() }));

        Assert.Contains(one.Store.Identity.StoreId.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains(other.Store.Identity.StoreId.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Watch_TokenThatSaysNothingOfANamespace_IsRefused()
    {
        using var open = new OpenStore();
        var token = open.Store.Namespace("a").GetWatchToken();

        Assert.Throws<ArgumentException>(() => open.Store.WatchAsync(new WatchOptions { Token = token }));
        Assert.Throws<ArgumentException>(() => open.Store.Namespace("b").WatchAsync(new WatchOptions { Token = token }));
        open.Store.Namespace("a").WatchAsync(new WatchOptions { Token = token });
        open.Store.Namespace("a").WatchAsync(new WatchOptions { Token = open.Store.GetWatchToken() });
    }

    [Fact]
    public void Watch_OptionsOutOfRange_AreRefused()
    {
        using var open = new OpenStore();
        var token = open.Store.GetWatchToken();

        WatchOptions[] wrong =
        [
            new() { Token = token, FromStart = true },
            new() { MaxBufferedChanges = 0 },
            new() { MaxBufferedBytes = 0 },
            new() { Namespaces = [] },
            new() { Namespaces = [""] },
            new() { Prefix = new byte[StoreLimits.MaxKeyBytes + 1] },
        ];

        Assert.All(wrong, options => Assert.Throws<ArgumentException>(() => open.Store.WatchAsync(options)));
        Assert.Throws<ArgumentException>(() => open.Store.Namespace("a").WatchAsync(new WatchOptions { Namespaces = ["a"] }));
        using var snapshot = open.Store.CreateSnapshot();
        Assert.Throws<InvalidOperationException>(() => snapshot.Namespace("a").WatchAsync());
        Assert.Throws<InvalidOperationException>(() => snapshot.Namespace("a").GetWatchToken());
    }

    [Fact]
    public void ToString_ManyNamespacesOfOneWriter_StaysShort()
    {
        using var open = new OpenStore();
        for (var i = 0; i < 200; i++)
            open.Store.Namespace($"namespace-{i}").Put("a"u8, "1"u8);

        Assert.True(open.Store.GetWatchToken().ToString().Length < 120);
    }
}
