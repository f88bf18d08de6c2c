using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>Who a client is, from the certificate that it showed in the handshake; the names of the properties are those of other gRPC runtimes.</summary>
internal static class PeerAuthentication
{
    private const string DnsName = "x509_subject_alternative_name";
    private const string CommonName = "x509_common_name";
    private const string CommonNameOid = "2.5.4.3";
    private static readonly AuthContext Anonymous = new(null, []);

    public static AuthContext FromCertificate(X509Certificate2? certificate)
    {
        if (certificate is null)
            return Anonymous;

        // Not GetNameInfo: it takes another part of the subject when there is no common name, and that is not an identity.
        var commonNames = certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false)
            .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == CommonNameOid)
            .Select(part => part.GetSingleElementValue()).OfType<string>();
        var dnsNames = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames());
        var properties = new[] { ("x509_pem_cert", certificate.ExportCertificatePem()) }
            .Concat(commonNames.Take(1).Select(name => (CommonName, name)))
            .Concat(dnsNames.Select(name => (DnsName, name)))
            .Select(property => AuthProperty.Create(property.Item1, Encoding.UTF8.GetBytes(property.Item2)))
            .GroupBy(property => property.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToList(), StringComparer.Ordinal);
        return new AuthContext(Array.Find([DnsName, CommonName], properties.ContainsKey), properties);
    }
}
