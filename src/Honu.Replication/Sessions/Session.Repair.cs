using Honu.Replication.Messages;
namespace Honu.Replication;
internal sealed partial class Session
{
    private bool _verify;
    private bool IsComparing => false;
    private List<string> FindWorthComparing(Hello hello) => [];
    private void BeginRepair(List<string> names, TimeSpan now) { }
    private void GoOnComparing(TimeSpan now) { }
    private bool TryDispatchRepair(SessionMessage message, TimeSpan now) => false;
    private void EndRepair() { }
}
