namespace Honu.Replication;

/// <summary>Credit-based flow control: a sender stops when a window of bytes is on its way; the receiver grants what it has applied.</summary>
internal sealed class FlowCredit(long windowBytes)
{
    private long _outstanding;
    private long _applied;

    /// <summary>Whether another chunk may be sent.</summary>
    public bool MaySend => _outstanding < windowBytes;

    /// <summary>Whether there is anything that could be granted.</summary>
    public bool IsOutstanding => _outstanding > 0;

    public void Sent(int bytes) => _outstanding += bytes;

    /// <summary>The peer has applied bytes. More than were sent is a fault of the peer and counts as all.</summary>
    public void Granted(ulong bytes) => _outstanding = Math.Max(0, _outstanding - (long)Math.Min(bytes, long.MaxValue));

    /// <summary>Notes applied bytes; returns what to grant now, or 0 to wait until a quarter of the window has come together.</summary>
    public ulong Applied(int bytes)
    {
        _applied += bytes;
        if (_applied < windowBytes / 4)
            return 0;
        var grant = (ulong)_applied;
        _applied = 0;
        return grant;
    }
}
