using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Hosting.Security;

/// <summary>Makes an authority and certificates of it (EC P-256) for development and small installations.</summary>
internal static class CertificateMaker
{
    // Clocks of machines differ: a certificate that begins this moment is not valid yet at some of them.
    private static readonly TimeSpan Allowance = TimeSpan.FromMinutes(10);

    public static X509Certificate2 Authority(string name, TimeSpan validity, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(CommonName(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        return request.CreateSelfSigned(now - Allowance, now + validity);
    }

    /// <summary>A certificate of a replica: good for servers and clients, for a replica is both.</summary>
    public static X509Certificate2 Replica(X509Certificate2 authority, string cluster, uint pid, IEnumerable<string> hosts, TimeSpan validity, TimeProvider time)
    {
        var names = Names([PeerCertificate.ReplicaUri(cluster, pid)], hosts);
        return Issue(authority, $"honu replica {pid}", names, [CertificateFaults.ServerUsage, CertificateFaults.ClientUsage], validity, time);
    }

    public static X509Certificate2 Client(X509Certificate2 authority, string cluster, string name, TimeSpan validity, TimeProvider time) =>
        Issue(authority, name, Names([PeerCertificate.ClientUri(cluster, name)], []), [CertificateFaults.ClientUsage], validity, time);

    /// <summary>The alternative names of a certificate.</summary>
    /// <param name="uris">Written as they are: a <see cref="Uri"/> would not take a cluster's name with a space, and changes the case of others.</param>
    /// <param name="hosts">Names and addresses.</param>
    public static X509Extension Names(IEnumerable<string> uris, IEnumerable<string> hosts)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var host in hosts)
            {
                if (IPAddress.TryParse(host, out var address))
                    writer.WriteOctetString(address.GetAddressBytes(), new Asn1Tag(TagClass.ContextSpecific, 7));
                else
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, host, new Asn1Tag(TagClass.ContextSpecific, 2));
            }

            foreach (var uri in uris)
                writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
        }

        return new X509SubjectAlternativeNameExtension(writer.Encode(), critical: false);
    }

    private static X509Certificate2 Issue(
        X509Certificate2 authority, string name, X509Extension names, string[] usages, TimeSpan validity, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(CommonName(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(static usage => new Oid(usage))], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(names);

        // It cannot outlive its authority.
        var now = time.GetUtcNow();
        var end = now + validity;
        var last = new DateTimeOffset(authority.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        using var certificate = request.Create(authority, now - Allowance, end < last ? end : last, RandomNumberGenerator.GetBytes(16));
        return certificate.CopyWithPrivateKey(key);
    }

    private static X500DistinguishedName CommonName(string name)
    {
        var builder = new X500DistinguishedNameBuilder();
        builder.AddCommonName(name);
        return builder.Build();
    }
}
