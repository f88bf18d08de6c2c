using Honu.Cli;

return await HonuCommand.RunAsync(args);
