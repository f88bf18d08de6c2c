using System.Text;
using Honu.Engines;

namespace Honu.Format;

/// <summary>In which boot of the machine the store is (or was last) open, and whether it was closed cleanly.</summary>
internal static class RunRecord
{
    public static void Write(EngineBatch batch, string bootId, bool isClean) =>
        MetaRecords.Put(batch, MetaRecords.Key(MetaRecords.Run), [isClean ? (byte)1 : (byte)0, .. Encoding.UTF8.GetBytes(bootId)]);

    public static (bool IsClean, string BootId)? Read(IStorageEngine engine)
    {
        var payload = MetaRecords.Get(engine, MetaRecords.Key(MetaRecords.Run));
        return payload is { Length: > 0 } ? (payload[0] != 0, Encoding.UTF8.GetString(payload, 1, payload.Length - 1)) : null;
    }
}
