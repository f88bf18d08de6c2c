namespace Honu.Care;

/// <summary>Problems as they are found: all are counted once, the first are kept.</summary>
internal sealed class ProblemList(int most)
{
    private const int LongestKeyBytes = 256;
    private readonly List<StoreProblem> _problems = [];
    private readonly HashSet<StoreProblem> _seen = [];

    public long Count { get; private set; }

    public IReadOnlyList<StoreProblem> Problems => _problems;

    public void Add(string? ns, ReadOnlySpan<byte> key, string what)
    {
        var problem = new StoreProblem(ns, Convert.ToHexString(key[..Math.Min(key.Length, LongestKeyBytes)]), what);

        // An unreadable block is met by several walks.
        if (_problems.Count >= most ? _seen.Contains(problem) : !_seen.Add(problem))
            return;
        Count++;
        if (_problems.Count < most)
            _problems.Add(problem);
    }
}
