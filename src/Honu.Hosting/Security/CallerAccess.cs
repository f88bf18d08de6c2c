using System.Net;
using Grpc.Core;
using Honu.Replication;

namespace Honu.Hosting.Security;

/// <summary>Finds out who a caller is, and refuses what the grants do not allow. Without grants every caller of this cluster may do everything.</summary>
/// <param name="cluster">The cluster of the store.</param>
/// <param name="grants">The grants, if there are any.</param>
/// <param name="allowInsecure">Whether callers from other machines may come without certificate or token when there are no grants.</param>
internal sealed class CallerAccess(string cluster, AccessGrants? grants, bool allowInsecure)
{
    private const string Scheme = "Bearer ";

    /// <summary>Whether there is anything to check beyond who the caller is.</summary>
    public bool HasGrants => grants is not null;

    /// <summary>Who calls, as grants name it; <see langword="null"/> for a caller who has shown nothing and may call nevertheless.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED or PERMISSION_DENIED: nobody who may call.</exception>
    public string? Identify(ServerCallContext context)
    {
        var connection = context.GetHttpContext().Connection;
        string? subject = null;
        if (connection.ClientCertificate is { } certificate)
        {
            var names = PeerCertificate.Of(certificate);
            if (names.Fault is { } fault)
                throw Unauthenticated($"The certificate is nobody's: {fault}.");
            if (names.Cluster is { } theirs && theirs != cluster)
                throw Denied($"The certificate is for cluster \"{theirs}\", and this store belongs to \"{cluster}\". Use a certificate of this cluster.");
            subject = names.Subject;
        }

        if (grants is null)
        {
            return connection.ClientCertificate is not null || allowInsecure || connection.RemoteIpAddress is not { } remote || IPAddress.IsLoopback(remote)
                ? subject
                : throw Unauthenticated("Callers from other machines need a certificate here. Show one (--tls-cert, --tls-key).");
        }

        // Whoever shows a token wants to be what it stands for, whatever certificate the connection has.
        if (context.RequestHeaders.FirstOrDefault(static entry => entry.Key == "authorization")?.Value is { } header)
        {
            return (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? grants.FindToken(header[Scheme.Length..].Trim()) : null)
                ?? throw Unauthenticated("The token is not known here. Ask the operator of the server for a valid one.");
        }

        return subject;
    }

    /// <summary>Refuses callers who have shown nothing, unless grants speak of such ones.</summary>
    public void RequireSomebody(string? subject)
    {
        if (grants is not null && subject is null && grants.Patterns(null, AccessRight.Read).Count == 0)
            throw Unauthenticated("Callers need a certificate or a token here. Show one (--tls-cert, --auth-token-file).");
    }

    public void Require(string? subject, AccessRight right, string ns)
    {
        if (grants is not null && !grants.Allows(subject, right, ns))
            throw Missing(subject, right, $"namespace \"{ns}\"");
    }

    public void RequireEverywhere(string? subject, AccessRight right)
    {
        if (grants is not null && !grants.AllowsEverywhere(subject, right))
            throw Missing(subject, right, "all namespaces");
    }

    public bool MayRead(string? subject, string ns) => grants is null || grants.Allows(subject, AccessRight.Read, ns);

    private static RpcException Missing(string? subject, AccessRight right, string where) => subject is null
        ? Unauthenticated($"The right to {Verb(right)} {where} needs a certificate or a token. Show one (--tls-cert, --auth-token-file).")
        : Denied($"{subject} may not {Verb(right)} {where}. Ask the operator of the server for a grant.");

    private static string Verb(AccessRight right) => right switch
    {
        AccessRight.Read => "read",
        AccessRight.Write => "write",
        _ => "administer",
    };

    private static RpcException Unauthenticated(string message) => new(new Status(StatusCode.Unauthenticated, message));

    private static RpcException Denied(string message) => new(new Status(StatusCode.PermissionDenied, message));
}
