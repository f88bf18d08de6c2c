using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;

namespace Honu.Replication;

/// <summary>By what a batch shows that its sender was met before: 8 bytes over its cluster, its clock and its store.</summary>
internal static class RumorIntroduction
{
    public const int Length = 8;

    public static ByteString Of(string cluster, VersionClock clock, Guid store)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(store.ToByteArray(bigEndian: true));
        hash.AppendData([(byte)clock]);
        hash.AppendData(Encoding.UTF8.GetBytes(cluster));
        return ByteString.CopyFrom(hash.GetHashAndReset(), 0, Length);
    }
}
