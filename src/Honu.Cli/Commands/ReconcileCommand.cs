using System.CommandLine;
using Honu.Cli.Access;

namespace Honu.Cli.Commands;

/// <summary><c>honu reconcile</c>: an operator's word on large deletions.</summary>
internal static class ReconcileCommand
{
    public static Command Create() => new VerbCommand(
        "reconcile",
        "A replica that was away while deletions were forgotten learns of them all at once. When that would delete more than 10 % and 1,000 objects of a namespace, it stops and refuses the session until an operator allows it.",
        """
          honu reconcile allow --namespace orders --remote 127.0.0.1:7000
        """) { CreateAllow() };

    private static VerbCommand CreateAllow()
    {
        var common = new CommonOptions();
        common.Namespace.Description = "The namespace whose objects may be deleted.";
        var command = new VerbCommand(
            "allow",
            "Let the next full reconcile of a namespace delete as much as it must. Ask the replica that would delete. It holds for 24 hours, until one has deleted something, and over a restart. Exits with 3 when there is no such namespace.",
            """
              honu reconcile allow --namespace orders --remote 127.0.0.1:7000
              honu reconcile allow --namespace orders --db ./data
            """) { common.Namespace };
        common.AddStore(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            await using var store = common.Open(parsed, create: false);
            if (store is RemoteStore remote)
                await remote.Client.AllowReconcileAsync(ns, cancellation);
            else if (!((LocalStore)store).Store.Replication.AllowReconcile(ns))
                throw new CliException(ExitCodes.NotFound, $"There is no namespace \"{ns}\".");
            return ExitCodes.Ok;
        });
        return command;
    }
}
