using Honu.LevelDb;

namespace Honu.Engines;

/// <summary>A value that was looked up, seen where the engine keeps it. Valid until disposed.</summary>
public readonly ref struct EngineValue : IDisposable
{
    // The default engine's value is held directly, so that a read through the seam allocates nothing.
    private readonly LevelValue _native;
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly IDisposable? _owner;

    /// <summary>A value whose bytes stay valid until <paramref name="owner"/> is disposed (or as long as the array lives).</summary>
    public EngineValue(ReadOnlySpan<byte> bytes, IDisposable? owner = null)
    {
        _bytes = bytes;
        _owner = owner;
        Found = true;
    }

    internal EngineValue(LevelValue native)
    {
        _native = native;
        _bytes = native.Span;
        Found = native.Found;
    }

    /// <summary>Whether the key exists. <see langword="default"/> is a missing key.</summary>
    public bool Found { get; }

    /// <summary>The bytes; empty when the key is missing.</summary>
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>Frees what the value refers to.</summary>
    public void Dispose()
    {
        _native.Dispose();
        _owner?.Dispose();
    }
}
