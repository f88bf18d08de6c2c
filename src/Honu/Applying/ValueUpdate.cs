using System.Buffers;

namespace Honu;

/// <summary>Makes an object's next value from its present one. May be called again when somebody else writes meanwhile.</summary>
/// <param name="current">The present value, unsettled conflicts merged in.</param>
/// <param name="next">Receives the next value.</param>
/// <returns>Whether to write it; <see langword="false"/> leaves the object as it is.</returns>
public delegate bool ValueUpdate(in VersionedValue current, IBufferWriter<byte> next);
