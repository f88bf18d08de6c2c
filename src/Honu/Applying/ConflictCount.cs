namespace Honu.Applying;

/// <summary>How many conflicts there are, and the bytes of their rows.</summary>
internal readonly record struct ConflictCount(int Rows, long Bytes)
{
    public static ConflictCount operator +(ConflictCount left, ConflictCount right) => new(left.Rows + right.Rows, left.Bytes + right.Bytes);
}
