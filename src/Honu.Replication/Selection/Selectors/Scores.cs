namespace Honu.Replication;

/// <summary>Choosing by scores.</summary>
internal static class Scores
{
    /// <summary>The arm with the largest score; of several any, or all replicas would begin with the same one.</summary>
    public static int Best(IReadOnlyList<PeerArm> arms, Random random, Func<PeerArm, double> scoreOf)
    {
        var (best, score, ties) = (0, double.NegativeInfinity, 0);
        for (var i = 0; i < arms.Count; i++)
        {
            var here = scoreOf(arms[i]);
            if (here > score)
                (best, score, ties) = (i, here, 1);
            else if (here == score && random.Next(++ties) == 0)
                best = i;
        }

        return best;
    }

    /// <summary>An arm with a probability that grows with its weight.</summary>
    public static int Draw(ReadOnlySpan<double> weights, Random random)
    {
        var sum = 0.0;
        foreach (var weight in weights)
            sum += weight;
        var left = random.NextDouble() * sum;
        for (var i = 0; i < weights.Length; i++)
        {
            left -= weights[i];
            if (left < 0)
                return i;
        }

        // Rounding can leave a rest.
        return weights.Length - 1;
    }
}
