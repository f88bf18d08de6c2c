using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Honu.Interop;

namespace Honu.Lookup;

/// <summary>What a local write needs to know of the version before it.</summary>
/// <param name="Version">The current version.</param>
/// <param name="HistorySequence">The last history sequence used for the key; 0 when it never had history.</param>
/// <param name="IsTombstone">Whether it is a deletion.</param>
/// <param name="Checksum">The checksum of its record, for the digest.</param>
internal readonly record struct Head(VersionId Version, ulong HistorySequence, bool IsTombstone, uint Checksum);

/// <summary>The current versions of keys that were written lately, so that an overwrite need not read.</summary>
/// <remarks>
/// Sets of eight: the tags of a set fill half a cache line, an entry fills one. A tag only says where to look; the key itself is
/// compared, or both 64-bit keyed hashes of one that is too long to be kept. Holds only heads whose whole past is of their own replica:
/// then the parent is the whole context and the replica is the creator. Used by the committing thread only.
/// </remarks>
internal sealed class HeadCache : IDisposable
{
    private const int Ways = 8;
    private const int InlineKeyBytes = 32;

    private readonly KeyHash _hash;
    private readonly int _length;
    private readonly NativeTable<uint> _tags;
    private readonly NativeTable<Entry> _entries;

    /// <param name="hash">The store's hash.</param>
    /// <param name="maxEntries">Most heads; 0 switches the cache off.</param>
    public HeadCache(KeyHash hash, int maxEntries)
    {
        _hash = hash;
        _length = (maxEntries + Ways - 1) / Ways * Ways;
        _tags = new NativeTable<uint>(_length);
        _entries = new NativeTable<Entry>(_length);
    }

    /// <summary>Bytes of an entry: one cache line.</summary>
    public static int EntryBytes => Unsafe.SizeOf<Entry>();

    /// <summary>Memory of the tables in bytes.</summary>
    public long Bytes => (long)_length * (sizeof(uint) + EntryBytes);

    /// <summary>Asks for the lines where a key's head probably is, ahead of <see cref="TryFind"/>. Called from any thread, also after the disposal of the store has begun.</summary>
    public void Prefetch(ulong hash)
    {
        var start = SetOf(hash);
        _tags.Prefetch(start);
        _entries.Prefetch(start + HomeOf(hash));
    }

    /// <summary>Looks a key up by its <see cref="KeyHash.Of"/>.</summary>
    /// <param name="hash">The hash of the key.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="head">What is known of it.</param>
    /// <param name="at">Where it is, for <see cref="Set"/>; negative when it is not known.</param>
    public bool TryFind(ulong hash, ushort ns, ReadOnlySpan<byte> key, out Head head, out int at)
    {
        at = Find(hash, ns, key);
        if (at < 0)
        {
            head = default;
            return false;
        }

        ref var entry = ref _entries[at];
        head = new Head(new VersionId(entry.Scalar, ReplicaId.FromUInt64(entry.Replica)), entry.Sequence, entry.IsTombstone, entry.Checksum);
        return true;
    }

    /// <summary>Remembers the head of a key, in place of what was known of it: at the place that <see cref="TryFind"/> has just told.</summary>
    public void Set(int at, ulong hash, ushort ns, ReadOnlySpan<byte> key, in Head head)
    {
        if (_length == 0)
            return;
        if (at < 0)
        {
            at = Place(hash);
            Fill(ref _entries[at], hash, ns, key);
        }

        ref var entry = ref _entries[at];
        entry.Scalar = head.Version.Scalar;
        entry.Replica = head.Version.Replica.ToUInt64();
        entry.Sequence = head.HistorySequence;
        entry.IsTombstone = head.IsTombstone;
        entry.Checksum = head.Checksum;
    }

    /// <summary>Forgets a key.</summary>
    public void Remove(ulong hash, ushort ns, ReadOnlySpan<byte> key)
    {
        var at = Find(hash, ns, key);
        if (at >= 0)
            _tags[at] = 0;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => _tags.Slice(0, _length).Clear();

    public void Dispose()
    {
        _tags.Dispose();
        _entries.Dispose();
    }

    private int Find(ulong hash, ushort ns, ReadOnlySpan<byte> key)
    {
        if (_length == 0)
            return -1;
        var tag = TagOf(hash);
        var start = SetOf(hash);
        var tags = _tags.Slice(start, Ways);
        for (var way = 0; way < Ways; way++)
        {
            if (tags[way] == tag && IsKey(ref _entries[start + way], hash, ns, key))
                return start + way;
        }

        return -1;
    }

    private bool IsKey(ref Entry entry, ulong hash, ushort ns, ReadOnlySpan<byte> key)
    {
        if (entry.Namespace != ns || entry.KeyLength != key.Length)
            return false;
        Span<byte> kept = entry.Key;
        return key.Length <= InlineKeyBytes
            ? key.SequenceEqual(kept[..key.Length])
            : MemoryMarshal.Read<ulong>(kept) == hash && MemoryMarshal.Read<ulong>(kept[8..]) == _hash.SecondOf(ns, key);
    }

    private void Fill(ref Entry entry, ulong hash, ushort ns, ReadOnlySpan<byte> key)
    {
        entry.Namespace = ns;
        entry.KeyLength = (ushort)key.Length;
        Span<byte> kept = entry.Key;
        if (key.Length <= InlineKeyBytes)
        {
            key.CopyTo(kept);
            return;
        }

        MemoryMarshal.Write(kept, hash);
        MemoryMarshal.Write(kept[8..], _hash.SecondOf(ns, key));
    }

    // Its home if that is free, because it was prefetched; else another free way; else its home all the same: whom it drives out hardly matters.
    private int Place(ulong hash)
    {
        var start = SetOf(hash);
        var way = HomeOf(hash);
        if (_tags[start + way] != 0)
        {
            var free = _tags.Slice(start, Ways).IndexOf(0u);
            way = free < 0 ? way : free;
        }

        _tags[start + way] = TagOf(hash);
        return start + way;
    }

    private static int HomeOf(ulong hash) => (int)(hash >> 8) & (Ways - 1);

    private int SetOf(ulong hash) => (int)(((hash >> 32) * (ulong)(_length / Ways)) >> 32) * Ways;

    // Zero marks a free way.
    private static uint TagOf(ulong hash) => (uint)hash | 1;

    [InlineArray(InlineKeyBytes)]
    private struct KeyBytes
    {
        private byte _first;
    }

    // 64 bytes, one cache line. A key has at most 4,096 bytes, which leaves the top bit of its length free.
    private struct Entry
    {
        private const ushort TombstoneBit = 0x8000;

        public ulong Scalar;
        public ulong Replica;
        public ulong Sequence;
        public uint Checksum;
        public ushort Namespace;
        public KeyBytes Key;
        private ushort _length;

        public ushort KeyLength
        {
            readonly get => (ushort)(_length & ~TombstoneBit);
            set => _length = value;
        }

        public bool IsTombstone
        {
            readonly get => (_length & TombstoneBit) != 0;
            set => _length = (ushort)(value ? _length | TombstoneBit : _length & ~TombstoneBit);
        }
    }
}
