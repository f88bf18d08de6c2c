using BenchmarkDotNet.Running;

// All suites: dotnet run -c Release --project benchmarks/Honu.Benchmarks -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
