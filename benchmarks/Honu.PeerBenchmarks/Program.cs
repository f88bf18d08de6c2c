using System.CommandLine;
using Honu.Cli;
using Honu.Cli.Commands;
using Honu.PeerBenchmarks;

// The options of honu bench; only the engines are others: dotnet run -c Release --project benchmarks/Honu.PeerBenchmarks -- --help
var root = new RootCommand("Run the workloads of honu bench on bare LevelDB, Honu, SQLite, LiteDB and ZoneTree, interleaved, and say what each does not do.");
BenchCommand.Configure(root, Peers.All);
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
}
catch (Exception e)
{
    // The outermost place: every failure becomes a line and a code here.
    return Failures.Report(e);
}
