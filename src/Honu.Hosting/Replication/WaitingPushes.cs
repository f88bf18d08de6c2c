using Honu.Replication;

namespace Honu.Hosting;

/// <summary>How much of what peers have pushed may wait for the loop: whoever pushes comes again soon, with everything that has come since.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class WaitingPushes
{
    public const int MaxCount = 256;
    public const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>Longest push that is taken. A healthy sender's is far shorter.</summary>
    public const int MaxPushBytes = MessageLimits.MessageOverheadBytes;

    private readonly Lock _gate = new();
    private int _count;
    private long _bytes;

    /// <summary>Takes a place for a push.</summary>
    /// <returns><see langword="false"/> when there is none.</returns>
    public bool TryEnter(int bytes)
    {
        lock (_gate)
        {
            if (_count == MaxCount || _bytes + bytes > MaxBytes)
                return false;
            _count++;
            _bytes += bytes;
            return true;
        }
    }

    /// <summary>Gives the place of a push back.</summary>
    public void Leave(int bytes)
    {
        lock (_gate)
        {
            _count--;
            _bytes -= bytes;
        }
    }
}
