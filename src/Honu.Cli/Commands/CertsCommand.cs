using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Cli.Parsing;
using Honu.Hosting.Security;

namespace Honu.Cli.Commands;

/// <summary><c>honu certs</c>: an authority of one's own, and certificates of it for replicas and clients.</summary>
internal static class CertsCommand
{
    private const UnixFileMode KeyMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode CertificateMode = KeyMode | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private static readonly TimeSpan AuthorityValidity = TimeSpan.FromDays(3650);
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);

    public static Command Create() => new VerbCommand("certs", "Make certificates for mutual TLS: an authority, then one for each replica and each client. For development and small installations.", """
          honu certs ca --dir certs
          honu certs replica --dir certs --pid 1 --host node1 --host 10.0.0.1 --cluster prod
          honu certs client --dir certs --name alice --cluster prod
        """) { CreateAuthority(), CreateReplica(), CreateClient() };

    private static VerbCommand CreateAuthority()
    {
        var (directory, valid, json) = (Directory(), Valid(AuthorityValidity), CommonOptions.JsonOutput());
        var name = new Option<string>("--name") { Description = "The authority's name, for people.", HelpName = "NAME", DefaultValueFactory = static _ => "honu development CA" };
        var command = new VerbCommand("ca", "Make an authority: ca.pem, which everybody trusts, and ca.key, which signs. Keep ca.key away from the servers.", "  honu certs ca --dir certs\n  honu certs ca --dir certs --name \"shop CA\" --valid 1825d --json") { directory, name, valid, json };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(directory)!;
            CommonOptions.RequireNames(path);
            CheckName(parsed.GetValue(name)!);
            using var authority = CertificateMaker.Authority(parsed.GetValue(name)!, Time(parsed, valid, AuthorityValidity), TimeProvider.System);
            return Write(path, "ca", authority, subject: null, parsed.GetValue(json));
        });
        return command;
    }

    private static VerbCommand CreateReplica()
    {
        var (directory, valid, json, cluster) = (Directory(), Valid(Validity), CommonOptions.JsonOutput(), Cluster());
        var pid = new Option<uint>("--pid") { Description = "The replica that it is for (serve --pid).", HelpName = "N", Required = true };
        var hosts = new Option<string[]>("--host") { Description = "A name or address by which clients and peers dial the replica; may be given more than once. Default: localhost, 127.0.0.1 and ::1.", HelpName = "HOST", DefaultValueFactory = static _ => ["localhost", "127.0.0.1", "::1"] };
        var command = new VerbCommand("replica", "Make the certificate of one replica: replica-PID.pem and replica-PID.key, signed with the ca.key of the directory.", "  honu certs replica --dir certs --pid 1\n  honu certs replica --dir certs --pid 2 --host node2 --cluster prod --valid 90d") { directory, pid, hosts, cluster, valid, json };
        command.SetAction(parsed =>
        {
            var (path, id, names) = (parsed.GetValue(directory)!, parsed.GetValue(pid), parsed.GetValue(hosts)!);
            if (id == 0)
                throw CliException.Usage("A replica's number is from 1 to 4294967295; 0 is none.");
            if (Array.Find(names, static host => Uri.CheckHostName(host) is UriHostNameType.Unknown or UriHostNameType.Basic) is { } wrong)
                throw CliException.Usage($"\"{wrong}\" is neither a host name nor an address. Write it without a port.");
            using var authority = Authority(path);
            var clusterName = CheckCluster(parsed.GetValue(cluster)!);
            using var certificate = CertificateMaker.Replica(authority, clusterName, id, names, Time(parsed, valid, Validity), TimeProvider.System);
            return Write(path, string.Create(CultureInfo.InvariantCulture, $"replica-{id}"), certificate, PeerCertificate.ReplicaUri(clusterName, id), parsed.GetValue(json));
        });
        return command;
    }

    private static VerbCommand CreateClient()
    {
        var (directory, valid, json, cluster) = (Directory(), Valid(Validity), CommonOptions.JsonOutput(), Cluster());
        var name = new Option<string>("--name") { Description = "Who the client is; grants name it client:NAME.", HelpName = "NAME", Required = true };
        var command = new VerbCommand("client", "Make the certificate of a client: client-NAME.pem and client-NAME.key, signed with the ca.key of the directory.", "  honu certs client --dir certs --name alice\n  honu certs client --dir certs --name backup --cluster prod --valid 30d") { directory, name, cluster, valid, json };
        command.SetAction(parsed =>
        {
            var (path, client) = (parsed.GetValue(directory)!, parsed.GetValue(name)!);
            CheckName(client);
            if (client.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) >= 0 || client.Contains('\\', StringComparison.Ordinal))
                throw CliException.Usage($"The name \"{client}\" cannot be part of a file's name. Leave out slashes and the like.");
            using var authority = Authority(path);
            var clusterName = CheckCluster(parsed.GetValue(cluster)!);
            using var certificate = CertificateMaker.Client(authority, clusterName, client, Time(parsed, valid, Validity), TimeProvider.System);
            return Write(path, "client-" + client, certificate, PeerCertificate.ClientUri(clusterName, client), parsed.GetValue(json));
        });
        return command;
    }

    private static Option<string> Directory() => new("--dir") { Description = "The directory of the certificates.", HelpName = "DIR", DefaultValueFactory = static _ => "certs" };

    private static Option<string> Cluster() => new("--cluster") { Description = "The cluster (serve --cluster). Default: the one without a name.", HelpName = "NAME", DefaultValueFactory = static _ => "" };

    private static Option<TimeSpan?> Valid(TimeSpan validity) => CommonOptions.Duration("--valid", string.Create(CultureInfo.InvariantCulture, $"How long it is valid. Default {validity.TotalDays:0}d; never longer than the authority."));

    private static TimeSpan Time(ParseResult parsed, Option<TimeSpan?> option, TimeSpan standard) => parsed.GetValue(option) switch
    {
        null => standard,
        { } time when time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromDays(36500) => time,
        { } time => throw CliException.Usage($"A certificate is valid for 1s to 36500d; {Durations.Format(time)} is out of that."),
    };

    private static void CheckName(string name)
    {
        if (name.Length is < 1 or > 64 || name.Any(char.IsControl))
            throw CliException.Usage("A name has 1 to 64 characters, none of them a control character.");
    }

    private static string CheckCluster(string name) => System.Text.Encoding.UTF8.GetByteCount(name) <= 255 && !name.Any(char.IsControl)
        ? name
        : throw CliException.Usage("A cluster's name has at most 255 bytes, none of them a control character.");

    private static X509Certificate2 Authority(string directory)
    {
        CommonOptions.RequireNames(directory);
        var (certificate, key) = (Path.Combine(directory, "ca.pem"), Path.Combine(directory, "ca.key"));
        if (!File.Exists(certificate) || !File.Exists(key))
            throw CliException.Usage($"There is no authority in {directory} (ca.pem and ca.key). Make one first: honu certs ca --dir {directory}.");
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (CryptographicException e)
        {
            throw CliException.Usage($"{certificate} and {key} cannot be used: {e.Message}");
        }
    }

    private static int Write(string directory, string name, X509Certificate2 certificate, string? subject, bool json)
    {
        var made = (Certificate: Path.Combine(directory, name + ".pem"), Key: Path.Combine(directory, name + ".key"), Subject: subject, End: certificate.NotAfter.ToUniversalTime());
        if (new[] { made.Certificate, made.Key }.FirstOrDefault(File.Exists) is { } there)
            throw CliException.Usage($"{there} exists already and is not overwritten. Remove it, or name another --dir.");
        System.IO.Directory.CreateDirectory(directory);
        using var key = certificate.GetECDsaPrivateKey()!;
        WriteNew(made.Key, key.ExportPkcs8PrivateKeyPem(), KeyMode);
        WriteNew(made.Certificate, certificate.ExportCertificatePem(), CertificateMode);

        using var output = new ResultWriter();
        if (json)
            output.Json(made, WriteJson);
        else
            output.Line(string.Create(CultureInfo.InvariantCulture, $"wrote {made.Certificate} and {made.Key}{(subject is null ? "" : $" for {subject}")}, valid until {made.End:yyyy-MM-dd}"));
        return ExitCodes.Ok;
    }

    // The mode is given when the file is made: there is no moment at which others could read a key.
    private static void WriteNew(string path, string pem, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        using var writer = new StreamWriter(path, options);
        writer.Write(pem);
        writer.Write('\n');
    }

    private static void WriteJson(Utf8JsonWriter json, (string Certificate, string Key, string? Subject, DateTime End) made)
    {
        json.WriteStartObject();
        json.WriteString("certificate"u8, made.Certificate);
        json.WriteString("key"u8, made.Key);
        if (made.Subject is { } subject)
            json.WriteString("subject"u8, subject);
        json.WriteString("validUntil"u8, made.End);
        json.WriteEndObject();
    }
}
