namespace Honu.History;

/// <summary>One entry of a key's history.</summary>
/// <param name="Slot">Where it stands.</param>
/// <param name="Sequence">Which of the key's versions it is.</param>
/// <param name="Scalar">When it was written.</param>
/// <param name="Expected">Where it should stand; <see langword="null"/> for one that goes.</param>
internal readonly record struct HistorySlot(ulong Slot, ulong Sequence, ulong Scalar, ulong? Expected = null);
