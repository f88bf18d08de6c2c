namespace Honu.Crash.Tests.Worker;

/// <summary>
/// The process that is killed: <c>DIRECTORY FIRST FIRST …</c>. Each thread goes on from its number with its script and prints what the store has acknowledged.
/// Or the one that may kill itself: <c>flips INTACT SCRATCH</c> damages a copy of a store for each seed that it reads.
/// Or the one that fills its disk: <c>full DISK SEED SYNCED</c>.
/// </summary>
public static class Program
{
    /// <summary>Writes until it is killed, or flips until there are no more seeds.</summary>
    public static int Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (args[0] == "flips")
            return FlipScript.Answer(args[1], args[2], Console.In, Console.Out);
        if (args[0] == "full")
            return FullDiskScript.Run(args[1], int.Parse(args[2]), bool.Parse(args[3]), Console.Out);
        using var store = HonuStore.Open(args[0], WriterScript.Options);
        var output = Console.OpenStandardOutput();
        var gate = new Lock();
        var threads = args.Skip(1).Select((first, thread) => new Thread(() =>
        {
            for (var number = int.Parse(first); ; number++)
            {
                WriterScript.Execute(store, thread, number);
                var line = System.Text.Encoding.ASCII.GetBytes($"{thread} {number}\n");
                lock (gate)
                    output.Write(line);
            }
        })).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        return 0;
    }
}
