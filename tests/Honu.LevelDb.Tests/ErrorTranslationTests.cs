using Honu.LevelDb.Interop;

namespace Honu.LevelDb.Tests;

public sealed class ErrorTranslationTests
{
    [Theory]
    [InlineData("NotFound: x", LevelDbErrorKind.NotFound)]
    [InlineData("Corruption: checksum mismatch", LevelDbErrorKind.Corruption)]
    [InlineData("IO error: /db/000005.log: No space left on device", LevelDbErrorKind.IOError)]
    [InlineData("IO error: lock /db/LOCK: Resource temporarily unavailable", LevelDbErrorKind.Locked)]
    [InlineData("Invalid argument: x", LevelDbErrorKind.InvalidArgument)]
    [InlineData("Not implemented: x", LevelDbErrorKind.NotSupported)]
    [InlineData("Unknown code(9): x", LevelDbErrorKind.Unknown)]
    [InlineData("", LevelDbErrorKind.Unknown)]
    public void ToException_ByPrefix_HasKindPathAndMessage(string message, LevelDbErrorKind kind)
    {
        LevelDbException error = ErrorTranslation.ToException(message, "/db", "Opening the database");

        Assert.Equal(kind, error.Kind);
        Assert.Equal("/db", error.Path);
        Assert.Equal(kind == LevelDbErrorKind.Locked, error is LevelDbLockedException);
        Assert.StartsWith($"Opening the database '/db' failed: {message}", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
    }
}
