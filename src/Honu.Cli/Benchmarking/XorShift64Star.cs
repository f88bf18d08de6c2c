namespace Honu.Cli.Benchmarking;

/// <summary>The generator xorshift64* (Vigna): a few lines in any language, so that a benchmark elsewhere can use the very same data and orders.</summary>
internal struct XorShift64Star
{
    private ulong _state;

    /// <param name="seed">Not zero: zero would only ever give zero.</param>
    public XorShift64Star(ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(seed);
        _state = seed;
    }

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return unchecked(_state * 0x2545F4914F6CDD1D);
    }

    /// <summary>Orders <paramref name="items"/> by Fisher and Yates: from the last place down to the second, each is swapped with place <c>Next() % (place + 1)</c>.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var place = items.Length - 1; place > 0; place--)
        {
            var other = (int)(Next() % (ulong)(place + 1));
            (items[place], items[other]) = (items[other], items[place]);
        }
    }
}
