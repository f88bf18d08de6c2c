using System.Text;

namespace Honu.Replication;

/// <summary>The peers that operators added while the replica ran, kept in the store.</summary>
internal sealed class AddedPeers
{
    private const string RowName = "peers";
    private const int MaxBytes = 32 * 1024;

    private readonly ReplicationPort _store;
    private readonly List<PeerAddress> _addresses = [];

    public AddedPeers(ReplicationPort store)
    {
        _store = store;
        foreach (var line in Encoding.UTF8.GetString(store.LoadState(RowName) ?? []).Split('\n'))
        {
            if (PeerAddress.TryParse(line, out var address))
                _addresses.Add(address);
        }
    }

    public IReadOnlyList<PeerAddress> Addresses => _addresses;

    /// <summary>Adds an address, durably.</summary>
    /// <exception cref="ArgumentException">There are too many.</exception>
    public void Add(PeerAddress address)
    {
        List<PeerAddress> more = [.. _addresses.Where(known => known.Endpoint != address.Endpoint), address];
        var row = Encode(more);
        if (row.Length > MaxBytes)
            throw new ArgumentException($"There are {_addresses.Count} added peers already; members find each other, so a few addresses are enough.", nameof(address));
        Save(more, row);
    }

    /// <summary>Takes an address back, durably.</summary>
    /// <returns><see langword="false"/> when it was not added.</returns>
    public bool Remove(PeerAddress address)
    {
        List<PeerAddress> left = [.. _addresses.Where(known => known.Endpoint != address.Endpoint)];
        if (left.Count == _addresses.Count)
            return false;
        Save(left, Encode(left));
        return true;
    }

    private static byte[] Encode(List<PeerAddress> addresses) => Encoding.UTF8.GetBytes(string.Join('\n', addresses));

    private void Save(List<PeerAddress> addresses, byte[] row)
    {
        _store.SaveState(RowName, row, sync: true);
        _addresses.Clear();
        _addresses.AddRange(addresses);
    }
}
