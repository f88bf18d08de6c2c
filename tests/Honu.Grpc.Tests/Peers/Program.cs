namespace Honu.Grpc.Tests.Peers;

/// <summary>
/// The process at the other end that tests kill and stop: <c>serve PORT</c> or <c>call PORT</c>. It takes orders from its input and says what happens,
/// a line each, so that a test can wait for it. It ends with its input, and so with its test.
/// </summary>
public static class Program
{
    private static readonly Lock Sync = new();

    /// <summary>Serves or calls until the input ends.</summary>
    public static async Task<int> Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        Func<string[], Task> obey;
        if (args[0] == "serve")
        {
            var host = await PeerServer.StartAsync(int.Parse(args[1]));
            obey = _ => throw new InvalidOperationException("A server takes no orders.");
            Say($"ready {host.Port}");
        }
        else
        {
            obey = new PeerClient(int.Parse(args[1])).ObeyAsync;
            Say($"ready {args[1]}");
        }

        while (Console.ReadLine() is { } order)
        {
            if (order == "memory")
                SayMemory();
            else
                _ = RunAsync(obey, order);
        }

        // Not in order: what still runs is not waited for.
        Environment.Exit(0);
        return 0;
    }

    internal static void Say(string line)
    {
        lock (Sync)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }

    private static async Task RunAsync(Func<string[], Task> obey, string order)
    {
        try
        {
            await obey(order.Split(' '));
        }
        catch (Exception exception)
        {
            // The test learns of it: this line is none that it waits for.
            Say($"failed {order}: {exception.ToString().ReplaceLineEndings(" ")}");
        }
    }

    // What is reachable, what the process holds, and all that was ever allocated.
    private static void SayMemory()
    {
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        Say($"memory {GC.GetTotalMemory(forceFullCollection: true)} {Environment.WorkingSet} {allocated}");
    }
}
