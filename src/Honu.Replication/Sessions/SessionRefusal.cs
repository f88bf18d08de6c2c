using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>What a refusal on the wire means to a session's report, and what an error of this side is called on the wire.</summary>
internal static class SessionRefusal
{
    /// <summary>What is said to the peer after a step failed here.</summary>
    public static Refusal.Types.Reason ReasonFor(Exception error) => (error as HonuException)?.Code switch
    {
        _ when error is ForbiddenException => Refusal.Types.Reason.Forbidden,
        HonuErrorCode.MalformedRecord => Refusal.Types.Reason.Malformed,
        HonuErrorCode.ReconcileLimit => Refusal.Types.Reason.Operator,
        HonuErrorCode.ClockDrift => Refusal.Types.Reason.Drift,
        _ => Refusal.Types.Reason.Retry,
    };

    public static SessionEndReason EndReason(Refusal.Types.Reason reason) => reason switch
    {
        Refusal.Types.Reason.Unspecified or Refusal.Types.Reason.Retry => SessionEndReason.Retry,
        Refusal.Types.Reason.Protocol => SessionEndReason.Protocol,
        Refusal.Types.Reason.Cluster => SessionEndReason.Cluster,
        Refusal.Types.Reason.Identity => SessionEndReason.Identity,
        Refusal.Types.Reason.Clock => SessionEndReason.Clock,
        Refusal.Types.Reason.Drift => SessionEndReason.Drift,
        Refusal.Types.Reason.Duplicate => SessionEndReason.Duplicate,
        Refusal.Types.Reason.Forbidden => SessionEndReason.Forbidden,
        Refusal.Types.Reason.Operator => SessionEndReason.Operator,

        // A reason that this build does not know is taken for a permanent one.
        _ => SessionEndReason.Malformed,
    };

    public static SyncOutcome OutcomeOf(SessionEndReason reason) => reason switch
    {
        SessionEndReason.Duplicate => SyncOutcome.Superseded,
        SessionEndReason.Retry or SessionEndReason.Drift or SessionEndReason.Timeout => SyncOutcome.Interrupted,
        _ => SyncOutcome.Refused,
    };
}
