namespace Honu.Watching;

/// <summary>What a reader finds in its buffer.</summary>
internal enum TakeResult
{
    /// <summary>Nothing waits.</summary>
    Empty,

    /// <summary>A change.</summary>
    Taken,

    /// <summary>The buffer was full: the store must be read.</summary>
    Dropped,

    /// <summary>The store was closed.</summary>
    Closed,
}
