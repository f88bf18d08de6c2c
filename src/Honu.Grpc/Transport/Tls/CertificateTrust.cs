using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc;

/// <summary>Trust in given certificate authorities and in no other one. Revocation is not asked for: private authorities rarely publish it.</summary>
internal static class CertificateTrust
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    public static bool Holds(X509Certificate2 certificate, X509Chain? presented, X509Certificate2Collection roots, string usage)
    {
        using var chain = new X509Chain { ChainPolicy = PolicyFor(roots, usage) };
        if (presented is not null)
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        return chain.Build(certificate);
    }

    public static X509ChainPolicy PolicyFor(X509Certificate2Collection roots, string usage)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            // Nothing may be downloaded while a stranger's certificate is looked at.
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(roots);
        policy.ApplicationPolicy.Add(new Oid(usage));
        return policy;
    }
}
