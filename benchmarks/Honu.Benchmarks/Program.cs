using BenchmarkDotNet.Running;
using Honu.Benchmarks;

// All suites: dotnet run -c Release --project benchmarks/Honu.Benchmarks -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(StoreBenchmarks).Assembly).Run(args);
