using System.Text;
using System.Text.RegularExpressions;

namespace Honu.Architecture.Tests;

/// <summary>C# source seen as text: enough for the rules here, without a compiler in the test project.</summary>
internal static partial class CodeText
{
    /// <summary>The source with comments and the content of literals blanked, line breaks kept.</summary>
    public static string WithoutCommentsAndLiterals(string source)
    {
        var result = new StringBuilder(source.Length);
        var last = 0;
        foreach (Match m in CommentOrLiteral().Matches(source))
        {
            result.Append(source, last, m.Index - last);
            foreach (var c in m.ValueSpan) result.Append(c == '\n' ? '\n' : ' ');
            last = m.Index + m.Length;
        }

        return result.Append(source, last, source.Length - last).ToString();
    }

    /// <summary>Each match of <paramref name="pattern"/> in code as "file:line: text".</summary>
    public static IEnumerable<string> Find(string file, string source, Regex pattern, bool inComments = false)
    {
        var text = inComments ? source : WithoutCommentsAndLiterals(source);
        foreach (Match m in pattern.Matches(text))
            yield return $"{file}:{text.AsSpan(0, m.Index).Count('\n') + 1}: {m.Value.Trim()}";
    }

    // Code inside an interpolation is blanked with its literal: no rule here depends on it. Raw strings come before plain ones.
    [GeneratedRegex(""""
        //[^\n]*
        | /\*.*?\*/
        | \$*(?<q>"{3,}).*?\k<q>(?!")
        | (?:\$@|@\$|@)"(?:[^"]|"")*"
        | \$?"(?:\\.|[^"\\\n])*"
        | '(?:\\[^\n]{1,9}?|[^'\\\n])'
        """", RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex CommentOrLiteral();
}
