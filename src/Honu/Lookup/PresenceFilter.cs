using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Honu.Lookup;

/// <summary>A split-block Bloom filter (Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007): one bit in each of the eight words of one block.</summary>
/// <remarks>
/// Says "surely absent" or "perhaps there". One thread adds, others ask meanwhile: bits only ever appear, and a key's bits are there
/// before its record is.
/// </remarks>
internal sealed class PresenceFilter
{
    private const int WordsPerBlock = 8;
    private const int BitsPerBlock = 256;

    private static readonly Vector256<uint> Salts = Vector256.Create(
        0x47B6137BU, 0x44974D91U, 0x8824AD5BU, 0xA2B7289DU, 0x705495C7U, 0x2DF1424BU, 0x9EFC4947U, 0x5C6BFB31U);

    private readonly uint[] _words;

    /// <param name="capacity">For how many keys.</param>
    /// <param name="bitsPerKey">How many bits each of them gets.</param>
    public PresenceFilter(long capacity, int bitsPerKey)
    {
        Capacity = capacity;
        var blocks = Math.Clamp(((capacity * bitsPerKey) + BitsPerBlock - 1) / BitsPerBlock, 1, Array.MaxLength / WordsPerBlock);
        _words = new uint[blocks * WordsPerBlock];
    }

    /// <summary>A filter with the words of another one.</summary>
    public PresenceFilter(long capacity, long count, uint[] words)
    {
        Capacity = capacity;
        Count = count;
        _words = words;
    }

    /// <summary>How many keys it was made for; beyond them it says "perhaps" too often.</summary>
    public long Capacity { get; }

    /// <summary>How many keys were added.</summary>
    public long Count { get; private set; }

    public ReadOnlySpan<uint> Words => _words;

    public static bool IsWordCount(long words) => words > 0 && words % WordsPerBlock == 0 && words <= Array.MaxLength;

    /// <summary>Adds a key by its hash.</summary>
    public void Add(ulong hash)
    {
        ref var block = ref Block(hash);
        (Vector256.LoadUnsafe(ref block) | Mask((uint)hash)).StoreUnsafe(ref block);
        Count++;
    }

    /// <summary>Whether the key with this hash may have been added.</summary>
    public bool MayContain(ulong hash)
    {
        var mask = Mask((uint)hash);
        return (Vector256.LoadUnsafe(ref Block(hash)) & mask) == mask;
    }

    private ref uint Block(ulong hash) => ref _words[(int)(((hash >> 32) * (ulong)(_words.Length / WordsPerBlock)) >> 32) * WordsPerBlock];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Mask(uint hash)
    {
        var shifts = (Vector256.Create(hash) * Salts) >>> 27;
        if (Avx2.IsSupported)
            return Avx2.ShiftLeftLogicalVariable(Vector256<uint>.One, shifts);
        var mask = Vector256<uint>.Zero;
        for (var i = 0; i < WordsPerBlock; i++)
            mask = mask.WithElement(i, 1u << (int)shifts.GetElement(i));
        return mask;
    }
}
