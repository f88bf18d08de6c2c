using Honu.TestKit;

namespace Honu.Crash.Tests.Worker;

/// <summary>Fills a small disk, makes room, and goes on: what a store acknowledges before, during and after must be there in the end.</summary>
internal static class FullDiskScript
{
    private const int FillerBytes = 64 << 20;
    private const int ValueBytes = 4 << 10;
    private const int Attempts = 200;

    public static int Run(string disk, int seed, bool synced, TextWriter output)
    {
        var random = new Random(seed);
        var time = new ManualTimeProvider();
        var acknowledged = new Dictionary<int, byte[]>();
        var options = new HonuStoreOptions
        {
            Environment = StoreEnvironment.Machine with { Time = time },
            WriteBufferBytes = 1 << 20,
            Retention = seed % 2 == 0 ? Retention.ParentsOnly : Retention.Versions(3),
            Durability = synced ? Durability.Synced : Durability.Flushed,
        };
        var path = Path.Combine(disk, "store");
        var filler = Path.Combine(disk, "filler");
        WriteFiller(filler);
        using (var store = HonuStore.Open(path, options))
        {
            Fill(store, random, acknowledged);
            CheckAll(store, acknowledged, "on the full disk");
            for (var i = 0; i < 3; i++)
                Expect(HonuErrorCode.StoreFailed, () => store.Put(Key(-1), "during"u8));

            File.Delete(filler);
            GoOn(store, time, random, acknowledged);
            CheckAll(store, acknowledged, "after room was made");
        }

        using (var store = HonuStore.Open(path, options))
        {
            CheckAll(store, acknowledged, "after the next opening");
            if (!store.Verify().IsHealthy)
                throw new InvalidOperationException("the store does not verify");
        }

        output.WriteLine($"ok {acknowledged.Count}");
        return 0;
    }

    private static void Fill(HonuStore store, Random random, Dictionary<int, byte[]> acknowledged)
    {
        for (var number = 0; ; number++)
        {
            try
            {
                Put(store, random, acknowledged, number);
            }
            catch (HonuIOException)
            {
                return;
            }
        }
    }

    // The engine is tried again once a second, which passes here as fast as it can.
    private static void GoOn(HonuStore store, ManualTimeProvider time, Random random, Dictionary<int, byte[]> acknowledged)
    {
        for (int attempt = 0, written = 0; written < 300; attempt++)
        {
            try
            {
                Put(store, random, acknowledged, 1_000_000 + written);
                written++;
            }
            catch (HonuException) when (attempt < Attempts)
            {
                time.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    private static void Put(HonuStore store, Random random, Dictionary<int, byte[]> acknowledged, int number)
    {
        var value = new byte[ValueBytes];
        random.NextBytes(value);
        store.Put(Key(number), value);
        acknowledged[number] = value;
    }

    private static void CheckAll(HonuStore store, Dictionary<int, byte[]> acknowledged, string when)
    {
        foreach (var (number, value) in acknowledged)
        {
            if (store.Get(Key(number)) is not { } found || !found.AsSpan().SequenceEqual(value))
                throw new InvalidOperationException($"key {number} was acknowledged and is not there {when}");
        }

        if (store.Get(Key(-1)) is not null)
            throw new InvalidOperationException("a write that was refused is there");
    }

    private static void Expect(HonuErrorCode code, Action action)
    {
        try
        {
            action();
        }
        catch (HonuException error) when (error.Code == code)
        {
            return;
        }

        throw new InvalidOperationException($"a write was not refused with {code}");
    }

    // Random bytes: a disk that packs zeros would stay empty.
    private static void WriteFiller(string path)
    {
        var bytes = new byte[FillerBytes];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
    }

    private static byte[] Key(int number) => BitConverter.GetBytes(number);
}
