using System.Buffers.Binary;
using Honu.Format;
using Honu.Writing;

namespace Honu.Reconciling;

/// <summary>An operator's word that a full reconcile of a namespace may delete as much as it must: a row in the store, so that it can be given while no server runs.</summary>
/// <remarks>For the committing thread, or while the store's queue is held.</remarks>
internal static class ReconcilePermit
{
    /// <summary>A permission that nobody needed would otherwise take the guard away for ever.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    public static void Stage(StoreCore core, NamespaceState state)
    {
        Span<byte> until = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(until, Now(core) + (long)Lifetime.TotalMilliseconds);
        MetaRecords.Put(core.Batch, Key(state), until);
    }

    public static void StageRemoval(StoreCore core, NamespaceState state) => core.Batch.Delete(Key(state));

    public static bool IsGiven(StoreCore core, NamespaceState state) =>
        MetaRecords.Get(core.Engine, Key(state)) is { Length: sizeof(long) } until && Now(core) < BinaryPrimitives.ReadInt64LittleEndian(until);

    private static byte[] Key(NamespaceState state) => MetaRecords.StateKey(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"reconcile/{state.Id}"));

    private static long Now(StoreCore core) => core.Options.Environment.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
