namespace Honu.Grpc.InteropHost;

/// <summary>The server and the client of gRPC's interoperability tests, on Honu.Grpc. docs/interop.md says what they are run against.</summary>
internal static class Program
{
    private const int Passed = 0;
    private const int Failed = 1;
    private const int Misused = 2;

    public static async Task<int> Main(string[] args)
    {
        var arguments = Arguments.Parse(args, out var problem);
        if (arguments is null)
        {
            await Console.Error.WriteLineAsync($"{problem}\n\n{Arguments.Usage}");
            return Misused;
        }

        try
        {
            var tls = arguments.TlsDirectory is { } directory ? new TlsFiles(directory) : null;
            if (arguments.Case is { } name)
                await InteropClient.RunAsync(arguments.Host, arguments.Port, name, tls);
            else
                await InteropServer.RunAsync(arguments.Host, arguments.Port, tls);
            return Passed;
        }
        catch (Exception exception)
        {
            // Whatever it was, this case has not passed, and the script that runs it shows this text.
            await Console.Error.WriteLineAsync(exception is CaseFailedException ? exception.Message : exception.ToString());
            return Failed;
        }
    }
}
