using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Checks the messages by which contents are compared: their parts must fit each other before anything is made of them.</summary>
internal static class RepairValidation
{
    private const int SumBytes = 8;
    private const int MaxBuckets = 65536;
    private const int PartsPerBucket = 16;

    // With the content of a bucket as it should be, this is far more than two replicas can differ by within one exchange.
    private const int MaxItems = 1 << 20;

    public static string? FindFault(DigestTree tree) =>
        !MessageValidation.IsNamespace(tree.Namespace) ? "a namespace has a wrong length"
        : tree.Buckets is 0 or > MaxBuckets || (tree.Buckets & (tree.Buckets - 1)) != 0 ? "a number of buckets is no power of two up to 65,536"
        : tree.Sums.Length != (int)tree.Buckets * SumBytes ? "the sums of the buckets are not as many as the buckets"
        : null;

    public static string? FindFault(DigestDifference difference) =>
        !MessageValidation.IsNamespace(difference.Namespace) ? "a namespace has a wrong length"
        : difference.Buckets.Count > MaxBuckets || !AreAscending(difference.Buckets, MaxBuckets) ? "the buckets that differ make no sense"
        : difference.Sums.Length != difference.Buckets.Count * PartsPerBucket * SumBytes ? "the sums of the parts are not as many as the parts"
        : null;

    public static string? FindFault(RepairItems items)
    {
        if (!MessageValidation.IsNamespace(items.Namespace))
            return "a namespace has a wrong length";
        if (items.Parts.Count != items.Counts.Count || !AreAscending(items.Parts, MaxBuckets * PartsPerBucket))
            return "the parts that differ make no sense";
        long total = 0;
        foreach (var count in items.Counts)
            total += count;
        return total > MaxItems || items.Items.Length != total * SumBytes ? "the items are not as many as announced" : null;
    }

    public static string? FindFault(RepairAnswer answer) =>
        !MessageValidation.IsNamespace(answer.Namespace) ? "a namespace has a wrong length"
        : answer.Wanted.Length % SumBytes != 0 || answer.Wanted.Length / SumBytes > MaxItems ? "the wanted items make no sense"
        : null;

    private static bool AreAscending(Google.Protobuf.Collections.RepeatedField<uint> numbers, int limit)
    {
        for (var i = 0; i < numbers.Count; i++)
        {
            if (numbers[i] >= limit || (i > 0 && numbers[i] <= numbers[i - 1]))
                return false;
        }

        return true;
    }
}
