using System.Globalization;

namespace Honu.Hosting.Services;

/// <summary>A peer as users write it: <c>PID</c>, <c>HOST:PORT</c> or <c>PID@HOST:PORT</c>.</summary>
internal readonly record struct PeerAddress(uint? Pid, HostPort? Address)
{
    public static bool TryParse(string text, out PeerAddress peer)
    {
        peer = default;
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bare))
        {
            peer = new PeerAddress(bare, null);
            return true;
        }

        uint? pid = null;
        var rest = text;
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            if (!uint.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var insisted))
                return false;
            pid = insisted;
            rest = text[(at + 1)..];
        }

        if (!HostPort.TryParse(rest, out var address) || address.Port == 0)
            return false;
        peer = new PeerAddress(pid, address);
        return true;
    }
}
