using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>What is on its way to one destination, and what waits to be sent there.</summary>
internal abstract class RumorLane(int maxBytes)
{
    /// <summary>Whether somebody looks after it.</summary>
    public bool IsBusy { get; set; }

    /// <summary>What is to be sent next.</summary>
    public RumorSet Waiting { get; } = new(maxBytes);

    /// <summary>What was sent and not acknowledged, the oldest first.</summary>
    public List<SentRumors> Outstanding { get; } = [];

    /// <summary>How often in a row the oldest was not acknowledged in time.</summary>
    public int Failures { get; set; }

    public bool IsIdle => Waiting.IsEmpty && Outstanding.Count == 0;

    /// <summary>When the oldest counts as lost; never reset by what is sent later.</summary>
    public TimeSpan RetryDue => Outstanding.Count == 0 ? TimeSpan.MaxValue : Outstanding[0].SentAt + Patience;

    /// <summary>How long the oldest is waited for.</summary>
    protected abstract TimeSpan Patience { get; }

    /// <summary>Everything that is not known to have arrived becomes one: the latest of each key.</summary>
    /// <returns>The rumors; some are left to sessions when there are too many.</returns>
    public List<Rumor> Collect(out bool isWhole)
    {
        isWhole = true;
        var all = new RumorSet(maxBytes);
        foreach (var sent in Outstanding)
        {
            foreach (var rumor in sent.Rumors)
                isWhole &= all.TryAdd(rumor);
        }

        foreach (var rumor in Waiting.Take())
            isWhole &= all.TryAdd(rumor);
        Outstanding.Clear();
        return all.Take();
    }

    /// <summary>Some rumors have arrived.</summary>
    /// <param name="arrived">As they were sent; they may have been sent again since, with others.</param>
    public void Acknowledge(SentRumors arrived)
    {
        if (Outstanding.Remove(arrived))
        {
            Failures = 0;
            return;
        }

        // Late, but all the same: what was sent again in its place need not arrive.
        if (Outstanding.RemoveAll(sent => sent.Rumors.All(rumor => RumorSet.IsTold(rumor, arrived.Rumors))) > 0)
            Failures = 0;
    }

    /// <summary>Some rumors are given up. When nothing is on its way any more, no retry will bring along what waits: it goes by itself.</summary>
    public void Forget(SentRumors sent)
    {
        if (Outstanding.Remove(sent) && Outstanding.Count == 0)
            Failures = 0;
    }

    public void Clear()
    {
        Waiting.Clear();
        Outstanding.Clear();
        Failures = 0;
    }
}

/// <summary>Rumors that were sent together.</summary>
internal sealed class SentRumors(IReadOnlyList<Rumor> rumors, TimeSpan sentAt, bool isFirstTry)
{
    public IReadOnlyList<Rumor> Rumors { get; } = rumors;

    public TimeSpan SentAt { get; } = sentAt;

    /// <summary>Whether none of it was sent before.</summary>
    public bool IsFirstTry { get; } = isFirstTry;

    /// <summary>The pushes that carry it: one, or two where a second relay hedges.</summary>
    public List<SentPush> Pushes { get; } = [];
}

/// <summary>One push that may still be answered.</summary>
/// <param name="Lane">For which destination.</param>
/// <param name="Sent">What it carries.</param>
/// <param name="Peer">Who is to answer.</param>
/// <param name="At">When it was sent.</param>
internal sealed record SentPush(RumorLane Lane, SentRumors Sent, RumorPeer Peer, TimeSpan At)
{
    /// <summary>The region that was asked to hand it on, when its own was not reached.</summary>
    public Region? Via { get; init; }

    /// <summary>Whether it may have waited for a connection: then its time says nothing of the peer.</summary>
    public bool IsFirstContact { get; init; }

    /// <summary>Whether it was judged already, for want of an answer in time.</summary>
    public bool IsJudged { get; set; }
}
