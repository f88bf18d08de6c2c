using System.Security.Cryptography;
using System.Text;
using Honu.Replication;

namespace Honu.Hosting.Tests.Security;

/// <summary>What a file of grants means, and that a wrong one is refused as a whole.</summary>
public sealed class AccessGrantsTests
{
    private const string Text = """
        {
          // ci writes what it builds
          "tokens": { "ci": "SHA" },
          "grants": [
            { "namespaces": ["orders", "logs/*"], "read": ["replica:*", "client:alice"], "write": ["replica:1", "token:ci"] },
            { "namespaces": ["*"], "read": ["client:auditor"], "admin": ["client:root"] },
            { "namespaces": ["public"], "read": ["anyone"], "write": ["*"] },
          ]
        }
        """;

    private readonly AccessGrants _grants = AccessGrants.Parse(Text.Replace("SHA", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("s3cret"))), StringComparison.Ordinal));

    [Theory]
    [InlineData("replica:2", AccessRight.Read, "orders", true)]
    [InlineData("replica:2", AccessRight.Read, "logs/", true)]
    [InlineData("replica:2", AccessRight.Read, "logs/a", true)]
    [InlineData("replica:2", AccessRight.Read, "logs", false)]
    [InlineData("replica:2", AccessRight.Read, "orders2", false)]
    [InlineData("replica:2", AccessRight.Read, "Orders", false)]
    [InlineData("replica:2", AccessRight.Write, "orders", false)]
    [InlineData("replica:1", AccessRight.Write, "orders", true)]
    [InlineData("replica:11", AccessRight.Write, "orders", false)]
    [InlineData("client:alice", AccessRight.Read, "orders", true)]
    [InlineData("client:alice", AccessRight.Write, "orders", false)]
    [InlineData("client:1", AccessRight.Write, "orders", false)]
    [InlineData("token:ci", AccessRight.Write, "logs/x", true)]
    [InlineData("client:ci", AccessRight.Write, "logs/x", false)]
    [InlineData("client:auditor", AccessRight.Read, "whatever", true)]
    [InlineData("client:root", AccessRight.Read, "whatever", false)]
    [InlineData("client:root", AccessRight.Admin, "whatever", true)]
    [InlineData(null, AccessRight.Read, "public", true)]
    [InlineData(null, AccessRight.Write, "public", false)]
    [InlineData("client:nobody", AccessRight.Write, "public", true)]
    [InlineData(null, AccessRight.Read, "orders", false)]
    public void Allows_WhatARuleGivesAndNothingElse(string? subject, AccessRight right, string ns, bool expected) =>
        Assert.Equal(expected, _grants.Allows(subject, right, ns));

    [Fact]
    public void AllowsEverywhere_OnlyWithAStar()
    {
        Assert.True(_grants.AllowsEverywhere("client:auditor", AccessRight.Read));
        Assert.False(_grants.AllowsEverywhere("client:alice", AccessRight.Read));
        Assert.False(_grants.AllowsEverywhere("client:auditor", AccessRight.Admin));
        Assert.Equal(["orders", "logs/*", "public"], _grants.Patterns("replica:2", AccessRight.Read));
        Assert.Equal(["public"], _grants.Patterns(null, AccessRight.Read));
    }

    [Fact]
    public void FindToken_KnowsItsTokensOnly()
    {
        Assert.Equal("token:ci", _grants.FindToken("s3cret"));
        Assert.Null(_grants.FindToken("S3cret"));
        Assert.Null(_grants.FindToken(""));
        Assert.Null(_grants.FindToken("s3cre"));
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("[]", "An object is wanted")]
    [InlineData("""{"grant":[]}""", "\"grant\" is not known")]
    [InlineData("""{"grants":{}}""", "\"grants\"")]
    [InlineData("""{"grants":[],"grants":[]}""", "no JSON")]
    [InlineData("""{"grants":[{"read":["*"]}]}""", "names no namespaces")]
    [InlineData("""{"grants":[{"namespaces":["a"],"reads":["*"]}]}""", "reads")]
    [InlineData("""{"grants":[{"namespaces":["a"],"read":"*"}]}""", "array of strings")]
    [InlineData("""{"grants":[{"namespaces":[""],"read":["*"]}]}""", "neither a namespace")]
    [InlineData("""{"grants":[{"namespaces":["a"],"read":["alice"]}]}""", "no subject")]
    [InlineData("""{"grants":[{"namespaces":["a"],"read":["replica:one"]}]}""", "no subject")]
    [InlineData("""{"grants":[{"namespaces":["a"],"read":["replica:01"]}]}""", "no subject")]
    [InlineData("""{"grants":[{"namespaces":["a"],"read":["client:"]}]}""", "no subject")]
    [InlineData("""{"tokens":{"ci":"hunter2"}}""", "\"ci\"")]
    public void Parse_OfAWrongFile_SaysWhatIsWrong(string json, string named)
    {
        var failure = Assert.Throws<FormatException>(() => AccessGrants.Parse(json));

        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", failure.Message, StringComparison.Ordinal);
    }
}
