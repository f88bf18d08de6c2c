using System.Buffers;

namespace Honu;

// Reads of one version by its id, and the return of what was deleted.
public sealed partial class HonuNamespace
{
    /// <summary>The value of one version of <paramref name="key"/> as a new array.</summary>
    /// <returns><see langword="null"/> when the version is a deletion, is no longer kept (see <see cref="Retention"/>), or never was one of this key.</returns>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, VersionId, IBufferWriter{byte}, out ObjectVersion)"/>
    public byte[]? Get(ReadOnlySpan<byte> key, VersionId id) => Get(key, id, out _);

    /// <summary>The value of one version of <paramref name="key"/> as a new array, with what else is known of that version.</summary>
    /// <returns><see langword="null"/> when the version is a deletion, is no longer kept (see <see cref="Retention"/>), or never was one of this key.</returns>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, VersionId, IBufferWriter{byte}, out ObjectVersion)"/>
    public byte[]? Get(ReadOnlySpan<byte> key, VersionId id, out ObjectVersion version)
    {
        var value = Get(key, out version);
        if (version.Id == id)
            return value;
        if (FindVersion(key, id, out version) is { } entry && !entry.Version.IsDeleted)
            return entry.Value.ToArray();
        return null;
    }

    /// <summary>Writes the value of one version of <paramref name="key"/> to <paramref name="destination"/>.</summary>
    /// <returns><see langword="true"/> if that version is still kept and is no deletion; otherwise nothing was written.</returns>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, VersionId, IBufferWriter{byte}, out ObjectVersion)"/>
    public bool TryGet(ReadOnlySpan<byte> key, VersionId id, IBufferWriter<byte> destination) => TryGet(key, id, destination, out _);

    /// <summary>Writes the value of one version of <paramref name="key"/> to <paramref name="destination"/>, and tells what else is known of that version.</summary>
    /// <param name="key">The key.</param>
    /// <param name="id">The version.</param>
    /// <param name="destination">Receives the value.</param>
    /// <param name="version">The version, also when it is a deletion; none when it is no longer kept, or never was one of this key.</param>
    /// <returns><see langword="true"/> if that version is still kept and is no deletion; otherwise nothing was written.</returns>
    /// <exception cref="ArgumentException">The key has not 1 to 4,096 bytes.</exception>
    /// <exception cref="HonuCorruptionException">The stored object failed its checks.</exception>
    /// <remarks>Safe to call from any thread. The current version costs what any read costs; an older one reads the object's whole history.</remarks>
    public bool TryGet(ReadOnlySpan<byte> key, VersionId id, IBufferWriter<byte> destination, out ObjectVersion version)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (Get(key, id, out version) is not { } value)
            return false;
        destination.Write(value);
        return true;
    }

    /// <summary>Brings a deleted object back: the value of the latest version in its history that is no deletion becomes a new version.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">The version it made, or the one that is current when nothing was written (none when there is none).</param>
    /// <param name="options">Options of this write.</param>
    /// <returns><see langword="false"/> when the object is not deleted, or no value of it is kept.</returns>
    /// <remarks>A version that lost a conflict counts like any other: whoever deletes an object that another replica was changing gets that change back.</remarks>
    /// <inheritdoc cref="Put"/>
    public bool Undelete(ReadOnlySpan<byte> key, out ObjectVersion version, WriteOptions options = default)
    {
        ThrowIfSnapshot();
        while (true)
        {
            var history = History(key);
            version = history.Count > 0 ? history[0].Version : default;
            var latest = version.IsDeleted ? history.FirstOrDefault(static entry => !entry.Version.IsDeleted) : null;
            if (latest is null)
                return false;

            // Somebody else may have written meanwhile: what is to be done is then decided anew.
            if (TryPut(key, latest.Value.Span, version.Id, out version, options))
                return true;
        }
    }

    private HistoryEntry? FindVersion(ReadOnlySpan<byte> key, VersionId id, out ObjectVersion version)
    {
        var found = id.IsNone ? null : History(key).FirstOrDefault(entry => entry.Version.Id == id);
        version = found?.Version ?? default;
        return found;
    }
}
