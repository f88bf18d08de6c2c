using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>What is told of a namespace between two replicas: vectors, what of them is durable, and where a broken stream may go on.</summary>
internal static class NamespaceVectors
{
    /// <summary>What this side holds, for a peer that is to stream what is missing.</summary>
    /// <param name="name">The namespace.</param>
    /// <param name="state">What is held of it.</param>
    /// <param name="received">What need not be sent again: what is held, and what was deferred of the peer's own streams.</param>
    /// <param name="cursor">Where a stream of the peer broke off.</param>
    /// <param name="theirs">What the peer has told; <see langword="null"/> while it has not.</param>
    public static NamespaceVector Tell(string name, NamespaceReplication state, VersionVector received, StreamCursor? cursor, VersionVector? theirs)
    {
        var told = new NamespaceVector { Name = name, Empty = state.IsEmpty };
        if (theirs is not null && received.DifferenceTo(theirs) is var difference && difference.EncodedLength < received.EncodedLength)
            told.Difference = Encode(difference);
        else
            told.Vector = Encode(received);
        if (state.Durable.Count > 0 && state.Durable.Equals(received))
            told.AllDurable = true;
        else if (state.Durable.Count > 0)
            told.Durable = Encode(state.Durable);
        if (cursor is not null)
        {
            told.Resume = new Resume
            {
                Target = Encode(cursor.Target),
                Replica = cursor.Position.Replica.ToUInt64(),
                Scalar = cursor.Position.Scalar,
            };
            if (cursor is { IsFull: true, PositionKey: not null })
            {
                told.Resume.Key = ByteString.CopyFrom(cursor.PositionKey);
                told.Resume.Frontier = Encode(cursor.Frontier ?? new VersionVector());
            }
        }

        return told;
    }

    /// <summary>What has become durable here.</summary>
    /// <param name="name">The namespace.</param>
    /// <param name="state">What is held of it.</param>
    /// <param name="streamed">What the peer knows to be here after its stream, if that was joined.</param>
    public static NamespaceVector Acknowledge(string name, NamespaceReplication state, VersionVector? streamed) =>
        streamed is not null && state.Durable.Dominates(streamed) ? new() { Name = name, AsStreamed = true } : new() { Name = name, Durable = Encode(state.Durable) };

    /// <summary>Reads what a peer told.</summary>
    /// <param name="told">What it told.</param>
    /// <param name="ours">What it was told here; <see langword="null"/> while it was not.</param>
    /// <exception cref="HonuException">It makes no sense.</exception>
    public static (VersionVector Vector, VersionVector? Durable, StreamResume? Resume) Read(NamespaceVector told, VersionVector? ours)
    {
        var vector = told.Difference.Length == 0 ? Decode(told.Vector)
            : ours is null ? throw SessionHello.Malformed("A peer refers to a vector that it was not told.")
            : ours.With(Decode(told.Difference));
        return (vector, told.AllDurable ? vector : ReadDurable(told), told.Resume is null ? null : new StreamResume(
            Decode(told.Resume.Target),
            new VersionId(told.Resume.Scalar, ReplicaId.FromUInt64(told.Resume.Replica)),
            told.Resume.Key.Length > 0 ? told.Resume.Key.ToByteArray() : null,
            told.Resume.Frontier.Length > 0 ? Decode(told.Resume.Frontier) : null));
    }

    /// <summary>Reads what of a namespace is durable at a peer; <see langword="null"/> when nothing is.</summary>
    /// <exception cref="HonuException">It makes no sense.</exception>
    public static VersionVector? ReadDurable(NamespaceVector told) => told.Durable.Length > 0 ? Decode(told.Durable) : null;

    public static ByteString Encode(VersionVector vector) => UnsafeByteOperations.UnsafeWrap(vector.ToArray());

    public static VersionVector Decode(ByteString bytes) =>
        MessageValidation.TryDecode(bytes, out var vector) ? vector : throw SessionHello.Malformed("A peer told a vector that makes no sense.");
}

/// <summary>Where a stream to a peer broke off, as the peer tells it (R5).</summary>
/// <param name="Target">The target of the broken stream.</param>
/// <param name="Position">The last index entry received; none for a full stream.</param>
/// <param name="Key">The last key received of a full stream.</param>
/// <param name="Frontier">The sender's frontier when the full stream began.</param>
internal sealed record StreamResume(VersionVector Target, VersionId Position, byte[]? Key, VersionVector? Frontier);
