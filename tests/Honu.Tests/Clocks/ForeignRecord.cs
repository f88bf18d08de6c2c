using System.Text;
using Honu.Format;

namespace Honu.Tests.Clocks;

/// <summary>A record as a peer would send it.</summary>
internal static class ForeignRecord
{
    /// <summary>A block with one record, whose value is its key.</summary>
    public static byte[] Block(string key, VersionId version)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        var written = new RecordWriter().Write(bytes, bytes, RecordChecksum.OfValue(bytes), isTombstone: false, version, parent: default, context: null, version.Replica, default);
        Assert.True(RecordReader.TryParse(written, out var record));
        var block = new RecordBlockWriter();
        block.Add(bytes, record);
        return block.Bytes.ToArray();
    }
}
