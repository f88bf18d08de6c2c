using System.Globalization;
using Spectre.Console;

namespace Honu.Cli.Output;

/// <summary>A progress bar on stderr while it is a terminal; nothing otherwise, so that logs and pipes stay clean.</summary>
internal static class ProgressDisplay
{
    /// <summary>Runs the work with a bar.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="total">The amount of work, such as bytes of a file; null when nobody knows.</param>
    /// <param name="work">Gets a function that takes the amount done and the number of records.</param>
    /// <param name="unit">What is counted.</param>
    public static async Task RunAsync(string title, long? total, Func<Action<long, long>, Task> work, string unit = "records")
    {
        if (Console.IsErrorRedirected)
        {
            await work(static (_, _) => { });
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        var progress = console.Progress().Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new SpinnerColumn());
        await progress.StartAsync(async context =>
        {
            var task = context.AddTask(title, maxValue: total ?? 1);
            task.IsIndeterminate = total is null;
            await work((done, records) =>
            {
                if (total is not null)
                    task.Value = done;
                task.Description = string.Create(CultureInfo.InvariantCulture, $"{title} {records:N0} {unit}");
            });
            task.IsIndeterminate = false;
            task.Value = task.MaxValue;
        });
    }

    /// <summary>Runs the work with a bar that changes only when a step is reported, so that drawing it disturbs no measurement.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="steps">How many steps there are.</param>
    /// <param name="work">Gets a function that takes the number of steps done and what comes next.</param>
    public static async Task RunStepsAsync(string title, int steps, Func<Action<int, string>, Task> work)
    {
        if (Console.IsErrorRedirected)
        {
            await work(static (_, _) => { });
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        var progress = console.Progress().AutoRefresh(false).AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn());
        await progress.StartAsync(async context =>
        {
            var task = context.AddTask(title, maxValue: steps);
            await work((done, next) =>
            {
                task.Value = done;
                task.Description = $"{title}: {next}";
                context.Refresh();
            });
            task.Value = task.MaxValue;
        });
    }
}
