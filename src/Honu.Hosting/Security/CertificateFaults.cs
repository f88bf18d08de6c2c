using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Hosting.Security;

/// <summary>Judges a certificate by given authorities, and says in words what is wrong with it.</summary>
internal static class CertificateFaults
{
    public const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    public const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    /// <summary>Why the certificate is not to be trusted, or <see langword="null"/>.</summary>
    /// <param name="certificate">What the other side showed, if anything.</param>
    /// <param name="presented">The chain of the handshake, for the intermediate certificates that came along.</param>
    /// <param name="errors">What the handshake found; only the name is taken from it.</param>
    /// <param name="roots">The only authorities to trust.</param>
    /// <param name="usage">What the certificate must be good for.</param>
    public static string? Find(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors, X509Certificate2Collection roots, string usage)
    {
        if (certificate is not X509Certificate2 shown)
            return "no certificate was shown";

        // Authorities are private, so revocation is not asked for, and nothing is downloaded while a stranger's certificate is looked at.
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));
        if (presented is not null)
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        if (!chain.Build(shown))
            return $"{string.Join(", and ", chain.ChainStatus.Select(status => Describe(status, shown, usage)).Distinct(StringComparer.Ordinal))}: {PeerCertificate.Describe(shown)}";
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? $"its names do not include the host that was dialled: {PeerCertificate.Describe(shown)}"
            : null;
    }

    private static string Describe(X509ChainStatus status, X509Certificate2 certificate, string usage) => status.Status switch
    {
        X509ChainStatusFlags.NotTimeValid => string.Create(
            CultureInfo.InvariantCulture,
            $"the certificate has expired or is not valid yet (valid from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm}Z to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm}Z)"),
        X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain => "the certificate is of an authority that is not trusted here",
        X509ChainStatusFlags.NotValidForUsage => $"the certificate is not made for {(usage == ServerUsage ? "servers" : "clients")}",
        X509ChainStatusFlags.NotSignatureValid => "the certificate's signature is wrong",
        _ => $"{status.Status} ({status.StatusInformation.ReplaceLineEndings(" ").Trim()})",
    };
}
