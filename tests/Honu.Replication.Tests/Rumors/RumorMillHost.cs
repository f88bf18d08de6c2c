using Honu.Replication.Messages;

namespace Honu.Replication.Tests.Rumors;

/// <summary>What a <see cref="RumorMill"/> belongs to, for tests that need it alone: its effects are looked at, and a test may do something in the middle of its work.</summary>
internal sealed class RumorMillHost : IRumorHost
{
    private long _lastPush;

    public List<ReplicaEffect> Effects { get; } = [];

    /// <summary>Asked for each namespace that is about to be told.</summary>
    public Func<string, bool> WantsNamespace { get; set; } = static _ => true;

    public IEnumerable<Rumor> Sent => Effects.OfType<ReplicaEffect.SendRumors>().SelectMany(static push => push.Batch.Rumors);

    public PushId NextPushId() => new(++_lastPush);

    public void Add(ReplicaEffect effect) => Effects.Add(effect);

    public void RequestSession(uint pid)
    {
    }

    public void HurrySessions()
    {
    }

    public void ApplyDeferred()
    {
    }

    public void RegionChanged()
    {
    }

    public bool Takes(uint pid, string ns) => true;

    public bool Wants(string ns) => WantsNamespace(ns);

    public Guid? FindStore(uint pid) => null;
}
