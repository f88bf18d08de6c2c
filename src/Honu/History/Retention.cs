using System.Buffers.Binary;

namespace Honu;

/// <summary>What decides how long an old version is kept.</summary>
public enum RetentionKind : byte
{
    /// <summary>How many versions came after it.</summary>
    Versions = 0,

    /// <summary>How long ago it was replaced.</summary>
    Time = 1,

    /// <summary>Nothing: it is kept for ever.</summary>
    All = 2,
}

/// <summary>How much of an object's past a namespace keeps.</summary>
public readonly record struct Retention
{
    internal const int EncodedBytes = 9;
    private const int MaxVersions = 1_000_000;

    private readonly RetentionKind _kind;

    // A count of versions or a number of ticks; 0 in the default, which has to mean something sensible.
    private readonly long _amount;

    private Retention(RetentionKind kind, long amount)
    {
        _kind = kind;
        _amount = amount;
    }

    /// <summary>Keeps the last <paramref name="count"/> versions of every object with their values, the current one included. Pruning costs nothing: the oldest is overwritten in place.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1, or more than 1,000,000.</exception>
    public static Retention Versions(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxVersions);
        return new Retention(RetentionKind.Versions, count);
    }

    /// <summary>Keeps every version that was current at some moment of the last <paramref name="time"/>. Older ones are removed in the background; needs <see cref="VersionClock.Hybrid"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than a second, or more than 100 years.</exception>
    public static Retention For(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, TimeSpan.FromDays(36500));
        return new Retention(RetentionKind.Time, time.Ticks);
    }

    /// <summary>Keeps every version for ever.</summary>
    public static Retention All => new(RetentionKind.All, 0);

    /// <summary>Keeps the current version and the name of its parent; no older values.</summary>
    public static Retention ParentsOnly => new(RetentionKind.Versions, 1);

    /// <summary>The last 10 versions.</summary>
    public static Retention Default => new(RetentionKind.Versions, 10);

    /// <summary>What decides.</summary>
    public RetentionKind Kind => _kind;

    /// <summary>How many versions are kept at most, the current one included; <see cref="int.MaxValue"/> where their number does not count.</summary>
    public int Count => _kind != RetentionKind.Versions ? int.MaxValue : _amount == 0 ? Default.Count : (int)_amount;

    /// <summary>How long a replaced version is kept; <see cref="TimeSpan.MaxValue"/> where time does not count.</summary>
    public TimeSpan Duration => _kind == RetentionKind.Time ? TimeSpan.FromTicks(_amount) : TimeSpan.MaxValue;

    /// <summary>Whether any value is kept besides the current one.</summary>
    public bool KeepsHistory => Count > 1;

    /// <summary>Whether both keep the same, however they were made.</summary>
    public bool Equals(Retention other) => _kind == other._kind && Count == other.Count && Duration == other.Duration;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_kind, Count, Duration);

    /// <inheritdoc/>
    public override string ToString() => _kind switch
    {
        RetentionKind.All => "all",
        RetentionKind.Time => Duration.ToString("c", System.Globalization.CultureInfo.InvariantCulture),
        _ => KeepsHistory ? Count.ToString(System.Globalization.CultureInfo.InvariantCulture) : "parents",
    };

    internal void Encode(Span<byte> destination)
    {
        destination[0] = (byte)_kind;
        BinaryPrimitives.WriteInt64LittleEndian(destination[1..], _kind == RetentionKind.Versions ? Count : _amount);
    }

    internal static bool TryDecode(ReadOnlySpan<byte> bytes, out Retention retention)
    {
        retention = default;
        if (bytes.Length < EncodedBytes)
            return false;
        var kind = (RetentionKind)bytes[0];
        var amount = BinaryPrimitives.ReadInt64LittleEndian(bytes[1..]);
        var isValid = kind switch
        {
            RetentionKind.Versions => amount is >= 1 and <= MaxVersions,
            RetentionKind.Time => amount >= TimeSpan.TicksPerSecond,
            RetentionKind.All => true,
            _ => false,
        };
        retention = isValid ? new Retention(kind, amount) : default;
        return isValid;
    }
}
