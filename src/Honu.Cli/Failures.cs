using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli;

/// <summary>From any exception to an exit code and one line. A stack trace is shown only when HONU_DEBUG is set.</summary>
internal static class Failures
{
    public static int Report(Exception exception)
    {
        if (exception is OutputClosedException)
            return ExitCodes.Ok;
        var (code, message) = Describe(exception);
        Console.Error.WriteLine($"honu: {message.ReplaceLineEndings(" ")}");
        if (Environment.GetEnvironmentVariable("HONU_DEBUG") is { Length: > 0 })
            Console.Error.WriteLine(exception);
        return code;
    }

    public static (int ExitCode, string Message) Describe(Exception exception) => exception switch
    {
        CliException cli => (cli.ExitCode, cli.Message),
        HonuException honu => (CodeOf(honu.Code), honu.Message),
        StoreClientException client => (CodeOf(client.Error), client.Message),
        OperationCanceledException => (ExitCodes.Interrupted, "Interrupted."),
        ArgumentException argument => (ExitCodes.Usage, WithoutParameter(argument)),
        UnauthorizedAccessException => (ExitCodes.Usage, $"{exception.Message} Check the permissions of the file or directory."),
        IOException => (ExitCodes.Internal, exception.Message),
        _ => (ExitCodes.Internal, $"Internal error: {exception.GetType().Name}: {exception.Message} Set HONU_DEBUG=1 to see where, and report it."),
    };

    private static int CodeOf(HonuErrorCode code) => code switch
    {
        HonuErrorCode.StoreLocked => ExitCodes.Locked,
        HonuErrorCode.Corruption or HonuErrorCode.IdentityLost or HonuErrorCode.NotAStore or HonuErrorCode.UnknownFormat or HonuErrorCode.MalformedRecord or HonuErrorCode.Io => ExitCodes.Corrupt,
        HonuErrorCode.IdentityMismatch or HonuErrorCode.ClusterMismatch or HonuErrorCode.ClockMismatch => ExitCodes.Refused,
        HonuErrorCode.WaitTimedOut => ExitCodes.Unreachable,
        HonuErrorCode.WriteLost => ExitCodes.Refused,
        HonuErrorCode.TokenTooLarge or HonuErrorCode.NotReplicating or HonuErrorCode.LimitExceeded or HonuErrorCode.DirectoryNotEmpty => ExitCodes.Usage,
        _ => ExitCodes.Internal,
    };

    private static int CodeOf(StoreClientError error) => error switch
    {
        StoreClientError.Unreachable or StoreClientError.TimedOut or StoreClientError.WaitTimedOut or StoreClientError.NotHonu => ExitCodes.Unreachable,
        StoreClientError.InvalidArgument or StoreClientError.LimitExceeded => ExitCodes.Usage,
        StoreClientError.NotFound => ExitCodes.NotFound,
        StoreClientError.Refused => ExitCodes.Refused,
        StoreClientError.Corruption => ExitCodes.Corrupt,
        _ => ExitCodes.Internal,
    };

    private static string WithoutParameter(ArgumentException exception)
    {
        var suffix = exception.Message.LastIndexOf(" (Parameter '", StringComparison.Ordinal);
        return suffix < 0 ? exception.Message : exception.Message[..suffix];
    }
}
