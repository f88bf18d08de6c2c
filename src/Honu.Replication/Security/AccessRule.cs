namespace Honu.Replication;

/// <summary>What may be done in a namespace. Each right stands alone: none brings another one along.</summary>
public enum AccessRight
{
    /// <summary>Get, scan, count, history, conflicts and watch; for a replica: to be told of the namespace and to receive it.</summary>
    Read,

    /// <summary>Put, delete, import and batches; for a replica: that its writes are taken, whoever brings them, and that it may bring those of others.</summary>
    Write,

    /// <summary>What operators do; the calls of the admin service need it for every namespace (<c>*</c>).</summary>
    Admin,
}

/// <summary>Gives rights in some namespaces to some subjects.</summary>
/// <remarks>
/// A namespace is a name, or a prefix that ends with <c>*</c>. A subject is <c>replica:PID</c>, <c>client:NAME</c>, <c>token:NAME</c>; <c>replica:*</c>,
/// <c>client:*</c>, <c>token:*</c>; <c>*</c> for everyone who has shown a certificate or a token, or <c>anyone</c>.
/// </remarks>
public sealed record AccessRule
{
    /// <summary>The namespaces.</summary>
    public required IReadOnlyList<string> Namespaces { get; init; }

    /// <summary>Who may read.</summary>
    /// <value>Default nobody.</value>
    public IReadOnlyList<string> Read { get; init; } = [];

    /// <summary>Who may write.</summary>
    /// <value>Default nobody.</value>
    public IReadOnlyList<string> Write { get; init; } = [];

    /// <summary>Who may do what operators do.</summary>
    /// <value>Default nobody.</value>
    public IReadOnlyList<string> Admin { get; init; } = [];

    internal IReadOnlyList<string> Subjects(AccessRight right) => right switch
    {
        AccessRight.Read => Read,
        AccessRight.Write => Write,
        _ => Admin,
    };
}
