using Honu.Compatibility;

namespace Honu.Tests.Compatibility;

public class GoDsnTests
{
    [Fact]
    public void TryParse_EveryCaseOfTheOriginal_GivesItsResult()
    {
        var cases = GoFixtures.Load("dsn_cases.json").EnumerateArray().ToList();

        foreach (var example in cases)
        {
            var uri = GoFixtures.Text(example, "uri")!;
            var found = GoDsn.TryParse(uri, out var dsn, out var error);
            Assert.Equal((uri, GoFixtures.Text(example, "error")), (uri, error));
            Assert.Equal(found, error is null);
            if (found)
                Assert.Equal((uri, GoFixtures.Text(example, "scheme"), GoFixtures.Text(example, "path")), (uri, dsn!.Scheme, dsn.Path));
        }

        Assert.Equal(16, cases.Count);
    }

    [Theory]
    [InlineData("leveldb:///a%20b?cache=1#top", "a b")]
    [InlineData("leveldb:///%C3%A9", "é")]
    [InlineData("leveldb://host/", "")]
    public void Parse_EscapesQueryAndFragment_GivesThePathAlone(string uri, string path)
    {
        var dsn = GoDsn.Parse(uri);

        Assert.Equal(new GoDsn("leveldb", path), dsn);
    }

    [Theory]
    [InlineData("leveldb://host")]
    [InlineData("leveldb:///a\nb")]
    [InlineData("leveldb:///%FF")]
    [InlineData("leveldb:///a%4")]
    [InlineData("1a:b")]
    public void Parse_Unusable_Throws(string uri) => Assert.Throws<FormatException>(() => GoDsn.Parse(uri));
}
