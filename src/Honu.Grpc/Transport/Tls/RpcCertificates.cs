using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Honu.Grpc;

/// <summary>The certificate that one side shows and the authorities that it trusts: given ones, or PEM files that are read again when they change.</summary>
/// <remarks>Safe to use from any thread; one instance can serve a listener and many channels. A change holds for connections made after it.</remarks>
public sealed class RpcCertificates
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private readonly string?[] _files = [];
    private readonly string _names = "";
    private readonly ILogger _logger = NullLogger.Instance;
    private readonly TimeProvider _clock = TimeProvider.System;
    private byte[] _seen = [];
    private long _checked;
    private volatile Loaded _current;

    /// <summary>Certificates that stay as they are.</summary>
    /// <param name="certificate">With its private key; <see langword="null"/> to show none. Not disposed.</param>
    /// <param name="roots">The only authorities to trust; <see langword="null"/> for those of the machine (client) or to ask for no certificate (server).</param>
    public RpcCertificates(X509Certificate2? certificate, X509Certificate2Collection? roots) => _current = Load(certificate, null, roots);

    private RpcCertificates(string?[] files, ILogger? logger, TimeProvider? clock)
    {
        (_files, _names, _logger, _clock) = (files, string.Join(", ", files.OfType<string>()), logger ?? _logger, clock ?? _clock);
        (_current, _seen) = (Read(out var hash), hash);
        _checked = _clock.GetTimestamp();
    }

    /// <summary>The certificate to show, with its private key.</summary>
    public X509Certificate2? Certificate => Current.Certificate;

    /// <summary>The only authorities to trust.</summary>
    public X509Certificate2Collection? Roots => Current.Roots;

    internal SslStreamCertificateContext? Context => Current.Context;

    private Loaded Current
    {
        get
        {
            // One handshake looks at the files, the others go on with what there is: none waits for another one's disk.
            if (_files.Length > 0 && _clock.GetElapsedTime(Volatile.Read(ref _checked)) >= CheckInterval && _sync.TryEnter())
                CheckAndExit();
            return _current;
        }
    }

    /// <summary>Certificates in PEM files. They are looked at again at each new connection, at most once a second.</summary>
    /// <param name="certificateFile">The certificate to show, followed by intermediate ones if there are any (only servers send these along).</param>
    /// <param name="keyFile">Its private key, not encrypted.</param>
    /// <param name="rootsFile">The only authorities to trust; <see langword="null"/> as for the constructor.</param>
    /// <param name="logger">Told of every change, and of files that cannot be used: the last good ones stay in use then.</param>
    /// <param name="clock">The clock; <see langword="null"/> for the system's.</param>
    /// <exception cref="InvalidDataException">A file has no certificate or key, or they do not belong together.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read, or is a directory.</exception>
    public static RpcCertificates FromPemFiles(
        string? certificateFile, string? keyFile, string? rootsFile, ILogger? logger = null, TimeProvider? clock = null) =>
        (certificateFile is null) == (keyFile is null)
            ? new RpcCertificates([certificateFile, keyFile, rootsFile], logger, clock)
            : throw new ArgumentException("A certificate needs its key file, and a key its certificate file.", nameof(keyFile));

    private void CheckAndExit()
    {
        Volatile.Write(ref _checked, _clock.GetTimestamp());
        var hash = _seen;
        try
        {
            var read = Read(out hash);
            if (hash.AsSpan().SequenceEqual(_seen))
                return;

            _current = read;
            RpcLog.CertificatesRead(_logger, _names, read.Certificate?.Subject, read.Certificate?.NotAfter);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // Two files cannot change at once: between the two they may not fit, and the old ones still do.
            RpcLog.CertificatesNotRead(_logger, _names, exception);
        }
        finally
        {
            _seen = hash;
            _sync.Exit();
        }
    }

    private Loaded Read(out byte[] hash)
    {
        var texts = Array.ConvertAll(_files, static file => file is null ? "" : File.ReadAllText(file));
        hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(texts)));
        try
        {
            X509Certificate2Collection chain = [], roots = [];
            chain.ImportFromPem(texts[0]);
            roots.ImportFromPem(texts[2]);
            if (_files[2] is not null && roots.Count == 0)
                throw new CryptographicException("There is no certificate of an authority in it.");

            var certificate = _files[0] is null ? null : X509Certificate2.CreateFromPem(texts[0], texts[1]);
            return Load(certificate, chain, _files[2] is null ? null : roots);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            // A key of another certificate is the latter.
            throw new InvalidDataException($"The PEM files {_names} cannot be used: {exception.Message}", exception);
        }
    }

    private static Loaded Load(X509Certificate2? certificate, X509Certificate2Collection? chain, X509Certificate2Collection? roots) =>
        new(certificate, certificate is null ? null : SslStreamCertificateContext.Create(certificate, chain, offline: true), roots);

    private sealed record Loaded(X509Certificate2? Certificate, SslStreamCertificateContext? Context, X509Certificate2Collection? Roots);
}
