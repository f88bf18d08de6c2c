using Honu.GrpcBenchmarks;

var arguments = new Arguments(args);
switch (args.FirstOrDefault())
{
    case "server":
        await BenchServer.RunAsync(arguments.Int("port", 0)).ConfigureAwait(false);
        return 0;
    case "client":
        await BenchClient.RunAsync(arguments).ConfigureAwait(false);
        return 0;
    case "compare":
        return await Comparison.RunAsync(arguments).ConfigureAwait(false);
    default:
        Console.Error.WriteLine(
            "server --port 0\n" +
            "client --address HOST:PORT --scenario unary|pingpong|serverstream|clientstream|flood --size BYTES --concurrency N --seconds S [--warmup S] [--hint] [--interactive]\n" +
            "compare --cpp PROGRAM --js SCRIPT --json FILE [--rounds N] [--seconds S] [--warmup S] [--only PATTERN] [--impl honu,cpp,js,honu-cpp,cpp-honu]");
        return 2;
}
