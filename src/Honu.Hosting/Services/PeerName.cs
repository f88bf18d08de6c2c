using System.Globalization;
using Honu.Replication;

namespace Honu.Hosting.Services;

/// <summary>A peer as operators name it: the <c>PID</c> of a known one, <c>HOST:PORT</c> or <c>PID@HOST:PORT</c>.</summary>
internal static class PeerName
{
    public static bool IsWellFormed(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _) || PeerAddress.TryParse(text, out _);
}
