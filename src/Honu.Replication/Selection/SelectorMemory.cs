using System.Globalization;
using System.Text;

namespace Honu.Replication;

/// <summary>Keeps in the store what the selector has learned, and takes it over at the start, the fainter the longer ago it was kept.</summary>
/// <remarks>
/// One row of text: <c>1 SPEC UNIXMS</c>, then one line <c>KEY COUNT VALUE WEIGHT</c> for each arm. It is written at most once a minute, when
/// something was learned, and at the end; what a power loss takes is learned again.
/// </remarks>
internal sealed class SelectorMemory(ReplicationPort store, SelectionGuards selector)
{
    private const string RowName = "selector";

    // 64 KiB are the most that a row holds.
    private const int MaxArms = 512;
    private const int MaxBytes = 60 * 1024;

    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan HalfLife = TimeSpan.FromHours(1);

    private TimeSpan _nextSave;
    private bool _hasChanged;

    /// <summary>What became of the row at the start.</summary>
    public SelectorRestore Restored { get; private set; }

    /// <summary>Takes over what was kept, if it was kept by the same selector. Never throws for what it reads.</summary>
    public void Load(TimeSpan now)
    {
        _nextSave = now + SaveInterval;
        Restored = TryLoad(now);
    }

    /// <summary>Something was learned.</summary>
    public void Learned(TimeSpan now)
    {
        _hasChanged = true;
        if (now >= _nextSave)
            Save(now);
    }

    /// <summary>Keeps what is not kept yet.</summary>
    public void Save(TimeSpan now)
    {
        if (!_hasChanged)
            return;
        _nextSave = now + SaveInterval;
        _hasChanged = false;
        var arms = selector.Export(now);
        if (arms.Count == 0)
            return;
        try
        {
            store.SaveState(RowName, Encode(arms));
        }
        catch (Exception error) when (error is HonuException or ObjectDisposedException)
        {
            // Replication must not stop because the store cannot write now. What is lost is learned again.
        }
    }

    private SelectorRestore TryLoad(TimeSpan now)
    {
        byte[]? row;
        try
        {
            row = store.LoadState(RowName);
        }
        catch (HonuCorruptionException)
        {
            // The next save replaces it.
            return SelectorRestore.Unreadable;
        }

        if (row is null)
            return SelectorRestore.Nothing;
        if (!TryDecode(row, out var spec, out var unixMs, out var arms))
            return SelectorRestore.Unreadable;
        if (spec != Spec)
            return SelectorRestore.OtherSelector;

        // A clock that was set back says nothing of how long ago it was.
        var age = TimeSpan.FromMilliseconds(Math.Max(0.0, store.UtcNow.ToUnixTimeMilliseconds() - (double)unixMs));
        var kept = Math.Pow(0.5, age / HalfLife);
        selector.Import([.. arms.Select(arm => arm.Fade(kept)).Where(static arm => arm.Count > 0.01)], now);
        return SelectorRestore.Restored;
    }

    private string Spec => $"{selector.Name}@{selector.Reward.Name}";

    private byte[] Encode(IReadOnlyList<ArmState> arms)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"1 {Spec} {store.UtcNow.ToUnixTimeMilliseconds()}");
        foreach (var arm in arms.OrderByDescending(static arm => arm.Count).Take(MaxArms))
        {
            if (text.Length > MaxBytes - arm.Key.Length - 64)
                break;
            text.Append(CultureInfo.InvariantCulture, $"\n{arm.Key} {arm.Count:G9} {arm.Value:G9} {arm.Weight:G9}");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static bool TryDecode(byte[] row, out string spec, out long unixMs, out List<ArmState> arms)
    {
        (spec, unixMs, arms) = ("", 0, []);
        var lines = Encoding.UTF8.GetString(row).Split('\n');
        if (lines[0].Split(' ') is not ["1", var name, var time] || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out unixMs))
            return false;
        spec = name;
        foreach (var line in lines.AsSpan(1))
        {
            if (line.Split(' ') is not [{ Length: > 0 } key, var count, var value, var weight]
                || !TryNumber(count, 0, 1e12, out var counted)
                || !TryNumber(value, 0, 1, out var mean)
                || !TryNumber(weight, -1e6, 1e6, out var weighed))
                return false;
            arms.Add(new ArmState(key, counted, mean, weighed));
        }

        return arms.DistinctBy(static arm => arm.Key, StringComparer.Ordinal).Count() == arms.Count;
    }

    private static bool TryNumber(string text, double least, double most, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && number >= least && number <= most;
}
