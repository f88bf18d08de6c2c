using System.Buffers.Binary;
using Honu.Engines;

namespace Honu.Format;

/// <summary>Which formats a build opens: its own one, and older ones that it has a step for.</summary>
/// <remarks>
/// <code>
/// 1. engine open, so the lock is held, and nothing of Honu written yet
/// 2. the marker file says the new number: from here on an older build refuses the directory before it writes a byte
/// 3. each step changes data, a barrier makes that durable, then the number inside the database follows
/// </code>
/// The marker comes first and the number inside comes last, so a kill anywhere leaves either the old store, untouched, or a marker that
/// is ahead of the number inside: the new build then repeats the step that the number asks for. A step must therefore give the same result when it is run again
/// on data that it has changed in part.
/// </remarks>
internal sealed class FormatUpgrades(int current, params FormatUpgrade[] steps)
{
    /// <summary>Format 1 is the first one: there is nothing to come from.</summary>
    public static FormatUpgrades OfThisBuild { get; } = new(StoreDirectory.CurrentFormat);

    /// <summary>The format that this build writes.</summary>
    public int Current { get; } = current;

    /// <summary>The formats that can be opened, for messages.</summary>
    public string Names
    {
        get
        {
            var oldest = Current;
            while (Knows(oldest - 1))
                oldest--;
            return oldest == Current ? $"format {Current}" : $"formats {oldest} to {Current}";
        }
    }

    /// <summary>Whether a store of <paramref name="format"/> can be opened.</summary>
    public bool Knows(long format)
    {
        while (format < Current && Array.Exists(steps, step => step.From == format))
            format++;
        return format == Current;
    }

    /// <summary>Brings the data of an open engine from one format to the present one, step by step.</summary>
    public void Run(IStorageEngine engine, int from)
    {
        Span<byte> number = stackalloc byte[4];
        using var batch = engine.CreateBatch();
        for (var format = from; format < Current; format++)
        {
            Array.Find(steps, step => step.From == format)!.Apply(engine);

            // What the step wrote must not be lost by a power loss that keeps the number.
            engine.Sync();
            BinaryPrimitives.WriteInt32LittleEndian(number, format + 1);
            MetaRecords.Put(batch, MetaRecords.Key(MetaRecords.Format), number);
            engine.Write(batch, sync: true);
            batch.Clear();
        }
    }
}

/// <summary>The step from one format to the next one.</summary>
/// <param name="From">The format that it starts from.</param>
/// <param name="Apply">Changes the data; safe to repeat after it was cut short.</param>
internal sealed record FormatUpgrade(int From, Action<IStorageEngine> Apply);
