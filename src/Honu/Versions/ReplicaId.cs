using System.Globalization;

namespace Honu;

/// <summary>Names one writer of versions: a process id that is unique in the cluster, and an epoch that changes whenever the store may have lost its memory of what it wrote.</summary>
/// <param name="Pid">The replica's number, given by the user or drawn at random when the store was created.</param>
/// <param name="Epoch">0 at first; a fresh value after a restored backup, a copied directory or an unclean stop with power loss.</param>
/// <remarks>The order (pid, then epoch) decides between versions of equal scalar: the lower one wins.</remarks>
public readonly record struct ReplicaId(uint Pid, uint Epoch) : IComparable<ReplicaId>
{
    /// <summary>The form that stands on disk and on the wire: pid in the upper, epoch in the lower 32 bits.</summary>
    public ulong ToUInt64() => ((ulong)Pid << 32) | Epoch;

    /// <summary>The inverse of <see cref="ToUInt64"/>.</summary>
    public static ReplicaId FromUInt64(ulong value) => new((uint)(value >> 32), (uint)value);

    /// <inheritdoc/>
    public int CompareTo(ReplicaId other) => ToUInt64().CompareTo(other.ToUInt64());

    /// <summary>Formats as <c>pid.epoch</c>, for example <c>3.0</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Pid}.{Epoch}");

    /// <summary>Reads <c>pid.epoch</c>; a bare <c>pid</c> means epoch 0.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ReplicaId replica)
    {
        replica = default;
        var dot = text.IndexOf('.');
        var pidText = dot < 0 ? text : text[..dot];
        uint epoch = 0;
        if (!uint.TryParse(pidText, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            || (dot >= 0 && !uint.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out epoch)))
            return false;
        replica = new ReplicaId(pid, epoch);
        return true;
    }
}
