using System.Text;

namespace Honu.Crash.Tests.Worker;

/// <summary>What a thread writes as its n-th operation: the same in the process that is killed and in the test that knows what must be there.</summary>
public static class WriterScript
{
    private const int HotKeys = 20;
    private const int BatchKeys = 5;

    /// <summary>Small buffers, so that logs are switched and tables are written while the process runs.</summary>
    public static HonuStoreOptions Options => new() { Pid = 1, WriteBufferBytes = 64 << 10 };

    /// <summary>Executes an operation on the store.</summary>
    public static void Execute(HonuStore store, int thread, int number)
    {
        ArgumentNullException.ThrowIfNull(store);
        var operations = Operations(thread, number).ToList();
        var options = number % 50 == 0 ? WriteOptions.Synced : default;
        if (operations.Count == 1)
        {
            var (key, value) = operations[0];
            if (value is null)
                store.Delete(key, options);
            else
                store.Put(key, value, options);
            return;
        }

        var batch = new HonuWriteBatch();
        foreach (var (key, value) in operations)
            batch.Put(key, value);
        store.Write(batch, options);
    }

    /// <summary>What a thread's keys hold after <paramref name="count"/> operations.</summary>
    public static SortedDictionary<string, string> StateAfter(int thread, int count)
    {
        var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var number = 1; number <= count; number++)
        {
            foreach (var (key, value) in Operations(thread, number))
            {
                if (value is null)
                    state.Remove(Encoding.UTF8.GetString(key));
                else
                    state[Encoding.UTF8.GetString(key)] = Encoding.UTF8.GetString(value);
            }
        }

        return state;
    }

    /// <summary>The prefix of all keys of a thread.</summary>
    public static string Prefix(int thread) => $"{thread}/";

    private static IEnumerable<(byte[] Key, byte[]? Value)> Operations(int thread, int number)
    {
        var value = Value(number);
        if (number % 7 == 0)
        {
            for (var i = 0; i < BatchKeys; i++)
                yield return (Key(thread, $"batch/{i}"), value);
            yield return (Key(thread, $"batch/{number}"), value);
        }
        else if (number % 11 == 0)
        {
            yield return (Key(thread, $"hot/{number / 3 % HotKeys}"), null);
        }
        else if (number % 2 == 0)
        {
            yield return (Key(thread, $"hot/{number % HotKeys}"), value);
        }
        else
        {
            yield return (Key(thread, $"once/{number}"), value);
        }
    }

    private static byte[] Key(int thread, string name) => Encoding.UTF8.GetBytes(Prefix(thread) + name);

    private static byte[] Value(int number) => Encoding.UTF8.GetBytes($"{number} " + new string((char)('a' + (number % 26)), number * 37 % 900));
}
