using System.Globalization;
using System.Text;

namespace Honu.Tests.Purging;

/// <summary>One random run of <see cref="PurgePropertyTests"/>.</summary>
internal sealed class PurgeMachine(int seed, bool retires)
{
    private const int Keys = 4;

#pragma warning disable CA5394 // A seeded test.
    private readonly Random _random = new(seed);
#pragma warning restore CA5394
    private readonly PurgingReplica[] _replicas = [new(1), new(2), new(3)];
    private readonly List<PeerTransfer> _streams = [];

    // What each replica was last told by each other; a retired one is none of the members.
    private readonly VersionVector[,] _acknowledged = new VersionVector[3, 3];
    private readonly List<string> _log = [];

    // Per write its key and whether it was replaced or deleted by somebody who knew it. A deletion is a write too, named by its version.
    private readonly Dictionary<string, string> _keyOf = [];
    private readonly HashSet<string> _superseded = [];
    private int _written;
    private int _retired = -1;
    private long _reissued;

    public void Run(int steps)
    {
        for (var i = 0; i < 3; i++)
        {
            for (var j = 0; j < 3; j++)
                _acknowledged[i, j] = new VersionVector();
        }

        try
        {
            for (var step = 0; step < steps; step++)
                Step();
            Finish();
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"{error.Message}{Environment.NewLine}{string.Join(Environment.NewLine, _log)}", error);
        }
        finally
        {
            foreach (var stream in _streams)
                stream.Dispose();
            foreach (var replica in _replicas)
                replica.Dispose();
        }
    }

    private int Next(int below)
    {
#pragma warning disable CA5394
        return _random.Next(below);
#pragma warning restore CA5394
    }

    private void Step()
    {
        var r = Next(3);
        switch (Next(20))
        {
            case < 5:
                Write(r, $"k{Next(Keys)}", deletes: Next(2) == 0);
                break;
            case < 8:
                Begin(r, (r + 1 + Next(2)) % 3);
                break;
            case < 13 when _streams.Count > 0:
                Advance(_streams[Next(_streams.Count)]);
                break;
            case 13 when _streams.Count > 0:
                Break(_streams[Next(_streams.Count)]);
                break;
            case < 16:
                Acknowledge(r, (r + 1 + Next(2)) % 3);
                break;
            case < 18:
                Purge(r);
                break;
            case 18 when Next(3) == 0:
                Kill(r);
                break;
            case 19 when retires && Next(2) == 0:
                Retire(r);
                break;
        }
    }

    private void Write(int r, string key, bool deletes)
    {
        var replica = _replicas[r];
        var before = NameOf(replica, key);
        if (deletes && replica.Get(key) is null)
            return;
        if (before is not null)
            _superseded.Add(before);
        string name;
        if (deletes)
        {
            name = replica.Delete(key).ToString();
        }
        else
        {
            name = $"{key}={(++_written).ToString(CultureInfo.InvariantCulture)}";
            replica.Put(key, name);
        }

        _keyOf[name] = key;
        _log.Add($"{Name(r)} writes {key}: {name}, over {before ?? "nothing"}");
    }

    private static string? NameOf(PurgingReplica replica, string key) =>
        replica.Get(key) ?? (replica.VersionOf(key) is { IsNone: false } deleted ? deleted.Id.ToString() : null);

    private void Begin(int from, int to)
    {
        if (from == _retired || to == _retired)
            return;
        var stream = new PeerTransfer(_replicas[from], _replicas[to]) { Name = $"{Name(from)} -> {Name(to)}", From = from, To = to };
        _streams.Add(stream);
        _log.Add($"{stream.Name} begins{(stream.IsFull ? ", full" : "")}");
    }

    private void Advance(PeerTransfer stream)
    {
        stream.Next(1 + Next(3));
        _reissued += stream.Result.Reissued;
        _log.Add($"{stream.Name} brings records ({stream.Sent} so far), {stream.Result.Reissued} reissued, {stream.Result.Deleted} deleted{(stream.IsDone ? stream.Result.Joined ? ", joined" : ", NOT joined" : "")}");
        if (stream.IsDone)
            Forget(stream);
    }

    private void Break(PeerTransfer stream)
    {
        _log.Add($"{stream.Name} breaks");
        Forget(stream);
    }

    private void Forget(PeerTransfer stream)
    {
        stream.Dispose();
        _streams.Remove(stream);
    }

    private void Acknowledge(int from, int to)
    {
        if (from == _retired || to == _retired)
            return;
        _acknowledged[to, from] = _replicas[from].Acknowledge();
        _log.Add($"{Name(from)} acknowledges {_acknowledged[to, from]} to {Name(to)}");
    }

    private void Purge(int r)
    {
        // Who is retired does not know that it is: it takes the others for members, who have told it what they had then.
        var members = Enumerable.Range(0, 3).Where(other => other != r && (other != _retired || r == _retired)).Select(other => _acknowledged[r, other]).ToArray();
        var purged = _replicas[r].PurgeFor(members);
        if (purged > 0)
            _log.Add($"{Name(r)} purges {purged}");
    }

    private void Kill(int r)
    {
        foreach (var stream in _streams.Where(stream => stream.From == r || stream.To == r).ToArray())
            Forget(stream);
        _replicas[r].Kill();
        _log.Add($"{Name(r)} is killed");
    }

    private void Retire(int r)
    {
        if (_retired < 0)
        {
            _retired = r;
            foreach (var stream in _streams.Where(stream => stream.From == r || stream.To == r).ToArray())
                Forget(stream);
            _log.Add($"{Name(r)} is retired");
            return;
        }

        // Active again: it has to tell anew what it holds.
        for (var other = 0; other < 3; other++)
            _acknowledged[other, _retired] = new VersionVector();
        _log.Add($"{Name(_retired)} comes back");
        _retired = -1;
    }

    private void Finish()
    {
        if (_retired >= 0)
            Retire(0);
        _log.Add("everybody talks");
        foreach (var stream in _streams.ToArray())
            Forget(stream);
        for (var round = 0; round < 4; round++)
        {
            for (var from = 0; from < 3; from++)
            {
                for (var to = 0; to < 3; to++)
                {
                    if (from == to)
                        continue;
                    Begin(from, to);
                    var stream = _streams[^1];
                    while (!stream.IsDone)
                        Advance(stream);
                }
            }

            for (var r = 0; round > 0 && r < 3; r++)
            {
                for (var other = 0; other < 3; other++)
                {
                    if (r != other)
                        Acknowledge(other, r);
                }

                Purge(r);
            }
        }

        foreach (var replica in _replicas)
        {
            Assert.Equal(Text(_replicas[0]), Text(replica));
            Assert.Equal(_replicas[0].State.Vector, replica.State.Vector);
            Assert.Equal(0, replica.State.LooseRecords);
            Assert.Equal(0, replica.State.Tombstones);
            replica.AssertHealthy();
        }

        CheckContent(_replicas[0].Content());
        if (!retires)
            Assert.Equal(0, _reissued);
    }

    private void CheckContent(SortedDictionary<string, string> content)
    {
        foreach (var (key, value) in content)
            Assert.False(_reissued == 0 && _superseded.Contains(value), $"{value} of {key} was replaced or deleted, and came back.");
        foreach (var key in _keyOf.Values.Distinct())
        {
            if (content.ContainsKey(key))
                continue;
            var standing = _keyOf.Where(write => write.Value == key && !_superseded.Contains(write.Key)).Select(static write => write.Key).ToList();
            Assert.True(standing.Exists(static name => name.Contains('@', StringComparison.Ordinal)), $"{key} is gone, but nobody deleted {string.Join(", ", standing)}.");
        }
    }

    private static string Text(PurgingReplica replica)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in replica.Content())
            text.Append(CultureInfo.InvariantCulture, $"{key}: {value}, ");
        return text.ToString();
    }

    private static char Name(int r) => (char)('A' + r);
}
