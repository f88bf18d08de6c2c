using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

/// <summary>A value read from a database, in native memory that this struct owns: nothing was copied into managed memory.</summary>
/// <remarks>
/// Dispose it (<c>using var value = database.Get(key)</c>), on the thread that read it; one that is never disposed leaks its memory.
/// It is independent of the database: it stays valid while later writes change the key and when the database is closed.
/// Disposing it twice, or disposing a copy, is harmless.
/// </remarks>
public readonly ref struct LevelValue : IDisposable
{
    private readonly NativeValue? _value;
    private readonly long _generation;

    internal LevelValue(NativeValue value)
    {
        _value = value;
        _generation = value.Generation;
    }

    /// <summary>Whether the key exists. An existing key may have an empty value: that is found, with a <see cref="Span"/> of length 0.</summary>
    public bool Found => _value is not null;

    /// <summary>The bytes; empty when the key was not found. Valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The value was disposed.</exception>
    public ReadOnlySpan<byte> Span => _value is null ? default : _value.Span(_generation);

    /// <summary>Frees the native memory. Spans taken from this value must not be used any more.</summary>
    public void Dispose() => _value?.Free(_generation);
}
