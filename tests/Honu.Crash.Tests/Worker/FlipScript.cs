using System.Text;

namespace Honu.Crash.Tests.Worker;

/// <summary>A small store with a bit of everything, and what a reader makes of a copy of it in which one bit of one file is flipped.</summary>
public static class FlipScript
{
    private const int Objects = 60;
    private static readonly string[] Spaces = ["default", "orders", "zebra"];

    private static HonuStoreOptions Options => new() { Pid = 1, WriteBufferBytes = 64 << 10 };

    /// <summary>Makes the store: tables with the first half of the writes, a log with the second.</summary>
    public static void Make(string path)
    {
        using var store = HonuStore.Open(path, Options);
        for (var half = 0; half < 2; half++)
        {
            foreach (var ns in Spaces)
            {
                for (var i = half * 5; i < Objects; i++)
                {
                    store.Namespace(ns).Put(Key(i), Encoding.UTF8.GetBytes($"{ns} {half} {i} " + new string('x', i * 7)));
                    if (i % 6 == 0)
                        store.Namespace(ns).Delete(Key(i));
                }
            }

            if (half == 0)
                store.Compact();
        }
    }

    /// <summary>For each seed on a line of its own, one line: <c>right</c>, <c>refused: …</c> (a typed error), or <c>wrong: …</c>.</summary>
    public static int Answer(string intact, string scratch, TextReader seeds, TextWriter answers)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        ArgumentNullException.ThrowIfNull(answers);
        Copy(intact, scratch);
        var expected = ReadIntact(scratch);
        while (seeds.ReadLine() is { } line)
        {
            Copy(intact, scratch);
            var where = Flip(scratch, new Random(int.Parse(line)));
            answers.WriteLine($"{Judge(scratch, expected).ReplaceLineEndings(" ")} [{where}]");
            answers.Flush();
        }

        return 0;
    }

    private static string Judge(string path, Expected expected)
    {
        string? refusal = null;
        var wrong = Try(() => Read(path, expected, ref refusal), ref refusal) ?? Try(() => Verify(path), ref refusal);
        return wrong is not null ? $"wrong: {wrong}" : refusal is not null ? $"refused: {refusal}" : "right";
    }

    // Each question by itself: an error in one must not hide a lie in the next.
    private static string? Read(string path, Expected expected, ref string? refusal)
    {
        using var store = HonuStore.Open(path, Options);
        string? wrong = null;
        foreach (var ns in Spaces)
        {
            wrong ??= Try(() => Scan(store, ns) == expected.Scans[ns] ? null : $"a scan of {ns}", ref refusal);
            for (var i = 0; i < Objects; i++)
            {
                wrong ??= Try(() => Get(store, ns, i) == expected.Gets[(ns, i)] ? null : $"get {ns} {i}", ref refusal);
                wrong ??= Try(() => History(store, ns, i) == expected.Histories[(ns, i)] ? null : $"history {ns} {i}", ref refusal);
            }
        }

        wrong ??= Try(() => string.Join(',', store.Namespaces) == string.Join(',', Spaces) ? null : "the namespaces", ref refusal);
        wrong ??= Try(() => Summaries(store) == expected.Summaries ? null : "the summaries", ref refusal);
        var report = store.Verify();
        if (refusal is not null && report.IsHealthy)
            wrong ??= $"verify is content although a read said {refusal}";
        return wrong;
    }

    // Reports and never throws, but for what is no store at all.
    private static string? Verify(string path)
    {
        HonuStore.Verify(path);
        return null;
    }

    private static string? Try(Func<string?> question, ref string? refusal)
    {
        try
        {
            return question();
        }
        catch (HonuException error)
        {
            refusal ??= $"{error.Code} {error.Message}";
            return null;
        }
        catch (Exception error)
        {
            // Anything else is not what a caller can be expected to catch.
            return error.ToString();
        }
    }

    private static Expected ReadIntact(string path)
    {
        using var store = HonuStore.Open(path, Options);
        var all = Spaces.SelectMany(static ns => Enumerable.Range(0, Objects).Select(i => (ns, i))).ToList();
        return new Expected(
            Spaces.ToDictionary(static ns => ns, ns => Scan(store, ns)),
            all.ToDictionary(static at => at, at => Get(store, at.ns, at.i)),
            all.ToDictionary(static at => at, at => History(store, at.ns, at.i)),
            Summaries(store));
    }

    private static string Scan(HonuStore store, string ns)
    {
        var text = new StringBuilder();
        foreach (var entry in store.Namespace(ns).Scan(new ScanOptions { IncludeTombstones = true }))
            text.Append(Convert.ToHexString(entry.Key)).Append(entry.Version).Append(Convert.ToHexString(entry.Value)).Append('\n');
        return text.ToString();
    }

    private static string Get(HonuStore store, string ns, int i) =>
        store.Namespace(ns).Get(Key(i), out var version) is { } value ? $"{version} {Convert.ToHexString(value)}" : "";

    private static string History(HonuStore store, string ns, int i) =>
        string.Join('\n', store.Namespace(ns).History(Key(i)).Select(static entry => $"{entry.Version} {Convert.ToHexString(entry.Value.Span)} {entry.LostConflict}"));

    private static string Summaries(HonuStore store) =>
        string.Join('\n', store.Replication.Summaries().OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key} {Convert.ToHexString(pair.Value)}"));

    private static byte[] Key(int i) => Encoding.UTF8.GetBytes($"object/{i:D3}");

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    // Files of a kind together have a share of the flips, or the big tables would get them all.
    private static string Flip(string path, Random random)
    {
        var pattern = random.Next(20) switch
        {
            < 8 => "*.ldb",
            < 13 => "*.log",
            < 18 => "MANIFEST-*",
            18 => "CURRENT",
            _ => "HONU",
        };
        var files = Directory.GetFiles(path, pattern).Where(static file => new FileInfo(file).Length > 0).Order(StringComparer.Ordinal).ToArray();
        var file = files[random.Next(files.Length)];
        var bytes = File.ReadAllBytes(file);
        var (at, bit) = (random.Next(bytes.Length), random.Next(8));
        bytes[at] ^= (byte)(1 << bit);
        File.WriteAllBytes(file, bytes);
        return $"{Path.GetFileName(file)}, byte {at} of {bytes.Length}, bit {bit}";
    }

    private sealed record Expected(
        Dictionary<string, string> Scans,
        Dictionary<(string Ns, int I), string> Gets,
        Dictionary<(string Ns, int I), string> Histories,
        string Summaries);
}
