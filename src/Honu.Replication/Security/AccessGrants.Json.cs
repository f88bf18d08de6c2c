using System.Text.Json;

namespace Honu.Replication;

public sealed partial class AccessGrants
{
    /// <summary>Reads grants from JSON; what the file looks like is in docs/security.md.</summary>
    /// <param name="json">The text of the file.</param>
    /// <exception cref="FormatException">It is no JSON, or not of this form; the message says where.</exception>
    public static AccessGrants Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            var tokens = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            var rules = new List<AccessRule>();
            foreach (var property in Object(document.RootElement, "the file").EnumerateObject())
            {
                // A word that is not known may be a right that its author believes to have given or taken.
                switch (property.Name)
                {
                    case "tokens":
                        foreach (var token in Object(property.Value, "\"tokens\"").EnumerateObject())
                            tokens.Add(token.Name, Hash(token));
                        break;
                    case "grants" when property.Value.ValueKind == JsonValueKind.Array:
                        rules.AddRange(property.Value.EnumerateArray().Select(ParseRule));
                        break;
                    default:
                        throw new FormatException($"\"{property.Name}\" is not known here; a file of grants has \"tokens\" (an object) and \"grants\" (an array).");
                }
            }

            return new AccessGrants(rules, tokens);
        }
        catch (JsonException e)
        {
            throw new FormatException($"It is no JSON: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            // The constructor's, whose " (Parameter …)" means nothing to the author of the file.
            throw new FormatException(e.Message.Split(" (Parameter", 2)[0], e);
        }
    }

    private static AccessRule ParseRule(JsonElement element)
    {
        string[] namespaces = [], read = [], write = [], admin = [];
        foreach (var property in Object(element, "a grant").EnumerateObject())
        {
            var names = Strings(property);
            switch (property.Name)
            {
                case "namespaces":
                    namespaces = names;
                    break;
                case "read":
                    read = names;
                    break;
                case "write":
                    write = names;
                    break;
                case "admin":
                    admin = names;
                    break;
                default:
                    throw new FormatException($"A grant has \"{property.Name}\"; it may have \"namespaces\", \"read\", \"write\" and \"admin\".");
            }
        }

        return namespaces.Length > 0
            ? new AccessRule { Namespaces = namespaces, Read = read, Write = write, Admin = admin }
            : throw new FormatException("A grant names no namespaces; \"*\" stands for all of them.");
    }

    private static JsonElement Object(JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.Object ? element : throw new FormatException($"An object is wanted for {what}, not {element.ValueKind}.");

    private static string[] Strings(JsonProperty property) =>
        property.Value.ValueKind == JsonValueKind.Array && property.Value.EnumerateArray().All(static item => item.ValueKind == JsonValueKind.String)
            ? [.. property.Value.EnumerateArray().Select(static item => item.GetString()!)]
            : throw new FormatException($"\"{property.Name}\" of a grant must be an array of strings.");

    private static byte[] Hash(JsonProperty token)
    {
        if (token.Value.ValueKind == JsonValueKind.String && token.Value.GetString() is { Length: 2 * HashBytes } text && text.All(char.IsAsciiHexDigit))
            return Convert.FromHexString(text);

        // The value may be the token itself by mistake: it must not appear in a log.
        throw new FormatException($"The token \"{token.Name}\" must be the SHA-256 of the token as {2 * HashBytes} hexadecimal digits.");
    }
}
