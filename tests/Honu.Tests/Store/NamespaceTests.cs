namespace Honu.Tests.Store;

public class NamespaceTests
{
    public static TheoryData<string> Legal => new("default", "people", "people::x", "a\0b", "\0", "🐢", "é", " ", "a/../b", new string('n', 255), string.Concat(Enumerable.Repeat("é", 127)));

    public static TheoryData<string> Illegal => new("", new string('n', 256), string.Concat(Enumerable.Repeat("é", 128)));

    [Theory]
    [MemberData(nameof(Legal))]
    public void Namespace_LegalName_KeepsItsObjectsOverAReopen(string name)
    {
        using var open = new OpenStore(inMemory: false);
        open.Store.Namespace(name).Put("key"u8, "value"u8);

        var store = open.Reopen();

        Assert.Equal("value"u8.ToArray(), store.Namespace(name).Get("key"u8));
        Assert.Equal([name], store.Namespaces);
    }

    [Theory]
    [MemberData(nameof(Illegal))]
    public void Namespace_IllegalName_IsAnArgumentError(string name)
    {
        using var open = new OpenStore();

        Assert.ThrowsAny<ArgumentException>(() => open.Store.Namespace(name).Put("key"u8, "value"u8));
        Assert.ThrowsAny<ArgumentException>(() =>
        {
            var batch = new HonuWriteBatch();
            batch.Put(name, "key"u8, "value"u8);
            open.Store.Write(batch);
        });

        Assert.Empty(open.Store.Namespaces);
    }

    /// <summary>Not a theory: the runner replaces half a surrogate pair when it hands data over.</summary>
    [Fact]
    public void Namespace_HalfOfASurrogatePair_IsAnArgumentError()
    {
        using var open = new OpenStore();

        Assert.ThrowsAny<ArgumentException>(() => open.Store.Namespace("half \uD83D"));
        Assert.ThrowsAny<ArgumentException>(() => open.Store.Namespace("\uDC22 half"));
        Assert.ThrowsAny<ArgumentException>(() => new HonuWriteBatch().Put("half \uD83D", "key"u8, "value"u8));
    }

    /// <summary>In the Go original these two are one record.</summary>
    [Theory]
    [InlineData("people", "x::1", "people::x", "1")]
    [InlineData("people", "::x", "people::", "x")]
    [InlineData("a", "\0b", "a\0", "b")]
    public void Put_NamesThatJoinToTheSameText_AreDifferentObjects(string firstSpace, string firstKey, string secondSpace, string secondKey)
    {
        using var open = new OpenStore();
        var first = open.Store.Namespace(firstSpace);
        var second = open.Store.Namespace(secondSpace);

        first.Put(System.Text.Encoding.UTF8.GetBytes(firstKey), "first"u8);
        second.Put(System.Text.Encoding.UTF8.GetBytes(secondKey), "second"u8);

        Assert.Equal("first"u8.ToArray(), first.Get(System.Text.Encoding.UTF8.GetBytes(firstKey)));
        Assert.Equal("second"u8.ToArray(), second.Get(System.Text.Encoding.UTF8.GetBytes(secondKey)));
        Assert.Null(first.Get(System.Text.Encoding.UTF8.GetBytes(secondKey)));
    }

    [Fact]
    public void Namespace_NamesThatDifferOnlyInNormalization_AreDifferent()
    {
        using var open = new OpenStore();

        open.Store.Namespace("\u00E9").Put("key"u8, "one code point"u8);

        Assert.Null(open.Store.Namespace("e\u0301").Get("key"u8));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Namespace_ReadsAndFailedWrites_CreateNothing(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var space = open.Store.Namespace("ghost");

        Assert.Null(space.Get("key"u8));
        Assert.Empty(space.History("key"u8));
        Assert.False(space.Delete("key"u8));
        Assert.False(space.TryPut("key"u8, "v"u8, new VersionId(1, new ReplicaId(1, 0)), out var current));

        Assert.True(current.IsNone);
        Assert.Empty(open.Store.Namespaces);
    }

    /// <summary>A namespace that a refused write was the first to name must still be written down when a later write really creates it.</summary>
    [Fact]
    public void Put_AfterARefusedWriteToTheSameNewNamespace_SurvivesAReopen()
    {
        using var open = new OpenStore(inMemory: false);
        var space = open.Store.Namespace("new");
        space.Delete("key"u8);
        space.TryPut("key"u8, "v"u8, new VersionId(1, new ReplicaId(1, 0)), out _);
        space.Put("key"u8, "value"u8);

        var store = open.Reopen();

        Assert.Equal("value"u8.ToArray(), store.Namespace("new").Get("key"u8));
        Assert.Equal(["new"], store.Namespaces);
    }

    [Fact]
    public void Namespaces_SeveralNames_AreInOrderOfTheirUtf8()
    {
        using var open = new OpenStore();
        string[] names = ["\uFFFD", "🐢", "b", "a::", "a", "é"];

        foreach (var name in names)
            open.Store.Namespace(name).Put("key"u8, "v"u8);

        // UTF-16 would put the turtle, a surrogate pair, before U+FFFD.
        Assert.Equal(["a", "a::", "b", "é", "\uFFFD", "🐢"], open.Store.Namespaces);
    }

    [Fact]
    public void Namespaces_OnlyTombstonesLeft_StillNamesIt()
    {
        using var open = new OpenStore();
        open.Store.Namespace("n").Put("key"u8, "v"u8);

        open.Store.Namespace("n").Delete("key"u8);

        Assert.Equal(["n"], open.Store.Namespaces);
    }

    [Fact]
    public void Default_StoreAndItsNamespace_AreTheSame()
    {
        using var open = new OpenStore();

        open.Store.Put("key"u8, "value"u8);

        Assert.Equal("value"u8.ToArray(), open.Store.Namespace(HonuStore.DefaultNamespace).Get("key"u8));
    }
}
