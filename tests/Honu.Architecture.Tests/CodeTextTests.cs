using System.Text.RegularExpressions;

namespace Honu.Architecture.Tests;

// The rules are only as good as this blanking: a rule that sees too little passes in silence.
public sealed class CodeTextTests
{
    [Theory]
    [InlineData("a // unsafe\nb", "a          \nb")]
    [InlineData("a /* x\ny */ b", "a     \n     b")]
    [InlineData("f(\"// no\") + unsafe", "f(       ) + unsafe")]
    [InlineData("f(\"\\\"\") + unsafe", "f(    ) + unsafe")]
    [InlineData("f(@\"\\\") + unsafe", "f(    ) + unsafe")]
    [InlineData("c = '\"'; unsafe", "c =    ; unsafe")]
    [InlineData("s = \"\"\"a \"b\" c\"\"\"; unsafe", "s =              ; unsafe")]
    public void WithoutCommentsAndLiterals_KeepsOnlyCode(string source, string expected)
    {
        Assert.Equal(expected, CodeText.WithoutCommentsAndLiterals(source));
    }

    [Fact]
    public void Find_MatchInSecondLine_NamesFileAndLine()
    {
        var found = CodeText.Find("a.cs", "x\ny unsafe z", new Regex("unsafe", RegexOptions.None, TimeSpan.FromSeconds(1)));

        Assert.Equal("a.cs:2: unsafe", Assert.Single(found));
    }
}
