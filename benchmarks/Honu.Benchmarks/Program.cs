using BenchmarkDotNet.Running;
using Honu.Benchmarks;

// All suites: dotnet run -c Release --project benchmarks/Honu.Benchmarks -- --filter '*'
// A large store's opening: dotnet run -c Release --project benchmarks/Honu.Benchmarks -- open --keys 1000000
switch (args)
{
    case ["open", ..]:
        return await OpenScenario.RunAsync(args[1..]);
    case ["open-step", ..]:
        return OpenScenario.Step(args[1..]);
    default:
        BenchmarkSwitcher.FromAssembly(typeof(StoreBenchmarks).Assembly).Run(args);
        return 0;
}
