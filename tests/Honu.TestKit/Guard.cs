using System.Runtime.CompilerServices;

namespace Honu.TestKit;

/// <summary>Awaits with an end: a hang becomes a failure that names what never came.</summary>
public static class Guard
{
    /// <summary>Longest wait unless a test says otherwise: far above what a loaded machine needs, far below the patience of a build.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Awaits <paramref name="task"/>, at most <paramref name="timeout"/>.</summary>
    public static async Task Within(Task task, TimeSpan? timeout = null, [CallerArgumentExpression(nameof(task))] string awaited = "")
    {
        var limit = timeout ?? DefaultTimeout;
        try
        {
            await task.WaitAsync(limit);
        }
        catch (TimeoutException error) when (!task.IsCompleted) // a TimeoutException of the task itself is the task's result, not ours
        {
            throw new TimeoutException($"Waited {limit.TotalSeconds} s for: {awaited}", error);
        }
    }

    /// <summary>Awaits <paramref name="task"/>, at most <paramref name="timeout"/>, and gives its result.</summary>
    public static async Task<T> Within<T>(Task<T> task, TimeSpan? timeout = null, [CallerArgumentExpression(nameof(task))] string awaited = "")
    {
        await Within((Task)task, timeout, awaited);
        return await task;
    }

    /// <summary>Awaits <paramref name="task"/>, at most <paramref name="timeout"/>, and gives its result.</summary>
    public static Task<T> Within<T>(ValueTask<T> task, TimeSpan? timeout = null, [CallerArgumentExpression(nameof(task))] string awaited = "") =>
        Within(task.AsTask(), timeout, awaited);

    /// <summary>Awaits <paramref name="task"/>, at most <paramref name="timeout"/>.</summary>
    public static Task Within(ValueTask task, TimeSpan? timeout = null, [CallerArgumentExpression(nameof(task))] string awaited = "") =>
        Within(task.AsTask(), timeout, awaited);

    /// <summary>Runs <paramref name="action"/> on a thread of its own and waits for it, where nothing can be awaited: in Dispose.</summary>
    public static void Run(Action action, TimeSpan? timeout = null, [CallerArgumentExpression(nameof(action))] string awaited = "")
    {
        var limit = timeout ?? DefaultTimeout;
        Exception? failure = null;
        var thread = new Thread(() => failure = Record(action)) { IsBackground = true };
        thread.Start();
        if (!thread.Join(limit))
            throw new TimeoutException($"Waited {limit.TotalSeconds} s for: {awaited}");
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Runs <paramref name="action"/> on a thread of its own and awaits it: for calls that may block for ever when they are wrong.</summary>
    public static Task RunWithin(Action action, TimeSpan? timeout = null, [CallerArgumentExpression(nameof(action))] string awaited = "") =>
        Within(Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default), timeout, awaited);

    private static Exception? Record(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception error) // carried to the waiting thread, whatever it is
        {
            return error;
        }
    }
}
