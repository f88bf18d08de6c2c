using System.Text;

namespace Grpc.Core;

/// <summary>One statement about the peer, proven in the TLS handshake.</summary>
public class AuthProperty
{
    private readonly byte[] _value;

    private AuthProperty(string name, byte[] value) => (Name, _value) = (name, value);

    /// <summary>What the statement is about, such as <c>x509_common_name</c>.</summary>
    public string Name { get; }
    /// <summary>The value as UTF-8 text.</summary>
    public string Value => Encoding.UTF8.GetString(_value);
    /// <summary>The value as bytes; a copy.</summary>
    public byte[] ValueBytes => (byte[])_value.Clone();
    /// <summary>A property with this name and a copy of these bytes.</summary>
    public static AuthProperty Create(string name, byte[] valueBytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(valueBytes);
        return new AuthProperty(name, (byte[])valueBytes.Clone());
    }
}

/// <summary>
/// Who the peer of a call is. With a client certificate there are <c>x509_common_name</c>, <c>x509_subject_alternative_name</c> (one per DNS name) and
/// <c>x509_pem_cert</c>; the identity is its DNS names or, without any, its common name.
/// </summary>
public class AuthContext(string? peerIdentityPropertyName, Dictionary<string, List<AuthProperty>> properties)
{
    private readonly Dictionary<string, List<AuthProperty>> _properties = properties ?? throw new ArgumentNullException(nameof(properties));

    /// <summary>Whether the peer has proven an identity.</summary>
    public bool IsPeerAuthenticated => PeerIdentityPropertyName is not null;
    /// <summary>The name of the properties that are the identity; <see langword="null"/> if the peer is not authenticated.</summary>
    public string? PeerIdentityPropertyName { get; } = peerIdentityPropertyName;
    /// <summary>The properties that are the identity; empty if the peer is not authenticated.</summary>
    public IEnumerable<AuthProperty> PeerIdentity => PeerIdentityPropertyName is { } name ? FindPropertiesByName(name) : [];
    /// <summary>All properties.</summary>
    public IEnumerable<AuthProperty> Properties => _properties.Values.SelectMany(values => values);
    /// <summary>The properties with this name; empty if there are none.</summary>
    public IEnumerable<AuthProperty> FindPropertiesByName(string propertyName) => _properties.TryGetValue(propertyName, out var values) ? values : [];
}
