namespace Honu.Replication.Tests.Peers;

public class PeerAddressTests
{
    [Theory]
    [InlineData("host:1", "host", 1, null)]
    [InlineData("eu-1.example.org:65535", "eu-1.example.org", 65535, null)]
    [InlineData("7@host:4269", "host", 4269, 7u)]
    [InlineData("4294967295@10.0.0.1:80", "10.0.0.1", 80, 4294967295u)]
    [InlineData("[::1]:80", "[::1]", 80, null)]
    [InlineData("3@[fe80::1]:80", "[fe80::1]", 80, 3u)]
    public void TryParse_Address_RoundTrips(string text, string host, int port, uint? pid)
    {
        Assert.True(PeerAddress.TryParse(text, out var address));

        Assert.Equal(new PeerAddress(host, port, pid), address);
        Assert.Equal(text, address.ToString());
        Assert.Equal(address, PeerAddress.Parse(text));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("host:")]
    [InlineData(":80")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:-1")]
    [InlineData("host:+1")]
    [InlineData("host: 80")]
    [InlineData("host:80 ")]
    [InlineData("ho st:80")]
    [InlineData("::1:80")]
    [InlineData("@host:80")]
    [InlineData("x@host:80")]
    [InlineData("-1@host:80")]
    [InlineData("4294967296@host:80")]
    [InlineData("1@2@host:80")]
    [InlineData("http://host:80")]
    [InlineData("host:80/path")]
    public void TryParse_AnythingElse_IsNoAddress(string? text)
    {
        Assert.False(PeerAddress.TryParse(text, out _));
        if (text is not null)
            Assert.Throws<FormatException>(() => PeerAddress.Parse(text));
    }
}
