namespace Honu.Reconciling;

/// <summary>What becomes of a key at the end of a full stream.</summary>
internal enum ReconcileAction
{
    /// <summary>The sender knows that it was deleted, and has forgotten the deletion.</summary>
    Remove,

    /// <summary>The sender's earlier record takes the place of ours, which it knows to be deleted.</summary>
    Take,

    /// <summary>Ours is a late outsider to the sender: it is written again.</summary>
    Reissue,

    /// <summary>The sender's record, which was kept back, is applied like any other.</summary>
    Apply,
}
