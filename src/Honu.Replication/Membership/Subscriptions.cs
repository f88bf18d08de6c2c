using System.Text;

namespace Honu.Replication;

/// <summary>The subscriptions of this replica, kept in the store, and what remains to be dropped of those that were given up.</summary>
/// <remarks>
/// The options say what to begin with. What was changed while the replica ran counts from then on, also after a restart with the same
/// options; other options count anew. Not thread-safe.
/// </remarks>
internal sealed class Subscriptions
{
    private const string RowName = "subscriptions";
    private const byte Layout = 1;

    private readonly ReplicationPort _store;
    private readonly SubscriptionList _configured;
    private SubscriptionList? _dropping;

    public Subscriptions(ReplicationPort store, IReadOnlyList<string> configured)
    {
        _store = store;
        _configured = configured.Count == 0 ? SubscriptionList.Everything : SubscriptionList.Create(configured);
        List = _configured;
        if (store.LoadState(RowName) is not { } row || Decode(row) is not { } kept)
            return;
        if (kept.Configured.Patterns.SequenceEqual(_configured.Patterns, StringComparer.Ordinal))
            List = kept.List;
        _dropping = kept.Dropping;
    }

    /// <summary>What is wanted now.</summary>
    public SubscriptionList List { get; private set; }

    /// <summary>Adds a pattern, durably.</summary>
    /// <returns><see langword="false"/> when it is there already.</returns>
    /// <exception cref="ArgumentException">The pattern has a wrong length, or there are too many.</exception>
    public bool Add(string pattern)
    {
        if (List.Patterns.Contains(pattern, StringComparer.Ordinal))
            return false;
        FinishDrop();
        Change(List.With(pattern), dropping: null);
        return true;
    }

    /// <summary>Gives a pattern up, durably. What it alone wanted stays as it is, or, with <paramref name="drop"/>, goes with <see cref="FinishDrop"/>.</summary>
    /// <returns>The namespaces that are not wanted any more; <see langword="null"/> when there is no such pattern.</returns>
    public IReadOnlyList<string>? Remove(string pattern, bool drop)
    {
        if (!List.Patterns.Contains(pattern, StringComparer.Ordinal))
            return null;
        FinishDrop();
        var before = List;
        Change(List.Without(pattern), drop ? before : null);
        return [.. _store.Namespaces.Where(ns => before.Wants(ns) && !List.Wants(ns))];
    }

    /// <summary>Drops what was decided to be dropped: after <see cref="Remove"/>, and at the start after a kill in between.</summary>
    /// <returns>The namespaces that are gone.</returns>
    public IReadOnlyList<string> FinishDrop()
    {
        if (_dropping is not { } dropping)
            return [];
        string[] gone = [.. _store.Namespaces.Where(ns => dropping.Wants(ns) && !List.Wants(ns))];
        foreach (var ns in gone)
            _store.DropNamespace(ns);
        Change(List, dropping: null);
        return gone;
    }

    // First on disk: what a restart does not know of must not have stopped or begun anything.
    private void Change(SubscriptionList list, SubscriptionList? dropping)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Layout);
        Write(writer, _configured);
        Write(writer, list);
        writer.Write(dropping is not null);
        if (dropping is not null)
            Write(writer, dropping);
        _store.SaveState(RowName, bytes.ToArray(), sync: true);
        List = list;
        _dropping = dropping;
    }

    private static void Write(BinaryWriter writer, SubscriptionList list)
    {
        writer.Write((ushort)list.Patterns.Count);
        foreach (var name in list.Patterns)
            writer.Write(name);
    }

    private static (SubscriptionList Configured, SubscriptionList List, SubscriptionList? Dropping)? Decode(byte[] row)
    {
        using var reader = new BinaryReader(new MemoryStream(row), Encoding.UTF8);
        return reader.ReadByte() == Layout ? (Read(reader), Read(reader), reader.ReadBoolean() ? Read(reader) : null) : null;
    }

    private static SubscriptionList Read(BinaryReader reader)
    {
        var names = new string[reader.ReadUInt16()];
        for (var i = 0; i < names.Length; i++)
            names[i] = reader.ReadString();
        return SubscriptionList.Create(names);
    }
}
