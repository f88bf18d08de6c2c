using Honu.Cli;

if (CommandLine.IsDamaged())
{
    Console.Error.WriteLine("honu: An argument is not valid UTF-8; part of it would be lost. Give keys and values as base64 with --base64.");
    return ExitCodes.Usage;
}

return await HonuCommand.RunAsync(args);
