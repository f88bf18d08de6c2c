namespace Honu.Replication;

/// <summary>What became at the start of what the selector had learned before.</summary>
public enum SelectorRestore
{
    /// <summary>Nothing was kept.</summary>
    Nothing,

    /// <summary>It was taken over, the fainter the longer ago it was kept.</summary>
    Restored,

    /// <summary>It was kept by another selector or for another reward, and is not used.</summary>
    OtherSelector,

    /// <summary>It could not be read, and is not used. Learning begins anew.</summary>
    Unreadable,
}
