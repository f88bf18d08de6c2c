namespace Honu.Replicating;

/// <summary>Own writes whose records others have replaced, by scalar: the index knows them no more, and a rumor that covers them must carry what took their place (R3).</summary>
/// <remarks>For the committing thread, and for who keeps it from committing. Bounded: what is forgotten raises <see cref="Floor"/>.</remarks>
internal sealed class ReplacedWrites
{
    // Rumors go out many times a second, so hardly any are needed.
    private const int MaxWrites = 1024;

    private readonly SortedDictionary<ulong, byte[]> _keys = [];
    private ulong _forgotten;

    /// <summary>Own writes up to this scalar are not known by their keys any more: no rumor may cover them.</summary>
    public ulong Floor { get; private set; }

    /// <summary>The record of an own write was replaced by somebody else's.</summary>
    public void Add(ulong scalar, ReadOnlySpan<byte> key)
    {
        if (scalar <= _forgotten)
            return;
        if (_keys.Count >= MaxWrites)
        {
            var oldest = _keys.First().Key;
            _keys.Remove(oldest);
            Lose(oldest);
        }

        _keys[scalar] = key.ToArray();
    }

    /// <summary>The record of an own write went, and nothing took its place.</summary>
    public void Lose(ulong scalar) => Floor = Math.Max(Floor, scalar);

    /// <summary>Own writes up to a scalar are asked for no more.</summary>
    public void Forget(ulong scalar)
    {
        _forgotten = Math.Max(_forgotten, scalar);
        while (_keys.Count > 0 && _keys.First().Key is var oldest && oldest <= scalar)
            _keys.Remove(oldest);
    }

    /// <summary>What is known of own writes after a scalar.</summary>
    public IEnumerable<KeyValuePair<ulong, byte[]>> After(ulong scalar) => _keys.Where(known => known.Key > scalar);
}
