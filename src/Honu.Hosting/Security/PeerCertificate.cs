using System.Formats.Asn1;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Honu.Replication;

namespace Honu.Hosting.Security;

/// <summary>Who a certificate names: the replica of <c>honu://CLUSTER/PID</c>, or the client of <c>honu://CLUSTER/client/NAME</c>, among its alternative names.</summary>
/// <remarks>Cluster and name are percent-encoded. Nothing is decided here about whether the certificate can be trusted: the handshake did that.</remarks>
internal sealed class PeerCertificate
{
    private const string Scheme = "honu://";
    private const string AlternativeNames = "2.5.29.17";
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    // A connection's certificate is one object for all of its calls, so its names are read once.
    private static readonly ConditionalWeakTable<X509Certificate2, PeerCertificate> Known = [];

    private PeerCertificate(string? fault) => Fault = fault;

    /// <summary>What is wrong with its names, so that it is nobody's; <see langword="null"/> when they make sense or there are none.</summary>
    public string? Fault { get; }

    /// <summary>The replica; <see langword="null"/> when it names none.</summary>
    public PeerIdentity? Replica { get; private init; }

    /// <summary>The cluster that it was made for; <see langword="null"/> when it names none.</summary>
    public string? Cluster { get; private init; }

    /// <summary>As grants name the caller: <c>replica:2</c>, <c>client:alice</c>; of a certificate without such a name the common name is the client's.</summary>
    public string? Subject { get; private init; }

    public static PeerCertificate Of(X509Certificate2 certificate) => Known.GetValue(certificate, Read);

    public static string ReplicaUri(string cluster, uint pid) => string.Create(CultureInfo.InvariantCulture, $"{Scheme}{Uri.EscapeDataString(cluster)}/{pid}");

    public static string ClientUri(string cluster, string name) => $"{Scheme}{Uri.EscapeDataString(cluster)}/client/{Uri.EscapeDataString(name)}";

    /// <summary>For logs: who it names, of which authority, until when.</summary>
    public static string Describe(X509Certificate2 certificate) =>
        string.Create(CultureInfo.InvariantCulture, $"{OneLine(Of(certificate).Subject ?? certificate.Subject)} (of {OneLine(certificate.Issuer)}, valid until {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm}Z)");

    private static PeerCertificate Read(X509Certificate2 certificate)
    {
        List<string> uris;
        try
        {
            uris = Uris(certificate).Where(static uri => uri.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)).ToList();
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return new PeerCertificate("its alternative names cannot be read");
        }

        // With two names, which one holds would depend on who asks.
        return uris.Count switch
        {
            0 => new PeerCertificate(fault: null) { Subject = CommonName(certificate) is { Length: > 0 } name ? AccessGrants.Client(name) : null },
            1 => Parse(uris[0]),
            _ => new PeerCertificate($"it has {uris.Count} names that begin with {Scheme}; one is allowed"),
        };
    }

    private static PeerCertificate Parse(string uri)
    {
        var parts = uri[Scheme.Length..].Split('/');
        var cluster = Uri.UnescapeDataString(parts[0]);
        if (uri.StartsWith(Scheme, StringComparison.Ordinal))
        {
            if (parts.Length == 2 && uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0 && ReplicaUri(cluster, pid) == uri)
                return new PeerCertificate(fault: null) { Cluster = cluster, Replica = new PeerIdentity(cluster, pid), Subject = AccessGrants.Replica(pid) };
            if (parts.Length == 3 && parts[1] == "client" && Uri.UnescapeDataString(parts[2]) is { Length: > 0 } name && ClientUri(cluster, name) == uri)
                return new PeerCertificate(fault: null) { Cluster = cluster, Subject = AccessGrants.Client(name) };
        }

        return new PeerCertificate($"its name {OneLine(uri)} is neither {Scheme}CLUSTER/PID nor {Scheme}CLUSTER/client/NAME");
    }

    private static IEnumerable<string> Uris(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions.Where(static extension => extension.Oid?.Value == AlternativeNames))
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag() == UriTag)
                    yield return names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag);
                else
                    names.ReadEncodedValue();
            }
        }
    }

    private static string? CommonName(X509Certificate2 certificate) => certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false)
        .Where(static part => !part.HasMultipleElements && part.GetSingleElementType().Value == "2.5.4.3")
        .Select(static part => part.GetSingleElementValue())
        .FirstOrDefault();

    // What a stranger wrote into a certificate must not make lines of its own in a log.
    private static string OneLine(string text) => string.Concat(text.Take(200).Select(static c => char.IsControl(c) ? ' ' : c));
}
